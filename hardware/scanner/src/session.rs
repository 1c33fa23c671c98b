//! Opening a device, whatever its kind: from its path to something to read
//! from, something that understands it, and what it can be told.

use crate::config::Config;
use crate::decoder::Decoder;
use crate::event::Unavailable;
use crate::found::{Found, PortPath, UsbIds, why_missing};
use crate::hid::descriptor::Descriptor;
use crate::hid::layout::Layout;
use crate::hid::telling;
use crate::kind::Kind;
use crate::link::{Link, forget_what_waits};
use crate::plugged::{Plugged, at_file};
use crate::port::Port;
use crate::profile::Profile;
use crate::replay::Replay;
use crate::simulated::Simulated;
use crate::voice::Voice;

/// An open device.
pub(crate) struct Session {
    pub(crate) link: Box<dyn Link>,
    pub(crate) voice: Voice,
    pub(crate) kind: Kind,
    pub(crate) usb: Option<UsbIds>,
    /// How HID reports are described.
    pub(crate) descriptor: Vec<u8>,
    /// It sent what it had kept while nobody listened.
    pub(crate) forgot: bool,
}

/// Opens what is configured, and makes the decoder one for its kind.
pub(crate) fn open(config: &Config, plugged: &Plugged, decoder: &mut Decoder) -> Result<Session, Unavailable> {
    let found = if config.is_by_port() && config.kind != Some(Kind::Replay) {
        let seen = plugged.at(&config.path, config.kind).map_err(|why| explained(config, why))?;
        Some(now_at(config, &seen).ok_or(Unavailable::Missing)?)
    } else {
        at_file(&config.path)
    };
    let kind = config.known_kind().or_else(|| found.as_ref()?.kind).unwrap_or(Kind::Serial);
    let node = found.as_ref().and_then(|found| found.node.as_ref()?.to_str()).unwrap_or(&config.path).to_owned();
    // A configured file is opened by its own name: a link may move.
    let path = if config.is_by_port() { node } else { config.path.clone() };
    let usb = found.and_then(|found: Found| found.usb);
    let session = match kind {
        Kind::Serial | Kind::Simulated => open_serial(config, &path, usb, decoder),
        Kind::HidPos => open_hid(config, &path, usb, decoder),
        Kind::Keyboard => open_keyboard(config, &path, usb, decoder),
        Kind::Replay => Replay::open(&config.path, decoder).map(|link| Session {
            link: Box::new(link),
            voice: Voice::default(),
            kind,
            usb: None,
            descriptor: Vec::new(),
            forgot: false,
        }),
    }?;
    // The same again, for the time between.
    if config.is_by_port() && kind != Kind::Replay && !is_at(at_file(&path).as_ref(), &config.path) {
        return Err(Unavailable::Missing);
    }
    Ok(session)
}

/// What was seen, as it is now: names of files are given anew as soon as they
/// are free, and this one may belong to another port already.
fn now_at(config: &Config, seen: &Found) -> Option<Found> {
    at_file(seen.node.as_ref()?.to_str()?).filter(|found| is_at(Some(found), &config.path))
}

/// Whether a file belongs to what is plugged in at a port.
fn is_at(found: Option<&Found>, port: &str) -> bool {
    let port = PortPath::parse(port);
    port.is_some() && found.and_then(|found| found.port.clone()) == port
}

/// A port may look empty because another program took what is there.
fn explained(config: &Config, why: Unavailable) -> Unavailable {
    match PortPath::parse(&config.path).filter(|_| why == Unavailable::Missing) {
        Some(port) => why_missing(&port),
        None => why,
    }
}

/// Opens a device that a program makes up.
pub(crate) fn open_simulated(
    config: &Config,
    device: &Simulated,
    decoder: &mut Decoder,
) -> Result<Session, Unavailable> {
    let link = device.open()?;
    become_serial(config, decoder);
    let voice = serial_voice(config, None);
    Ok(Session { link: Box::new(link), voice, kind: Kind::Simulated, usb: None, descriptor: Vec::new(), forgot: false })
}

