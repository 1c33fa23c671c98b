//! Lanes whose till is a program of this machine that only knows a keyboard.

use tidemark_daemon::conditions::registry;
use tidemark_scanner::{DeviceId, KeyboardOutput, Layout, TypeError};

use super::Desk;
use crate::claims::Outcome;

impl Desk {
    /// Types a scan for the till; the signal says whether it was typed, for
    /// what the till makes of it nobody can know.
    pub(super) fn type_out(&mut self, lane: &str, device: &DeviceId, data: &str, layout: Layout) {
        match self.typed_by(lane, data, layout) {
            Ok(()) => self.say_outcome(lane, device, Outcome::Taken),
            Err(error) => {
                // A keyboard that takes nothing is made anew for the next.
                self.keyboards.remove(lane);
                self.say_outcome(lane, device, Outcome::NoTill);
                let (why, now) = (error.to_string(), self.with.clock.millis());
                self.with.conditions.raise_about(registry::TILL_DEAF, lane, why, now);
            }
        }
    }

    fn typed_by(&mut self, lane: &str, data: &str, layout: Layout) -> Result<(), TypeError> {
        if let Some(keyboard) = self.keyboards.get_mut(lane) {
            return keyboard.type_line(data);
        }
        let mut keyboard = KeyboardOutput::open(layout)?;
        let typed = keyboard.type_line(data);
        self.keyboards.insert(lane.to_owned(), keyboard);
        typed
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use tidemark_scanner::Profile;

    use super::super::tests::Shop;
    use super::*;
    use crate::desk::Said;
    use crate::settings::{ModeWord, Role};
    use crate::words::Word;
    use tidemark_scanner::Simulated;

    #[tokio::test]
    async fn a_scan_of_such_a_lane_is_typed_and_nothing_is_written() {
        let device = Simulated::new();
        device.plug();
        let mut shop = Shop::with_scanner(ModeWord::Look, Some((Profile::Datalogic, &device)));
        shop.hear().await;
        let (keys, typed) = sync_channel(1_000);
        let place = shop.desk.lanes.get_mut("counter").unwrap();
        (place.role, place.types) = (Role::Till, Some(Layout::Us));
        let keyboard = KeyboardOutput::over(Layout::Us, move |key, is_down| {
            keys.try_send((key, is_down)).map_err(std::io::Error::other)
        });
        shop.desk.keyboards.insert("counter".to_owned(), keyboard);
        device.send(b"]E096385074\r");
        shop.hear().await;
        // Eight digits and Enter, each down and up.
        assert_eq!(typed.try_iter().count(), 18);
        assert_eq!(shop.desk.lanes["counter"].last_signal, Some(Said::Word(Word::TillHasIt)));
        assert!(!shop.holds(registry::TILL_DEAF));
        assert_eq!(shop.desk.with.journal.tail(), 0);
    }

    #[tokio::test]
    async fn a_keyboard_that_takes_nothing_is_told_and_is_the_error_signal() {
        let device = Simulated::new();
        device.plug();
        let mut shop = Shop::with_scanner(ModeWord::Look, Some((Profile::Datalogic, &device)));
        shop.hear().await;
        let place = shop.desk.lanes.get_mut("counter").unwrap();
        (place.role, place.types) = (Role::Till, Some(Layout::De));
        let broken = KeyboardOutput::over(Layout::De, |_, _| Err(std::io::Error::other("no such device")));
        shop.desk.keyboards.insert("counter".to_owned(), broken);
        device.send(b"96385074\r");
        shop.hear().await;
        assert_eq!(shop.desk.lanes["counter"].last_signal, Some(Said::Word(Word::NoTill)));
        let told = shop.desk.with.conditions.list();
        assert!(told.iter().any(|raised| raised.detail.contains("/dev/uinput")), "{told:?}");
        assert!(shop.desk.keyboards.is_empty(), "it is made anew for the next scan");
    }
}
