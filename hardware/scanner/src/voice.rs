//! What is written to one device for each signal: the configuration's bytes,
//! else what its vendor's manual says, else those of the signal that says
//! most of the same.

use std::collections::BTreeMap;

use crate::profile::Dialect;
use crate::signal::{Signal, Signals};

/// One thing to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Bytes of a serial port; of a HID device an output report with its id.
    Bytes(Vec<u8>),
    /// A feature report of a HID device, with its id.
    Feature(Vec<u8>),
}

/// Scanners that can be are switched off while the disk takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    On,
    Off,
}

/// All that a device can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Voice {
    signals: BTreeMap<Signal, Command>,
    on: Option<Command>,
    off: Option<Command>,
    /// What must come first.
    hello: Option<Command>,
}

impl Voice {
    /// Of what is configured and what the manual says.
    pub(crate) fn of(configured: &Signals, dialect: Option<&Dialect>) -> Self {
        let voice = Self::made(configured, |signal| dialect?.bytes(signal).map(|bytes| Command::Bytes(bytes.to_vec())));
        let given = |bytes: &[u8]| (!bytes.is_empty()).then(|| bytes.to_vec());
        Self {
            on: dialect.and_then(|row| given(row.on)).map(Command::Bytes),
            off: dialect.and_then(|row| given(row.off)).map(Command::Bytes),
            hello: dialect.and_then(|row| given(row.hello)).map(Command::Feature),
            ..voice
        }
    }

    /// Of what is configured and what the device says that it can.
    pub(crate) fn made(configured: &Signals, device: impl Fn(Signal) -> Option<Command>) -> Self {
        let own = |signal| {
            let bytes = configured.given(signal).map(|bytes| Command::Bytes(bytes.to_vec()));
            bytes.or_else(|| device(signal))
        };
        let command = |signal| own(signal).or_else(|| own(stand_in(signal)?));
        let signals = Signal::ALL.into_iter().filter_map(|signal| Some((signal, command(signal)?))).collect();
        Self { signals, ..Self::default() }
    }

    /// The same device, which can be switched.
    pub(crate) fn with_switch(self, off: Command, on: Command) -> Self {
        Self { on: Some(on), off: Some(off), ..self }
    }

    pub(crate) fn signal(&self, signal: Signal) -> Option<&Command> {
        self.signals.get(&signal)
    }

    pub(crate) const fn switch(&self, reading: Reading) -> Option<&Command> {
        match reading {
            Reading::On => self.on.as_ref(),
            Reading::Off => self.off.as_ref(),
        }
    }

    pub(crate) const fn hello(&self) -> Option<&Command> {
        self.hello.as_ref()
    }

    /// One bit a signal, for a number that threads share.
    pub(crate) fn abilities(&self) -> u16 {
        self.signals.keys().fold(0, |bits, signal| bits | signal.bit()) | if self.off.is_some() { SWITCH } else { 0 }
    }
}

/// The bit of being switched off and on, beside those of the signals.
pub(crate) const SWITCH: u16 = 1 << 15;

/// What is on disk must be heard as such, else it is scanned again; what is
/// not must never be, and so an item that was only looked at is not.
const fn stand_in(signal: Signal) -> Option<Signal> {
    match signal {
        Signal::NotOnFile | Signal::Tick | Signal::TwoDown => Some(Signal::Good),
        Signal::NotSaved => Some(Signal::Error),
        Signal::Good | Signal::Looked | Signal::End | Signal::Error => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::profile::Profile;
    use crate::signal::SignalBytes;

    fn bytes(voice: &Voice, signal: Signal) -> Option<&[u8]> {
        match voice.signal(signal)? {
            Command::Bytes(bytes) | Command::Feature(bytes) => Some(bytes),
        }
    }

    fn serial(profile: Profile) -> Voice {
        Voice::of(&Signals::default(), profile.dialect(Kind::Serial))
    }

    #[test]
    fn what_is_saved_is_heard_as_good_and_what_is_not_never() {
        let honeywell = serial(Profile::Honeywell);
        assert_eq!(bytes(&honeywell, Signal::Good), Some(b"\x16\x07\x0d".as_slice()));
        assert_eq!(bytes(&honeywell, Signal::NotOnFile), bytes(&honeywell, Signal::Good));
        assert_eq!(bytes(&honeywell, Signal::Tick), bytes(&honeywell, Signal::Good), "a command is on disk");
        assert_eq!(bytes(&honeywell, Signal::Error), None);
        assert_eq!(bytes(&honeywell, Signal::NotSaved), None);
        for profile in [Profile::Bell, Profile::Datalogic, Profile::Honeywell, Profile::Cipherlab] {
            assert_eq!(bytes(&serial(profile), Signal::Looked), None);
        }
        assert_eq!(bytes(&serial(Profile::Datalogic), Signal::NotSaved), Some(b"FFE".as_slice()));
    }

    #[test]
    fn a_generic_device_is_sent_nothing_but_what_is_configured() {
        let generic = serial(Profile::Generic);
        assert_eq!(generic, Voice::default());
        assert_eq!(generic.abilities(), 0);
        let signals = Signals { good: SignalBytes::try_from("42".to_owned()).ok(), ..Signals::default() };
        let told = Voice::of(&signals, None);
        assert_eq!(bytes(&told, Signal::Good), Some(b"B".as_slice()));
        assert_eq!(bytes(&told, Signal::Error), None);
        assert_eq!(told.abilities() & Signal::Good.bit(), Signal::Good.bit());
    }

    #[test]
    fn a_device_that_can_be_switched_off_says_so() {
        let datalogic = serial(Profile::Datalogic);
        assert_eq!(datalogic.abilities() & SWITCH, SWITCH);
        assert_eq!(datalogic.switch(Reading::Off), Some(&Command::Bytes(b"D".to_vec())));
        assert_eq!(datalogic.switch(Reading::On), Some(&Command::Bytes(b"E".to_vec())));
        assert_eq!(serial(Profile::Honeywell).abilities() & SWITCH, 0);
    }
}
