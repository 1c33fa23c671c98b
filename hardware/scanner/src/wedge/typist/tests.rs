use super::*;
use proptest::prelude::*;

impl Typist {
    fn key(&mut self, code: u16, change: Change, now: u64) {
        self.handle_events(&KeyEvent { code, change }.to_bytes(), now);
    }

    fn hit(&mut self, code: u16, now: u64) {
        self.key(code, Change::Down, now);
        self.key(code, Change::Up, now);
    }

    /// Types a text as a scanner that is set to a layout.
    fn type_by(&mut self, layout: Layout, text: &str, now: u64) {
        for character in text.chars() {
            if character == ' ' {
                self.hit(SPACE, now);
                continue;
            }
            let (code, shift, alt_gr) = layout.stroke(character).unwrap();
            for (modifier, is_held) in [(LEFT_SHIFT, shift), (RIGHT_ALT, alt_gr)] {
                if is_held {
                    self.key(modifier, Change::Down, now);
                }
            }
            self.hit(code, now);
            for (modifier, is_held) in [(LEFT_SHIFT, shift), (RIGHT_ALT, alt_gr)] {
                if is_held {
                    self.key(modifier, Change::Up, now);
                }
            }
            if layout.is_dead(character) {
                self.hit(SPACE, now);
            }
        }
    }

    fn frames(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.poll_frame()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }

    fn notices(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.poll_notice()).collect()
    }

    fn type_number(&mut self, digits: &str, now: u64) {
        self.key(LEFT_ALT, Change::Down, now);
        for digit in digits.bytes() {
            let code = (1..=100).find(|code| keypad_digit(*code) == Some(digit - b'0')).unwrap();
            self.hit(code, now);
        }
        self.key(LEFT_ALT, Change::Up, now);
    }
}

#[test]
fn a_scan_typed_by_any_layout_is_read_by_the_same() {
    for layout in Layout::ALL {
        let mut typist = Typist::new(layout);
        for text in ["]E04006381333931", "]C1010400638133393110AB-c/9.%", "^`$+ x:_?"] {
            let typeable: String = text.chars().filter(|c| *c == ' ' || layout.stroke(*c).is_some()).collect();
            typist.type_by(layout, &typeable, 0);
            typist.hit(ENTER, 1);
            assert_eq!(typist.frames(), [typeable], "{layout}");
        }
        assert!(typist.notices().is_empty(), "{layout}");
    }
}

#[test]
fn without_enter_a_gap_ends_it() {
    let mut typist = Typist::new(Layout::Us);
    typist.type_by(Layout::Us, "4006381333931", 100);
    assert!(typist.frames().is_empty());
    typist.handle_timeout(typist.poll_timeout().unwrap());
    assert_eq!(typist.frames(), ["4006381333931"]);
}

#[test]
fn group_separators_come_as_ctrl_and_bracket_or_as_f8() {
    for by_f8 in [false, true] {
        let mut typist = Typist::new(Layout::Us);
        typist.type_by(Layout::Us, "]d2010400638133393110A", 0);
        if by_f8 {
            typist.hit(F8, 0);
        } else {
            typist.key(LEFT_CTRL, Change::Down, 0);
            typist.hit(27, 0);
            typist.key(LEFT_CTRL, Change::Up, 0);
        }
        typist.type_by(Layout::Us, "17270131", 0);
        typist.hit(KEYPAD_ENTER, 0);
        assert_eq!(typist.frames(), ["]d2010400638133393110A\u{1d}17270131"]);
    }
}

#[test]
fn characters_by_their_numbers_need_no_layout() {
    let mut typist = Typist::new(Layout::Fr);
    for byte in b"]E04006381333931" {
        typist.type_number(&byte.to_string(), 0);
    }
    typist.type_number("0029", 0);
    typist.type_number("0233", 0);
    typist.type_number("013", 0);
    assert_eq!(typist.frames(), ["]E04006381333931\u{1d}é"]);
    // What is no number of a character is not taken for one.
    typist.type_number("99999999999999999999", 10_000);
    typist.type_number("130", 10_000);
    typist.type_number("65", 10_000);
    typist.hit(ENTER, 10_000);
    assert_eq!(typist.frames(), ["\u{fffd}\u{fffd}A"]);
}

#[test]
fn caps_lock_turns_letters_around_and_digits_not() {
    let mut typist = Typist::new(Layout::Us);
    typist.hit(CAPS_LOCK, 0);
    typist.type_by(Layout::Us, "aB1", 0);
    typist.hit(CAPS_LOCK, 0);
    typist.type_by(Layout::Us, "aB1", 0);
    typist.hit(ENTER, 0);
    assert_eq!(typist.frames(), ["Ab1aB1"]);
}

