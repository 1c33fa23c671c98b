//! A laboratory: the box with real kernel drivers, and no scanner at hand.
//!
//! QEMU runs Debian's kernel by software emulation. In the guest the kernel's
//! virtual USB ports (USB/IP, `vhci_hcd`) are fed by devices of our own, each
//! with its descriptors, so that the drivers `usbhid`, `hidraw`, `cdc_acm`,
//! `ftdi_sio` and `evdev`, udev with its rules and those of the package, and
//! the box as its own user do what they do in a shop. Then scanners are
//! plugged in and pulled out, and after each scan the box is asked whether
//! what was signalled good is a movement, once.
//!
//! | file | what it is |
//! |---|---|
//! | [`usbip`], [`usb`] | the protocol of the ports, and of every device |
//! | [`model`] | the kinds of scanners: what they say, send and hear |
//! | [`device`], [`scanner`], [`bus`] | one that answers, one that is held in the hand, where it is plugged in |
//! | [`guest`] | what runs in the guest: the box, and the cells of the table |
//! | [`host`] | what runs outside: the guest's files, the machine, the table |
//! | [`report`] | what one tells the other |

#![cfg(target_os = "linux")]

pub mod bus;
pub mod device;
pub mod guest;
pub mod host;
pub mod model;
pub mod pause;
pub mod report;
pub mod scanner;
pub mod usb;
pub mod usbip;

/// Why something could not be done.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;
