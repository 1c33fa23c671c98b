//! Key events to bytes, and bytes to scans by the same [`Framer`] as those of
//! serial ports: a gap or Enter ends one.

use std::collections::{BTreeMap, VecDeque};

use super::layout::Layout;
use crate::event::Notice;
use crate::framer::{Dropped, Framer};
use crate::limits::{FRAME_BYTES, KEY_EVENT_BYTES, STUCK_KEY};

/// Numbers of keys (the kernel's input event codes).
const BACKSPACE: u16 = 14;
const TAB: u16 = 15;
pub(crate) const ENTER: u16 = 28;
const LEFT_CTRL: u16 = 29;
pub(crate) const LEFT_SHIFT: u16 = 42;
const RIGHT_SHIFT: u16 = 54;
const LEFT_ALT: u16 = 56;
pub(crate) const SPACE: u16 = 57;
const CAPS_LOCK: u16 = 58;
pub(crate) const F8: u16 = 66;
const KEYPAD_ENTER: u16 = 96;
const RIGHT_CTRL: u16 = 97;
pub(crate) const RIGHT_ALT: u16 = 100;
/// Not a key: the kernel had no room for some events.
pub(crate) const EVENTS_LOST: u16 = u16::MAX;

/// GS, which stands between the elements of a GS1 code.
const GROUP_SEPARATOR: u8 = 0x1d;

/// A key that went down or up; repeats come while it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyEvent {
    pub(crate) code: u16,
    pub(crate) change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Up,
    Down,
    Repeat,
}

impl KeyEvent {
    /// As it is kept in captures.
    pub(crate) const fn to_bytes(self) -> [u8; KEY_EVENT_BYTES] {
        let [high, low] = self.code.to_be_bytes();
        let change = match self.change {
            Change::Up => 0,
            Change::Down => 1,
            Change::Repeat => 2,
        };
        [high, low, change]
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let [high, low, change] = bytes else { return None };
        let change = match change {
            0 => Change::Up,
            1 => Change::Down,
            2 => Change::Repeat,
            _ => return None,
        };
        Some(Self { code: u16::from_be_bytes([*high, *low]), change })
    }
}

/// A key with what was held beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stroke {
    code: u16,
    shift: bool,
    alt_gr: bool,
    ctrl: bool,
}

/// Understands one scanner that types. No clock, no IO.
#[derive(Debug)]
pub(crate) struct Typist {
    layout: Layout,
    framer: Framer,
    /// Keys that are down, and since when.
    held: BTreeMap<u16, u64>,
    caps: bool,
    /// An accent that waits for its letter.
    accent: Option<char>,
    /// Digits of the keypad typed while Alt is held: the number of a character.
    number: Option<Number>,
    /// What was typed since the last scan, to read it by other layouts.
    strokes: Vec<Stroke>,
    frames: VecDeque<Vec<u8>>,
    notices: VecDeque<Notice>,
    /// What was noticed already.
    noticed: Option<Notice>,
    stuck: Option<u16>,
    lost: u64,
}

#[derive(Clone, Copy, Debug)]
struct Number {
    value: u32,
    digits: u32,
    /// It begins with 0: by the Windows table, not the old one.
    windows: bool,
}

impl Typist {
    pub(crate) fn new(layout: Layout) -> Self {
        Self {
            layout,
            framer: Framer::typed(),
            held: BTreeMap::new(),
            caps: false,
            accent: None,
            number: None,
            strokes: Vec::new(),
            frames: VecDeque::new(),
            notices: VecDeque::new(),
            noticed: None,
            stuck: None,
            lost: 0,
        }
    }

    /// Takes events as they are kept in captures.
    pub(crate) fn handle_events(&mut self, bytes: &[u8], now: u64) {
        self.handle_timeout(now);
        for event in bytes.chunks(KEY_EVENT_BYTES).filter_map(KeyEvent::of_bytes) {
            self.take(event, now);
        }
    }

