//! Typing for a till that runs on the box itself and only knows keyboards:
//! what was read is typed again, on a keyboard that the kernel makes
//! (`uinput`). The scanner itself stays the box's alone.

use std::fmt;
use std::io;

use super::layout::Layout;
use super::typist::{Change, ENTER, F8, KeyEvent, LEFT_SHIFT, RIGHT_ALT, SPACE};

/// Where key events go: the key, and whether it goes down.
type Emit = Box<dyn FnMut(u16, bool) -> io::Result<()> + Send + Sync>;

/// Why a line was not typed.
#[derive(Debug, thiserror::Error)]
pub enum TypeError {
    /// No key of the layout gives it.
    #[error("the keyboard layout `{layout}` has no key for {character:?}: set `types` to the till's layout")]
    Character {
        /// What was to be typed.
        character: char,
        /// By which layout.
        layout: Layout,
    },
    /// The system did not take it.
    #[error("the keyboard for the till takes no keys ({0}): see that /dev/uinput is there and may be written")]
    Refused(#[from] io::Error),
}

/// A keyboard that types for a till.
pub struct KeyboardOutput {
    layout: Layout,
    emit: Emit,
}

impl fmt::Debug for KeyboardOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyboardOutput").field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl KeyboardOutput {
    /// A keyboard of this machine, for a till that is set to a layout.
    #[cfg(target_os = "linux")]
    pub fn open(layout: Layout) -> io::Result<Self> {
        let mut keyboard = super::keyboard::Made::new()?;
        Ok(Self::over(layout, move |key, is_down| keyboard.emit(key, is_down)))
    }

    /// There is none here.
    #[cfg(not(target_os = "linux"))]
    pub fn open(_layout: Layout) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "only Linux lets a program make a keyboard"))
    }

    /// One whose keys a program takes itself.
    pub fn over(layout: Layout, emit: impl FnMut(u16, bool) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { layout, emit: Box::new(emit) }
    }

    /// Types a line and Enter; nothing of it if it has a character that can't
    /// be typed.
    pub fn type_line(&mut self, line: &str) -> Result<(), TypeError> {
        let keys =
            keys_of(line, self.layout).map_err(|character| TypeError::Character { character, layout: self.layout })?;
        for key in keys {
            (self.emit)(key.code, key.change == Change::Down)?;
        }
        Ok(())
    }
}

/// The keys that type a line and Enter, or the character that no key gives.
pub(crate) fn keys_of(line: &str, layout: Layout) -> Result<Vec<KeyEvent>, char> {
    let mut keys = Vec::new();
    for character in line.chars() {
        match character {
            ' ' => press(&mut keys, SPACE),
            // As scanners type it that are set to.
            '\u{1d}' => press(&mut keys, F8),
            _ => {
                let (code, shift, alt_gr) = layout.stroke(character).ok_or(character)?;
                let held = [(shift, LEFT_SHIFT), (alt_gr, RIGHT_ALT)];
                let held = || held.into_iter().filter(|(is_held, _)| *is_held).map(|(_, code)| code);
                keys.extend(held().map(|code| KeyEvent { code, change: Change::Down }));
                press(&mut keys, code);
                keys.extend(held().map(|code| KeyEvent { code, change: Change::Up }));
                if layout.is_dead(character) {
                    // A blank gives the accent alone.
                    press(&mut keys, SPACE);
                }
            }
        }
    }
    press(&mut keys, ENTER);
    Ok(keys)
}

fn press(keys: &mut Vec<KeyEvent>, code: u16) {
    keys.extend([Change::Down, Change::Up].map(|change| KeyEvent { code, change }));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use proptest::prelude::*;

    use super::*;
    use crate::wedge::typist::Typist;

    /// What a program that knows the layout reads.
    fn read(keys: &[KeyEvent], layout: Layout) -> String {
        let mut typist = Typist::new(layout);
        for key in keys {
            typist.handle_events(&key.to_bytes(), 0);
        }
        String::from_utf8(typist.poll_frame().unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_typed_is_read_again_by_every_layout(text in "[0-9A-Za-z\\]\\-.$/+%:?=&_()#@ \u{1d}]{1,60}") {
            // What says nothing is no scan.
            prop_assume!(!text.starts_with(' ') && text.chars().any(|character| character.is_ascii_graphic()));
            for layout in Layout::ALL {
                prop_assert_eq!(read(&keys_of(&text, layout).unwrap(), layout), text.clone(), "{}", layout);
            }
        }
    }

    #[test]
    fn a_line_that_can_not_be_typed_whole_is_not_typed_at_all() {
        let (keys, typed) = sync_channel(1_000);
        let mut keyboard = KeyboardOutput::over(Layout::Us, move |key, is_down| {
            keys.try_send((key, is_down)).map_err(io::Error::other)
        });
        let error = keyboard.type_line("12ß").unwrap_err();
        assert!(matches!(error, TypeError::Character { character: 'ß', .. }), "{error}");
        assert!(typed.try_recv().is_err());
        keyboard.type_line("12").unwrap();
        let typed: Vec<(u16, bool)> = typed.try_iter().collect();
        assert_eq!(typed, [(2, true), (2, false), (3, true), (3, false), (ENTER, true), (ENTER, false)]);
    }

    #[test]
    fn a_keyboard_that_takes_nothing_says_so() {
        let mut keyboard = KeyboardOutput::over(Layout::De, |_, _| Err(io::Error::other("no such device")));
        assert!(keyboard.type_line("1").unwrap_err().to_string().contains("/dev/uinput"));
    }
}