/// What a device can be told as far as it is known before it is there.
pub(crate) fn expected_voice(config: &Config) -> Voice {
    let kind = config.known_kind().unwrap_or(Kind::Serial);
    Voice::of(&config.feedback, config.profile.of(None).dialect(kind))
}

fn serial_voice(config: &Config, usb: Option<&UsbIds>) -> Voice {
    Voice::of(&config.feedback, profile(config, usb).dialect(Kind::Serial))
}

/// Plain bytes, unless the scanner is set to packets of its maker's.
fn become_serial(config: &Config, decoder: &mut Decoder) {
    if config.profile == Profile::ZebraSsi {
        decoder.become_ssi();
    } else {
        decoder.become_serial();
    }
}

fn profile(config: &Config, usb: Option<&UsbIds>) -> Profile {
    config.profile.of(usb.and_then(UsbIds::model))
}

fn open_serial(
    config: &Config,
    path: &str,
    usb: Option<UsbIds>,
    decoder: &mut Decoder,
) -> Result<Session, Unavailable> {
    let mut link = Port::open(path, config.baud)?;
    let forgot = forget_what_waits(&mut link, Kind::Serial);
    become_serial(config, decoder);
    let voice = serial_voice(config, usb.as_ref());
    Ok(Session { link: Box::new(link), voice, kind: Kind::Serial, usb, descriptor: Vec::new(), forgot })
}

#[cfg(any(target_os = "linux", windows))]
fn open_hid(config: &Config, path: &str, usb: Option<UsbIds>, decoder: &mut Decoder) -> Result<Session, Unavailable> {
    let (mut link, descriptor) = crate::hid::raw::RawHid::open(path)?;
    let forgot = forget_what_waits(&mut link, Kind::HidPos);
    Ok(Session { forgot, ..hid_session(config, Box::new(link), descriptor, usb, decoder) })
}

#[cfg(not(any(target_os = "linux", windows)))]
fn open_hid(_: &Config, _: &str, _: Option<UsbIds>, _: &mut Decoder) -> Result<Session, Unavailable> {
    Err(Unavailable::Failed("HID POS is not read on this system: set the scanner to a serial port".to_owned()))
}

/// What a device that is open says of itself decides how it is read and told.
pub(crate) fn hid_session(
    config: &Config,
    link: Box<dyn Link>,
    descriptor: Vec<u8>,
    usb: Option<UsbIds>,
    decoder: &mut Decoder,
) -> Session {
    let described = Descriptor::parse(&descriptor).ok();
    decoder.become_hid(Layout::of(described.as_ref()));
    let voice = match (profile(config, usb.as_ref()).dialect(Kind::HidPos), &described) {
        (Some(dialect), _) => Voice::of(&config.feedback, Some(dialect)),
        // Whoever says generic wants nothing sent that is not configured.
        (None, Some(described)) if config.profile != Profile::Generic => {
            telling::described(&config.feedback, described)
        }
        (None, _) => Voice::of(&config.feedback, None),
    };
    Session { link, voice, kind: Kind::HidPos, usb, descriptor, forgot: false }
}

#[cfg(target_os = "linux")]
fn open_keyboard(
    config: &Config,
    path: &str,
    usb: Option<UsbIds>,
    decoder: &mut Decoder,
) -> Result<Session, Unavailable> {
    let mut link = crate::wedge::keyboard::Keyboard::open(path)?;
    let forgot = forget_what_waits(&mut link, Kind::Keyboard);
    decoder.become_keyboard(config.layout);
    let (voice, descriptor) = (Voice::default(), Vec::new());
    Ok(Session { link: Box::new(link), voice, kind: Kind::Keyboard, usb, descriptor, forgot })
}

