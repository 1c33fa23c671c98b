//! `[[scanner]]` of the configuration.

use std::path::PathBuf;

use serde::Deserialize;

use crate::kind::Kind;
use crate::profile::Profile;
use crate::signal::Signals;
use crate::wedge::layout::Layout;

/// One scanner.
///
/// ```toml
/// [[scanner]]
/// path = "pci-0000:00:14.0-usb-0:2"  # whatever scanner is at this USB port
/// lane = "checkout"
///
/// [[scanner]]
/// path = "/dev/ttyS0"
/// baud = 9600
/// lane = "goods-in"
/// profile = "datalogic"              # auto, generic, bell, datalogic, honeywell, cipherlab, zebra_ssi
/// feedback = { error = "07 07" }     # bytes instead of the profile's
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The USB port it is plugged into, as udev spells it, or a file:
    /// `/dev/...` or `COMn`. By-path links stay the same when a scanner is
    /// replaced; by-id links do not tell two alike apart.
    pub path: String,
    /// How it hands its scans over; else as the path says, or what is found
    /// there: HID POS before serial before keyboard. `replay` plays a recording.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// Bits a second; USB scanners (CDC-ACM) take any.
    #[serde(default = "Config::usual_baud")]
    pub baud: u32,
    /// The keyboard layout that a scanner which types is set to.
    #[serde(default)]
    pub layout: Layout,
    /// A file to record in what it sends, for the makers of this program: the
    /// codes of items as they came, of all else only the shape.
    #[serde(default)]
    pub record: Option<PathBuf>,
    /// The lane its scans belong to.
    pub lane: String,
    /// Which bytes it understands.
    #[serde(default)]
    pub profile: Profile,
    /// Bytes for single signals.
    #[serde(default)]
    pub feedback: Signals,
}

impl Config {
    /// A scanner of which only the port is known.
    #[must_use]
    pub fn new(path: impl Into<String>, lane: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            kind: None,
            layout: Layout::default(),
            record: None,
            baud: Self::usual_baud(),
            lane: lane.into(),
            profile: Profile::default(),
            feedback: Signals::default(),
        }
    }

    const fn usual_baud() -> u32 {
        9_600
    }

    /// How it hands its scans over, if that is known before it is found.
    pub(crate) fn known_kind(&self) -> Option<Kind> {
        self.kind.or_else(|| Kind::of_path(&self.path))
    }

    /// Whether what counts is a USB port, whatever is plugged in there.
    pub(crate) fn is_by_port(&self) -> bool {
        Kind::of_path(&self.path).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Signal;
    use crate::voice::{Command, Voice};

    #[test]
    fn a_path_and_a_lane_are_enough() {
        let config: Config = toml::from_str("path = \"/dev/ttyACM0\"\nlane = \"goods-in\"").unwrap();
        assert_eq!(config, Config::new("/dev/ttyACM0", "goods-in"));
    }

    #[test]
    fn feedback_is_given_as_bytes() {
        let text = "path = \"COM3\"\nlane = \"l\"\nbaud = 115200\nprofile = \"bell\"\nfeedback = { error = \"46\" }";
        let config: Config = toml::from_str(text).unwrap();
        assert_eq!(config.baud, 115_200);
        let voice = Voice::of(&config.feedback, config.profile.dialect(Kind::Serial));
        assert_eq!(voice.signal(Signal::Good), Some(&Command::Bytes(vec![7])));
        assert_eq!(voice.signal(Signal::NotSaved), Some(&Command::Bytes(b"F".to_vec())));
    }

    #[test]
    fn a_usb_port_needs_no_kind_and_a_file_has_one() {
        assert!(Config::new("pci-0000:00:14.0-usb-0:2", "l").is_by_port());
        let text = "path = \"/dev/input/event3\"\nlane = \"l\"\nlayout = \"de\"";
        let config: Config = toml::from_str(text).unwrap();
        assert_eq!((config.known_kind(), config.layout), (Some(Kind::Keyboard), Layout::De));
        let replay: Config = toml::from_str("path = \"a.capture\"\nkind = \"replay\"\nlane = \"l\"").unwrap();
        assert_eq!(replay.known_kind(), Some(Kind::Replay));
    }

    #[test]
    fn unknown_keys_and_faulty_bytes_are_refused() {
        let refused = |extra: &str| toml::from_str::<Config>(&format!("path = \"x\"\nlane = \"l\"\n{extra}")).is_err();
        assert!(refused("bauds = 9600"));
        assert!(refused("profile = \"zebra\""));
        assert!(refused("kind = \"simulated\""));
        assert!(refused("layout = \"dvorak\""));
        assert!(refused("feedback = { good = \"7\" }"));
        assert!(refused("feedback = { nice = \"07\" }"));
    }
}
