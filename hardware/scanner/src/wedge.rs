//! The keyboard wedge: scanners that type. They send the positions of keys,
//! so that what a position means depends on the layout that the scanner is
//! set to ([`layout`]), not on that of the till's desktop. [`typist`] makes
//! bytes of key events; [`keyboard`] is the only place that touches the
//! device, and takes it for itself, so that nothing is typed anywhere else.

#[cfg(target_os = "linux")]
pub(crate) mod keyboard;
pub(crate) mod layout;
pub(crate) mod output;
pub(crate) mod typist;