    /// Ends what has waited long enough for its suffix.
    pub(crate) fn handle_timeout(&mut self, now: u64) {
        self.framer.handle_timeout(now);
        self.collect();
    }

    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        self.framer.poll_timeout()
    }

    pub(crate) fn poll_frame(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front()
    }

    pub(crate) fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// The device is gone: what it had begun is no scan, no key is held.
    pub(crate) fn handle_close(&mut self) {
        self.framer.handle_close();
        self.held.clear();
        self.strokes.clear();
        (self.caps, self.accent, self.number, self.stuck) = (false, None, None, None);
    }

    pub(crate) const fn dropped(&self) -> Dropped {
        let dropped = self.framer.dropped();
        Dropped { incomplete: dropped.incomplete + self.lost, ..dropped }
    }

    fn take(&mut self, event: KeyEvent, now: u64) {
        if event.code == EVENTS_LOST {
            // Some keys of it are missing: no scan.
            self.handle_close();
            self.lost += 1;
            return;
        }
        match event.change {
            Change::Down => {
                self.held.insert(event.code, now);
                self.press(event.code, now);
            }
            Change::Up => {
                self.held.remove(&event.code);
                self.stuck = self.stuck.filter(|code| *code != event.code);
                if event.code == LEFT_ALT {
                    self.end_number(now);
                }
            }
            // A scanner lets go of its keys: whoever holds one types nothing.
            Change::Repeat => self.note_held(event.code, now),
        }
    }

    /// A key that stays down for a second is stuck; told once.
    fn note_held(&mut self, code: u16, now: u64) {
        let since = *self.held.entry(code).or_insert(now);
        if now.saturating_sub(since) >= STUCK_KEY && self.stuck.is_none() && !is_modifier(code) {
            self.stuck = Some(code);
            self.framer.handle_close();
            self.strokes.clear();
            self.notices.push_back(Notice::StuckKey { code });
        }
    }

    fn press(&mut self, code: u16, now: u64) {
        if is_modifier(code) {
            return;
        }
        if code == CAPS_LOCK {
            self.caps = !self.caps;
            return;
        }
        if let (true, Some(digit)) = (self.held.contains_key(&LEFT_ALT), keypad_digit(code)) {
            self.add_digit(digit);
            return;
        }
        let stroke = self.stroke(code);
        if self.strokes.len() < FRAME_BYTES {
            self.strokes.push(stroke);
        }
        match typed(self.layout, stroke) {
            Typed::Byte(byte) => self.give(&[byte], now),
            Typed::Character(character) => self.character(character, now),
            Typed::Nothing => {}
        }
    }

    fn stroke(&self, code: u16) -> Stroke {
        let down = |keys: [u16; 2]| keys.iter().any(|key| self.held.contains_key(key));
        let alt_gr = self.held.contains_key(&RIGHT_ALT);
        let is_letter = |code| self.layout.character(code, false, false).is_some_and(char::is_alphabetic);
        Stroke {
            code,
            shift: down([LEFT_SHIFT, RIGHT_SHIFT]) != (self.caps && is_letter(code)),
            alt_gr,
            ctrl: down([LEFT_CTRL, RIGHT_CTRL]),
        }
    }

    fn character(&mut self, character: char, now: u64) {
        match self.accent.take() {
            // A blank gives the accent alone.
            Some(accent) if character == ' ' => self.text(accent, now),
            Some(accent) => {
                self.text(accent, now);
                self.text(character, now);
            }
            None if self.layout.is_dead(character) => self.accent = Some(character),
            None => self.text(character, now),
        }
    }

    fn text(&mut self, character: char, now: u64) {
        self.give(character.encode_utf8(&mut [0; 4]).as_bytes(), now);
    }

    fn give(&mut self, bytes: &[u8], now: u64) {
        self.framer.handle_bytes(bytes, now);
        self.collect();
    }

    fn add_digit(&mut self, digit: u8) {
        let begun = Number { value: 0, digits: 0, windows: digit == 0 };
        let number = self.number.unwrap_or(begun);
        let value = number.value.saturating_mul(10).saturating_add(u32::from(digit));
        self.number = Some(Number { value, digits: number.digits + 1, ..number });
    }

    fn end_number(&mut self, now: u64) {
        let Some(Number { value, digits, windows }) = self.number.take() else { return };
        match u8::try_from(value) {
            Ok(byte) if digits <= 4 && byte.is_ascii() => self.give(&[byte], now),
            // The old tables of single countries are not known to the box.
            Ok(byte) if digits <= 4 && windows => self.text(char::from(byte), now),
            Ok(_) | Err(_) => self.text(char::REPLACEMENT_CHARACTER, now),
        }
    }

    /// Takes what the framer has ready, and looks whether another layout
    /// would make more sense of it.
    fn collect(&mut self) {
        while let Some(frame) = self.framer.poll_frame() {
            let strokes = std::mem::take(&mut self.strokes);
            let notice = likely_layout(&strokes, self.layout, &frame);
            let notice = notice.map(|likely| Notice::WrongLayout { configured: self.layout, likely });
            if notice.is_some() && notice != self.noticed {
                self.noticed.clone_from(&notice);
                self.notices.extend(notice);
            }
            self.frames.push_back(frame);
        }
    }
}