#[test]
fn digits_of_the_keypad_are_digits() {
    let mut typist = Typist::new(Layout::De);
    for code in [75, 82, 82, 77, 81, 72, 79, 81, 81, 81, 73, 81, 79, KEYPAD_ENTER] {
        typist.hit(code, 0);
    }
    assert_eq!(typist.frames(), ["4006381333931"]);
}

#[test]
fn a_scanner_set_to_another_layout_is_noticed_once_and_its_scan_is_not_guessed() {
    for (configured, real) in [(Layout::Us, Layout::Fr), (Layout::Fr, Layout::Us)] {
        let mut typist = Typist::new(configured);
        for n in 0..3 {
            typist.type_by(real, "4006381333931", n * 1_000);
            typist.hit(ENTER, n * 1_000);
        }
        let frames = typist.frames();
        assert_eq!(frames.len(), 3);
        assert!(!frames.contains(&"4006381333931".to_owned()), "{frames:?}");
        assert_eq!(typist.notices(), [Notice::WrongLayout { configured, likely: real }]);
    }
    // The identifier alone tells it: digits are the same in both.
    let mut typist = Typist::new(Layout::De);
    typist.type_by(Layout::Us, "]E04006381333931", 0);
    typist.hit(ENTER, 0);
    assert_eq!(typist.frames(), ["+E04006381333931"]);
    assert_eq!(typist.notices(), [Notice::WrongLayout { configured: Layout::De, likely: Layout::Us }]);
}

#[test]
fn a_code_that_makes_no_sense_by_any_layout_is_no_sign_of_a_wrong_one() {
    let mut typist = Typist::new(Layout::Us);
    typist.type_by(Layout::Us, "4006381333930", 0);
    typist.hit(ENTER, 0);
    assert_eq!(typist.frames(), ["4006381333930"]);
    assert!(typist.notices().is_empty());
}

#[test]
fn a_stuck_key_is_told_once_and_types_nothing() {
    let mut typist = Typist::new(Layout::Us);
    typist.key(2, Change::Down, 0);
    for n in 0..200 {
        typist.key(2, Change::Repeat, 250 + n * 30);
    }
    assert_eq!(typist.notices(), [Notice::StuckKey { code: 2 }]);
    let typed: String = typist.frames().concat();
    assert!(typed.len() <= 1, "{typed}");
    typist.key(2, Change::Up, 7_000);
    typist.type_by(Layout::Us, "4006381333931", 8_000);
    typist.hit(ENTER, 8_000);
    assert_eq!(typist.frames(), ["4006381333931"]);
}

#[test]
fn a_shift_that_is_held_long_is_not_stuck() {
    let mut typist = Typist::new(Layout::Us);
    typist.key(LEFT_SHIFT, Change::Down, 0);
    typist.key(LEFT_SHIFT, Change::Repeat, 5_000);
    assert!(typist.notices().is_empty());
}

#[test]
fn a_scan_of_which_keys_were_lost_is_no_scan() {
    let mut typist = Typist::new(Layout::Us);
    typist.type_by(Layout::Us, "40063", 0);
    typist.key(EVENTS_LOST, Change::Up, 0);
    typist.hit(ENTER, 1);
    assert!(typist.frames().is_empty());
    assert!(typist.dropped().incomplete >= 1);
}

#[test]
fn what_an_unplugged_scanner_had_begun_is_no_scan_and_no_key_stays_down() {
    let mut typist = Typist::new(Layout::Us);
    typist.key(LEFT_SHIFT, Change::Down, 0);
    typist.type_by(Layout::Us, "abc", 0);
    typist.handle_close();
    typist.type_by(Layout::Us, "abc", 100);
    typist.hit(ENTER, 100);
    assert_eq!(typist.frames(), ["abc"]);
}

proptest! {
    #[test]
    fn any_events_give_frames_within_the_limit(
        events in proptest::collection::vec((any::<u16>(), 0_u8..4, 0_u64..200), 0..400)
    ) {
        let mut typist = Typist::new(Layout::De);
        let mut now = 0;
        for (code, change, wait) in events {
            now += wait;
            // Mostly keys that mean something.
            let [high, low] = (if code % 8 == 0 { code } else { code % 110 }).to_be_bytes();
            typist.handle_events(&[high, low, change], now);
            while let Some(frame) = typist.poll_frame() {
                prop_assert!(!frame.is_empty() && frame.len() <= FRAME_BYTES);
            }
            prop_assert!(typist.poll_timeout().is_none_or(|due| due > now));
        }
    }
}
