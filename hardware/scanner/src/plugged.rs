//! What is plugged in, as the watcher last saw it. Nobody waits for it.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use crate::event::Unavailable;
use crate::found::{Found, PortPath};
use crate::kind::Kind;

/// What the watcher tells: nothing before its first look.
pub(crate) type Seen = Option<Arc<[Found]>>;

/// One reader of what is plugged in.
#[derive(Clone, Debug)]
pub(crate) struct Plugged {
    seen: watch::Receiver<Seen>,
}

impl Plugged {
    pub(crate) const fn new(seen: watch::Receiver<Seen>) -> Self {
        Self { seen }
    }

    /// Whether there was a first look.
    pub(crate) fn is_known(&self) -> bool {
        self.seen.borrow().is_some()
    }

    /// Whether something came or went since this was asked last.
    pub(crate) fn has_changed(&mut self) -> bool {
        let changed = self.seen.has_changed().unwrap_or(false);
        if changed {
            self.seen.mark_unchanged();
        }
        changed
    }

    /// All of it.
    pub(crate) fn all(&self) -> Vec<Found> {
        self.seen.borrow().as_ref().map(|found| found.to_vec()).unwrap_or_default()
    }

    /// The best way into what is plugged in at a port: a keyboard only if
    /// there is nothing else, for scanners often come with one beside.
    pub(crate) fn at(&self, path: &str, kind: Option<Kind>) -> Result<Found, Unavailable> {
        let unknown = || Unavailable::Failed(format!("{path:?} is no USB port: `devices` lists them"));
        let port = PortPath::parse(path).ok_or_else(unknown)?;
        let seen = self.seen.borrow();
        let there = || seen.iter().flat_map(|found| found.iter()).filter(|found| found.port.as_ref() == Some(&port));
        let fits = |found: &&Found| found.node.is_some() && (kind.is_none() || found.kind == kind);
        match there().filter(fits).max_by_key(|found| found.kind) {
            Some(found) => Ok(found.clone()),
            None => Err(there().find_map(Found::advice).map_or(Unavailable::Missing, |advice| {
                Unavailable::Failed(format!("what is plugged in there has no way in as it is set up: {advice}"))
            })),
        }
    }
}

/// What the system knows of a file that is configured.
pub(crate) fn at_file(path: &str) -> Option<Found> {
    crate::found::find_node(Path::new(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::found::UsbIds;

    fn found(node: Option<&str>, kind: Option<Kind>, port: &str) -> Found {
        let usb = UsbIds { vendor_id: 0x05e0, product_id: 0x1900, serial: None, product: None };
        Found { node: node.map(Into::into), kind, port: PortPath::parse(port), usb: Some(usb) }
    }

    #[test]
    fn of_several_ways_in_the_best_is_taken() {
        let keyboard = found(Some("/dev/input/event3"), Some(Kind::Keyboard), "usb-0:1");
        let pos = found(Some("/dev/hidraw0"), Some(Kind::HidPos), "usb-0:1");
        let other = found(Some("/dev/ttyACM0"), Some(Kind::Serial), "usb-0:2");
        let silent = found(None, None, "usb-0:3");
        let (tell, seen) = watch::channel(None);
        let mut plugged = Plugged::new(seen);
        assert!(!plugged.is_known());
        tell.send_replace(Some([pos.clone(), keyboard.clone(), other.clone(), silent].into()));
        assert!(plugged.is_known() && plugged.has_changed() && !plugged.has_changed());
        assert_eq!(plugged.at("usb-0:1", None), Ok(pos));
        assert_eq!(plugged.at("usb-0:1", Some(Kind::Keyboard)), Ok(keyboard));
        assert_eq!(plugged.at("usb-0:2:1.0", None), Ok(other));
        assert_eq!(plugged.at("usb-0:9", None), Err(Unavailable::Missing));
        assert!(matches!(plugged.at("usb-0:3", None), Err(Unavailable::Failed(why)) if why.contains("USB HID POS")));
        assert!(matches!(plugged.at("usb-x", None), Err(Unavailable::Failed(_))));
    }
}
