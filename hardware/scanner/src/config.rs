//! `[[scanner]]` of the configuration.

use serde::Deserialize;

use crate::signal::{Profile, Signal, Signals};

/// One scanner at a serial port.
///
/// ```toml
/// [[scanner]]
/// path = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"
/// baud = 9600
/// lane = "goods-in"
/// profile = "datalogic"          # generic, bell, datalogic, honeywell, cipherlab
/// feedback = { error = "07 07" } # bytes instead of the profile's
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The port: `/dev/...` or `COMn`. By-path links stay the same when a
    /// scanner is replaced; by-id links do not tell two alike apart.
    pub path: String,
    /// Bits a second; USB scanners (CDC-ACM) take any.
    #[serde(default = "Config::usual_baud")]
    pub baud: u32,
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
            baud: Self::usual_baud(),
            lane: lane.into(),
            profile: Profile::default(),
            feedback: Signals::default(),
        }
    }

    const fn usual_baud() -> u32 {
        9_600
    }

    /// The bytes of a signal, if this device can give it.
    pub(crate) fn bytes(&self, signal: Signal) -> Option<&[u8]> {
        self.feedback.bytes(self.profile, signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(config.bytes(Signal::Good), Some(b"\x07".as_slice()));
        assert_eq!(config.bytes(Signal::NotSaved), Some(b"F".as_slice()));
    }

    #[test]
    fn unknown_keys_and_faulty_bytes_are_refused() {
        let refused = |extra: &str| toml::from_str::<Config>(&format!("path = \"x\"\nlane = \"l\"\n{extra}")).is_err();
        assert!(refused("bauds = 9600"));
        assert!(refused("profile = \"zebra\""));
        assert!(refused("feedback = { good = \"7\" }"));
        assert!(refused("feedback = { nice = \"07\" }"));
    }
}