enum Typed {
    Byte(u8),
    Character(char),
    Nothing,
}

/// What a stroke gives by a layout.
fn typed(layout: Layout, stroke: Stroke) -> Typed {
    match stroke.code {
        ENTER | KEYPAD_ENTER => return Typed::Byte(b'\r'),
        TAB => return Typed::Byte(b'\t'),
        SPACE => return Typed::Character(' '),
        // Some scanners type it for a group separator.
        F8 => return Typed::Byte(GROUP_SEPARATOR),
        BACKSPACE => return Typed::Nothing,
        _ => {}
    }
    if let Some(character) = keypad(stroke.code) {
        return Typed::Character(character);
    }
    let character = layout.character(stroke.code, stroke.shift, stroke.alt_gr);
    match character {
        // Ctrl and a letter or bracket is a control character; Ctrl+] is GS.
        Some(character) if stroke.ctrl => match u8::try_from(character.to_ascii_uppercase()) {
            Ok(byte @ b'@'..=b'_') => Typed::Byte(byte & 0x1f),
            Ok(_) | Err(_) => Typed::Nothing,
        },
        Some(character) => Typed::Character(character),
        None => Typed::Nothing,
    }
}

const fn is_modifier(code: u16) -> bool {
    matches!(code, LEFT_SHIFT | RIGHT_SHIFT | LEFT_CTRL | RIGHT_CTRL | LEFT_ALT | RIGHT_ALT)
}

const fn keypad_digit(code: u16) -> Option<u8> {
    match code {
        82 => Some(0),
        79 => Some(1),
        80 => Some(2),
        81 => Some(3),
        75 => Some(4),
        76 => Some(5),
        77 => Some(6),
        71 => Some(7),
        72 => Some(8),
        73 => Some(9),
        _ => None,
    }
}

fn keypad(code: u16) -> Option<char> {
    match code {
        55 => Some('*'),
        74 => Some('-'),
        78 => Some('+'),
        83 => Some('.'),
        98 => Some('/'),
        _ => keypad_digit(code).map(|digit| char::from(b'0' + digit)),
    }
}

/// The layout by which a scan that makes no sense makes sense.
fn likely_layout(strokes: &[Stroke], configured: Layout, frame: &[u8]) -> Option<Layout> {
    if makes_sense(frame) {
        return None;
    }
    let others = Layout::ALL.into_iter().filter(|layout| *layout != configured);
    others.into_iter().find(|layout| makes_sense(&read_by(*layout, strokes)))
}

fn read_by(layout: Layout, strokes: &[Stroke]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for stroke in strokes {
        match typed(layout, *stroke) {
            Typed::Byte(b'\r' | b'\t') | Typed::Nothing => {}
            Typed::Byte(byte) => bytes.push(byte),
            Typed::Character(character) => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// A code whose check digit or identifier says that it was read right.
fn makes_sense(bytes: &[u8]) -> bool {
    use tidemark_barcode::{Confidence, decode};
    decode(bytes).is_ok_and(|scan| scan.confidence != Confidence::Weak)
}

#[cfg(test)]
mod tests;
