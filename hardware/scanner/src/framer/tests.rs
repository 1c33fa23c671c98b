use super::*;
use proptest::prelude::*;

impl Framer {
    fn frames(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.poll_frame()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }

    fn give(&mut self, bytes: &[u8], now: u64) -> Vec<String> {
        self.handle_bytes(bytes, now);
        self.frames()
    }

    fn wait_until(&mut self, now: u64) -> Vec<String> {
        self.handle_timeout(now);
        self.frames()
    }

    /// A framer whose device is known to send CR.
    fn of_a_device_with_a_suffix() -> Self {
        let mut framer = Self::new();
        for n in 0..4 {
            assert_eq!(framer.give(b"x\r", n * 1_000), ["x"]);
        }
        framer
    }
}

#[test]
fn a_frame_ends_at_cr_lf_or_both() {
    let mut framer = Framer::new();
    assert_eq!(framer.give(b"4006381333931\r", 0), ["4006381333931"]);
    assert_eq!(framer.give(b"4006381333931\n", 1), ["4006381333931"]);
    assert_eq!(framer.give(b"4006381333931\r\n96385074\r\n", 2), ["4006381333931", "96385074"]);
    assert_eq!(framer.poll_timeout(), None);
}

#[test]
fn a_frame_that_comes_in_pieces_is_one() {
    let mut framer = Framer::new();
    assert!(framer.give(b"40063", 0).is_empty());
    assert!(framer.give(b"81333931", 16).is_empty());
    assert_eq!(framer.give(b"\r", 32), ["4006381333931"]);
    assert!(framer.give(b"\n", 48).is_empty());
}

#[test]
fn without_a_suffix_a_gap_ends_it() {
    let mut framer = Framer::new();
    assert!(framer.give(b"4006381333931", 100).is_empty());
    assert_eq!(framer.poll_timeout(), Some(160));
    assert!(framer.wait_until(159).is_empty());
    assert_eq!(framer.wait_until(160), ["4006381333931"]);
    // The same if the time-out is only noticed with the next bytes.
    assert!(framer.give(b"1\t", 1_000).is_empty());
    assert_eq!(framer.give(b"2\r", 2_000), ["1", "2"]);
}

#[test]
fn the_first_half_of_a_code_that_is_typed_slowly_is_no_scan() {
    // Its first eleven digits are a code of their own, check digit and all.
    let mut framer = Framer::typed();
    assert!(framer.give(b"40103740380", 0).is_empty());
    assert!(framer.wait_until(FALL_BACK_GAP - 1).is_empty());
    assert_eq!(framer.give(b"31\r", FALL_BACK_GAP - 1), ["4010374038031"]);
    assert!(framer.give(b"4010374038031", 10_000).is_empty());
    assert_eq!(framer.wait_until(10_000 + FALL_BACK_GAP), ["4010374038031"], "one that sends no Enter is heard, too");
}

#[test]
fn between_stx_and_etx_line_ends_are_data() {
    let mut framer = Framer::new();
    assert_eq!(framer.give(b"\x02AB\r\nC\x03\r\n\x02D\x03", 0), ["AB\r\nC", "D"]);
    // STX with a suffix instead of ETX: the gap ends it.
    assert!(framer.give(b"\x02E\r", 1_000).is_empty());
    assert_eq!(framer.wait_until(1_060), ["E"]);
}

#[test]
fn group_separators_are_data() {
    assert_eq!(
        Framer::new().give(b"]d2010400638133393110A\x1d17260131\r", 0),
        ["]d2010400638133393110A\u{1d}17260131"]
    );
}

#[test]
fn of_a_device_with_a_suffix_a_piece_without_is_no_scan() {
    let mut framer = Framer::of_a_device_with_a_suffix();
    assert!(framer.give(b"40063813", 10_000).is_empty());
    assert_eq!(framer.poll_timeout(), Some(10_300));
    // A late rest still belongs to it ...
    assert_eq!(framer.give(b"33931\r", 10_250), ["4006381333931"]);
    // ... but what never ends is dropped.
    assert!(framer.give(b"40063813", 20_000).is_empty());
    assert!(framer.wait_until(20_300).is_empty());
    assert_eq!(framer.dropped().incomplete, 1);
}