#[cfg(not(target_os = "linux"))]
fn open_keyboard(_: &Config, _: &str, _: Option<UsbIds>, _: &mut Decoder) -> Result<Session, Unavailable> {
    let words =
        "a scanner that types cannot be heard by a service on this system: set it to USB HID POS or a serial port";
    Err(Unavailable::Failed(words.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framer::Framer;
    use crate::hid::descriptor::tests::SCANNER;
    use crate::link::Heard;
    use crate::signal::Signal;
    use crate::voice::{Command, Reading};

    struct Nobody;

    impl Link for Nobody {
        fn read(&mut self, _: &mut [u8], _: u64) -> Heard {
            Heard::Quiet
        }

        fn write(&mut self, _: &Command) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn hid(profile: Profile, vendor_id: u16, descriptor: &[u8]) -> Voice {
        let config = Config { profile, ..Config::new("/dev/hidraw0", "l") };
        let usb = Some(UsbIds { vendor_id, product_id: 0x0001, serial: None, product: None });
        let mut decoder = Decoder::Serial(Framer::new());
        hid_session(&config, Box::new(Nobody), descriptor.to_vec(), usb, &mut decoder).voice
    }

    #[test]
    fn a_makers_own_reports_come_before_what_the_device_describes() {
        let honeywell = hid(Profile::Auto, 0x0c2e, SCANNER);
        assert_eq!(honeywell.signal(Signal::Good), Some(&Command::Bytes(b"\xfd\x03\x16\x07\x0d".to_vec())));
        assert_eq!(honeywell.hello(), Some(&Command::Feature(vec![0xfe, 1])));
        let unknown = hid(Profile::Auto, 0x1234, SCANNER);
        assert_eq!(unknown.signal(Signal::Good), Some(&Command::Bytes(vec![4, 0b100])));
        assert_eq!((unknown.hello(), unknown.switch(Reading::Off)), (None, Some(&Command::Bytes(vec![4, 1]))));
    }

    #[test]
    fn a_device_that_is_generic_or_describes_itself_badly_is_told_nothing() {
        assert_eq!(hid(Profile::Generic, 0x1234, SCANNER), Voice::default());
        assert_eq!(hid(Profile::Auto, 0x1234, &[0xff, 0x00]), Voice::default());
        assert_eq!(hid(Profile::Auto, 0x1234, &[]), Voice::default());
    }

    #[test]
    fn reports_of_a_device_come_out_as_scans_whatever_is_wrong_with_its_description() {
        let mut report = b"\x02\x0d]E04006381333931".to_vec();
        report.resize(64, 0);
        for descriptor in [SCANNER, &[], &[0xff, 0x00], &SCANNER[..40]] {
            let mut decoder = Decoder::Serial(Framer::new());
            let config = Config::new("/dev/hidraw0", "l");
            hid_session(&config, Box::new(Nobody), descriptor.to_vec(), None, &mut decoder);
            decoder.handle(&report, 0);
            assert_eq!(decoder.poll_frame(), Some(b"]E04006381333931".to_vec()), "{} bytes", descriptor.len());
        }
    }

    #[test]
    fn a_file_whose_name_went_to_another_port_is_not_taken_for_this_one() {
        let at = |port: &str| Found { node: None, kind: Some(Kind::Serial), port: PortPath::parse(port), usb: None };
        assert!(is_at(Some(&at("pci-0000:00:14.0-usb-0:2:1.0")), "pci-0000:00:14.0-usb-0:2"));
        assert!(!is_at(Some(&at("pci-0000:00:14.0-usb-0:3:1.0")), "pci-0000:00:14.0-usb-0:2"));
        assert!(!is_at(Some(&at("no port")), "pci-0000:00:14.0-usb-0:2"));
        assert!(!is_at(None, "pci-0000:00:14.0-usb-0:2") && !is_at(Some(&at("no port")), "no port"));
    }

    #[test]
    fn before_anything_is_plugged_in_what_is_configured_is_known() {
        let serial = |profile| expected_voice(&Config { profile, ..Config::new("/dev/ttyS0", "l") });
        assert!(serial(Profile::Datalogic).signal(Signal::Good).is_some());
        assert_eq!(serial(Profile::Auto), Voice::default());
    }
}
