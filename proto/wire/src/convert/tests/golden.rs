//! The bytes of the first release: what a released box or centre says, and
//! what stream and database keep, is understood for as long as there may be
//! any of it. Each is written the same today, and read from the kept bytes.

use std::path::{Path, PathBuf};

use super::*;
use crate::schema::sync::v1 as proto;
use crate::{Control, EpochOpened, EpochTook, Opener, PositionsLost, decode_control, encode_control};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The kept bytes of that name, which are also what is written today.
#[track_caller]
fn kept(name: &str, written: &[u8]) -> Vec<u8> {
    let line = |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    let now: String = written.chunks(32).map(line).collect();
    let path = folder().join(format!("{name}.hex"));
    let kept = std::fs::read_to_string(&path).unwrap_or_else(|_none| panic!("{name}.hex is not kept yet:\n{now}"));
    assert_eq!(now, kept, "{name} is written otherwise");
    let digits: Vec<u8> = kept.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn what_boxes_of_the_first_release_say_is_understood() {
    let (mut writer, mut reader) = (ToCentreCoder::default(), ToCentreCoder::default());
    for (name, message) in of_a_box() {
        let bytes = kept(name, &writer.encode(message.clone()).unwrap().encode_to_vec());
        let read = reader.decode(proto::ToCentre::decode(bytes.as_slice()).unwrap());
        assert_eq!(read, Ok(Some(message)), "{name}");
    }
}

#[test]
fn what_centres_of_the_first_release_say_is_understood() {
    for (name, message) in of_the_centre() {
        let bytes = kept(name, &to_box(&message).encode_to_vec());
        assert_eq!(to_box_of(proto::ToBox::decode(bytes.as_slice()).unwrap()), Ok(Some(message)), "{name}");
    }
}

#[test]
fn bodies_of_instructions_that_a_database_keeps_are_understood() {
    let names = ["fetch", "open_stock", "correct", "void", "accept", "late", "unknown"];
    let since = ["correct_about_none", "count", "settle", "resend", "support_file"];
    for (name, body) in names.into_iter().chain(since).zip(bodies()) {
        let bytes = kept(&format!("body_{name}"), &encode_instruction_body(&body));
        assert_eq!(decode_instruction_body(&bytes), Ok(body), "{name}");
    }
}

#[test]
fn control_records_that_a_stream_keeps_are_understood() {
    let opened = |by| Control::EpochOpened(EpochOpened { store: store(), epoch: Epoch(7), by, wall: WallTime(-5) });
    let opening = Some(OpeningTaken { ordinal: EpochOrdinal(3), seq: 812 });
    let of_box = |opening| Opener::Box { box_id: BoxId([9; 16]), session: Session(4), opening };
    let seqs = [3..=3, 5..=812].into_iter().collect();
    let lost = |digest| PositionsLost { store: store(), epoch: Epoch(7), seqs: SeqSet::clone(&seqs), digest };
    let took = OpeningTaken { ordinal: EpochOrdinal(3), seq: 812 };
    let took = EpochTook { store: store(), epoch: Epoch(7), opening: took };
    for (name, control) in [
        ("control_opening_taken", Control::OpeningTaken(took)),
        ("control_positions_lost", Control::PositionsLost(lost(None))),
        ("control_positions_lost_with_digest", Control::PositionsLost(lost(Some(11)))),
        ("control_stream_born", Control::StreamBorn(StreamId([7; 16]))),
        ("control_epoch_opened", opened(of_box(None))),
        ("control_epoch_opened_with_opening", opened(of_box(opening))),
        ("control_epoch_opened_by_centre", opened(Opener::Centre)),
    ] {
        let bytes = kept(name, &encode_control(&control));
        assert_eq!(decode_control(&bytes), Ok(control), "{name}");
    }
}

#[test]
fn requests_and_pages_of_the_first_release_are_understood() {
    for (name, page) in [("page_catalogue", catalogue_page()), ("page_catalogue_listed", listed_page())] {
        let bytes = kept(name, &catalogue::page(&page).encode_to_vec());
        assert_eq!(catalogue::page_of(proto::FetchCatalogueResponse::decode(bytes.as_slice()).unwrap()), Ok(page));
    }
    let digests = digest_page();
    let bytes = kept("page_digests", &digests::page(&digests).encode_to_vec());
    assert_eq!(digests::page_of(proto::FetchDigestsResponse::decode(bytes.as_slice()).unwrap()), Ok(digests));
    let part = InstructionPage { id: label("x"), from: 2, total: 5, bytes: Bytes::from_static(b"abc") };
    let bytes = kept("page_instruction", &instruction::page(&part).encode_to_vec());
    assert_eq!(instruction::page_of(proto::FetchInstructionResponse::decode(bytes.as_slice()).unwrap()), Ok(part));
    let cursor = Some(Bytes::from_static(b"next"));
    let opening = OpeningPage { parts: opening_parts(), enough: true, cursor };
    let bytes = kept("page_opening", &opening::page(&opening).encode_to_vec());
    assert_eq!(opening::page_of(proto::FetchOpeningResponse::decode(bytes.as_slice()).unwrap()), Ok(opening));
    let sent = send_opening();
    let bytes = kept("send_opening", &opening::send(&sent).encode_to_vec());
    assert_eq!(opening::send_of(proto::SendOpeningRequest::decode(bytes.as_slice()).unwrap()), Ok(sent));

    let request = FetchCatalogue { store: store(), version: 17, after: Some(sku("4711")), since: 0 };
    let bytes = kept("fetch_catalogue", &catalogue::fetch(&request).encode_to_vec());
    assert_eq!(catalogue::fetch_of(&proto::FetchCatalogueRequest::decode(bytes.as_slice()).unwrap()), Ok(request));
    let request = FetchInstruction { store: store(), id: label("x"), from: 7 };
    let bytes = kept("fetch_instruction", &instruction::fetch(&request).encode_to_vec());
    assert_eq!(instruction::fetch_of(&proto::FetchInstructionRequest::decode(bytes.as_slice()).unwrap()), Ok(request));
    let request = FetchDigests { store: store(), epoch: Epoch(9), block: BlockIndex(4) };
    let bytes = kept("fetch_digests", &digests::fetch(&request).encode_to_vec());
    assert_eq!(digests::fetch_of(&proto::FetchDigestsRequest::decode(bytes.as_slice()).unwrap()), Ok(request));
    let cursor = Bytes::from_static(b"next");
    let request = FetchOpening { store: store(), epoch: Epoch(9), ordinal: EpochOrdinal(2), cursor };
    let bytes = kept("fetch_opening", &opening::fetch(&request).encode_to_vec());
    assert_eq!(opening::fetch_of(proto::FetchOpeningRequest::decode(bytes.as_slice()).unwrap()), Ok(request));
}