#[test]
fn a_scanner_set_up_anew_without_a_suffix_is_believed_the_third_time() {
    let mut framer = Framer::of_a_device_with_a_suffix();
    for n in 1..=3_u64 {
        assert!(framer.give(b"96385074", n * 10_000).is_empty());
        let frames = framer.wait_until(n * 10_000 + 300);
        assert_eq!(frames.len(), usize::from(n == 3));
    }
    assert!(framer.give(b"96385074", 50_000).is_empty());
    assert_eq!(framer.wait_until(50_060), ["96385074"]);
    assert_eq!(framer.dropped().incomplete, 2);
}

#[test]
fn line_ends_inside_one_burst_teach_nothing() {
    let mut framer = Framer::new();
    assert_eq!(framer.give(b"a\nb\nc\nd\ne\nf", 0), ["a", "b", "c", "d", "e"]);
    assert_eq!(framer.wait_until(60), ["f"]);
}

#[test]
fn nine_kib_without_an_end_are_dropped_once_and_the_next_scan_is_read() {
    let mut framer = Framer::new();
    for n in 0..9 {
        assert!(framer.give(&[b'8'; 1024], n).is_empty());
    }
    assert_eq!(framer.dropped(), Dropped { oversize: 1, ..Dropped::default() });
    // The rest of it up to the suffix is no scan either.
    assert_eq!(framer.give(b"888\r96385074\r", 20), ["96385074"]);
    // A gap ends it as well.
    framer.handle_bytes(&[b'8'; 9_000], 1_000);
    assert!(framer.wait_until(1_060).is_empty());
    assert_eq!(framer.give(b"96385074\r", 1_061), ["96385074"]);
    assert_eq!(framer.dropped().oversize, 2);
}

#[test]
fn a_frame_of_exactly_8_kib_is_read() {
    let mut framer = Framer::new();
    framer.handle_bytes(&[b'8'; FRAME_BYTES], 0);
    assert_eq!(framer.give(b"\r", 1)[0].len(), FRAME_BYTES);
    assert_eq!(framer.dropped(), Dropped::default());
}

#[test]
fn noise_is_dropped_and_counted() {
    let mut framer = Framer::new();
    assert!(framer.give(b"\xff\xfe\x80\r", 0).is_empty());
    assert!(framer.give(b"\x01\x1b", 1_000).is_empty());
    assert!(framer.wait_until(1_060).is_empty());
    assert_eq!(framer.dropped().noise, 2);
    // Answers of the device before a scan are taken off.
    assert_eq!(framer.give(b"\x06\0\x1596385074\r", 2_000), ["96385074"]);
}

#[test]
fn what_an_unplugged_device_had_begun_is_no_scan() {
    let mut framer = Framer::new();
    assert!(framer.give(b"40063813", 0).is_empty());
    framer.handle_close();
    assert_eq!(framer.give(b"33931\r", 10), ["33931"]);
    assert_eq!(framer.dropped().incomplete, 1);
}

proptest! {
    #[test]
    fn any_bytes_at_any_time_give_frames_within_the_limit(
        reads in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..600), 0_u64..400), 0..40)
    ) {
        let mut framer = Framer::new();
        let (mut now, mut given, mut got) = (0, 0, 0);
        for (bytes, wait) in reads {
            now += wait;
            framer.handle_bytes(&bytes, now);
            given += bytes.len();
            while let Some(frame) = framer.poll_frame() {
                prop_assert!(!frame.is_empty() && frame.len() <= FRAME_BYTES);
                got += frame.len();
            }
            prop_assert!(framer.poll_timeout().is_none_or(|due| due > now));
        }
        prop_assert!(got <= given);
    }

    #[test]
    fn scans_with_a_suffix_come_out_as_they_went_in_however_they_are_cut(
        scans in proptest::collection::vec("[0-9A-Z]{1,30}", 1..20),
        suffix in prop_oneof![Just("\r"), Just("\n"), Just("\r\n")],
        cut in 1_usize..40
    ) {
        let line: String = scans.iter().map(|scan| format!("{scan}{suffix}")).collect();
        let mut framer = Framer::new();
        let mut got = Vec::new();
        for (n, piece) in line.as_bytes().chunks(cut).enumerate() {
            framer.handle_bytes(piece, u64::try_from(n).unwrap() * 16);
            got.extend(framer.frames());
        }
        prop_assert_eq!(got, scans);
    }
}
