//! Every field that can be wrong, wrong: refused by its name.

use super::*;
use crate::limits;
use proto::opening_part::Part;
use proto::to_box::Message as Said;
use proto::to_centre::Message;

/// The error of a box's message in which one thing is changed.
fn of_box(message: ToCentre, change: impl FnOnce(&mut Message)) -> String {
    let mut coder = ToCentreCoder::default();
    coder.encode(ToCentre::Hello(hello())).unwrap();
    let mut message = coder.encode(message).unwrap();
    change(message.message.as_mut().unwrap());
    coder.decode(message).unwrap_err().to_string()
}

/// The same of the centre's.
fn of_centre(name: &str, change: impl FnOnce(&mut Said)) -> String {
    let (_, message) = of_the_centre().into_iter().find(|(found, _)| *found == name).unwrap();
    let mut message = to_box(&message);
    change(message.message.as_mut().unwrap());
    to_box_of(message).unwrap_err().to_string()
}

macro_rules! part {
    ($message:expr, $variant:path) => {
        match $message {
            $variant(inner) => inner,
            other => panic!("{other:?}"),
        }
    };
}

#[test]
fn a_hello() {
    let wrong = |change: fn(&mut proto::Hello)| of_box(ToCentre::Hello(hello()), |m| change(part!(m, Message::Hello)));
    assert_eq!(wrong(|hello| hello.store.clear()), "`store` is missing");
    assert!(wrong(|hello| hello.store = "S 1".into()).starts_with("`store`: store has the character U+0020"));
    assert_eq!(wrong(|hello| hello.box_id = Bytes::new()), "`hello.box_id` has 0 bytes, not 16");
    assert_eq!(wrong(|hello| hello.agent_version = "a\nb".into()), "`hello.agent_version` has a control character");
    assert_eq!(
        wrong(|hello| hello.agent_version = "x".repeat(1_025)),
        "`hello.agent_version` has 1025 entries or bytes, at most 1024 are allowed"
    );
    let ordinal = wrong(|hello| hello.opening = Some(proto::OpeningTaken::default()));
    assert_eq!(ordinal, "`opening_taken.ordinal` is missing");
}

#[test]
fn a_batch() {
    let sent = || ToCentre::Batch(Batch { epoch: Epoch(0xabcd), live: true, records: records([4, 5]) });
    let wrong = |change: fn(&mut proto::Batch)| of_box(sent(), |m| change(part!(m, Message::Batch)));
    assert_eq!(wrong(|batch| batch.seqs.clear()), "`batch.seqs` is missing");
    assert_eq!(wrong(|batch| batch.seqs = vec![1]), "`batch.seqs` is 1, an odd number of numbers");
    assert_eq!(
        wrong(|batch| batch.seqs = vec![u64::MAX, 0]),
        format!("`batch.seqs` is {}, beyond the last seq", u64::MAX)
    );
    assert!(wrong(|batch| batch.seqs = vec![0; 2 * limits::SEQ_RANGES + 2]).contains("at most"));
    for wrong in [
        wrong(|batch| batch.seqs = vec![0, 4_000]),
        wrong(|batch| batch.seqs = vec![3, 2]),
        wrong(|batch| batch.payload = Bytes::new()),
        wrong(|batch| batch.payload = Bytes::from_static(b"\x09what?")),
        wrong(|batch| batch.payload.truncate(batch.payload.len() - 1)),
    ] {
        assert!(wrong.starts_with("`batch.payload`"), "{wrong}");
    }
}

#[test]
fn a_batch_before_the_hello_has_to_name_its_epoch() {
    let batch = proto::Batch { seqs: vec![0, 0], ..proto::Batch::default() };
    let message = proto::ToCentre { message: Some(Message::Batch(batch)) };
    assert_eq!(ToCentreCoder::default().decode(message), Err(DecodeError::Missing { field: "batch.epoch" }));
}

#[test]
fn what_is_lost_by_name() {
    let sent = || {
        let seqs = [4].into_iter().collect();
        ToCentre::Unreadable(Unreadable { epoch: Epoch(0xabcd), seqs, digest: None })
    };
    let wrong = |change: fn(&mut proto::Unreadable)| of_box(sent(), |m| change(part!(m, Message::Unreadable)));
    assert_eq!(wrong(|lost| lost.seqs.clear()), "`unreadable.seqs` is missing");
    let many = "`unreadable.seqs` has 1001 entries or bytes, at most 1000 are allowed";
    assert_eq!(wrong(|lost| lost.seqs = vec![0, 1_000]), many);
}

#[test]
fn a_heartbeat() {
    let sent = || ToCentre::Heartbeat(heartbeat());
    let wrong = |change: fn(&mut proto::Heartbeat)| of_box(sent(), |m| change(part!(m, Message::Heartbeat)));
    let block = wrong(|beat| beat.open_block.as_mut().unwrap().count = 1_025);
    assert_eq!(block, "`open_block.count` is 1025, more than a block has");
    assert_eq!(wrong(|beat| beat.conditions[0].code = 10_000), "`conditions.code` is 10000, beyond four digits");
    assert!(wrong(|beat| beat.conditions[0].detail = "\u{7}".into()).starts_with("`conditions.detail`"));
    assert!(
        wrong(|beat| beat.conditions = vec![beat.conditions[0].clone(); 257]).starts_with("`heartbeat.conditions`")
    );
    assert!(wrong(|beat| beat.tills = vec![beat.tills[0].clone(); 1_001]).starts_with("`heartbeat.tills`"));
    assert_eq!(wrong(|beat| beat.tills[0].source.clear()), "`tills.source` is missing");
    assert_eq!(wrong(|beat| beat.tills[0].token.truncate(31)), "`tills.token` has 31 bytes, not 32");
    let device = |change: fn(&mut proto::Device)| {
        of_box(sent(), |m| change(part!(m, Message::Heartbeat).device.as_mut().unwrap()))
    };
    assert!(device(|device| device.system = "\r".into()).starts_with("`device.system`"));
    assert!(device(|device| device.agent_version = "x".repeat(2_000)).starts_with("`device.agent_version`"));
    assert!(device(|device| device.scanners = vec![device.scanners[0].clone(); 257]).starts_with("`device.scanners`"));
    assert_eq!(device(|device| device.scanners[0].lane.clear()), "`scanners.lane` is missing");
    assert!(device(|device| device.scanners[0].path = "\0".into()).starts_with("`scanners.path`"));
}

#[test]
fn a_farewell_and_an_opening_taken() {
    let goodbye = ToCentre::Goodbye(Goodbye { reason: "so".to_owned() });
    let wrong = of_box(goodbye, |m| part!(m, Message::Goodbye).reason = "x".repeat(1_025));
    assert!(wrong.starts_with("`goodbye.reason`"), "{wrong}");
    let taken = ToCentre::OpeningTaken(OpeningTaken { ordinal: EpochOrdinal(1), seq: 0 });
    let wrong = of_box(taken, |m| part!(m, Message::OpeningTaken).ordinal = 0);
    assert_eq!(wrong, "`opening_taken.ordinal` is missing");
}

#[test]
fn a_welcome() {
    let wrong = |change: fn(&mut proto::Welcome)| of_centre("welcome", |m| change(part!(m, Said::Welcome)));
    assert_eq!(wrong(|welcome| welcome.ordinal = 0), "`welcome.ordinal` is missing");
    assert_eq!(wrong(|welcome| welcome.limits = None), "`welcome.limits` is missing");
    // A limit of nothing would stop a box for ever.
    let limit = |change: fn(&mut proto::Limits)| {
        of_centre("welcome", |m| change(part!(m, Said::Welcome).limits.as_mut().unwrap()))
    };
    assert_eq!(limit(|limits| limits.batch_movements = 0), "`limits.batch_movements` is missing");
    assert_eq!(limit(|limits| limits.batch_bytes = 0), "`limits.batch_bytes` is missing");
    assert_eq!(limit(|limits| limits.in_flight_bytes = 0), "`limits.in_flight_bytes` is missing");
    assert!(wrong(|welcome| welcome.blocks.reverse()).starts_with("`blocks.index`"));
    assert!(wrong(|welcome| welcome.blocks[0].bitmap.truncate(127)).starts_with("`blocks.bitmap`"));
}

#[test]
fn word_of_the_stream_and_of_the_applier() {
    let wrong = |change: fn(&mut proto::Received)| of_centre("received", |m| change(part!(m, Said::Received)));
    assert_eq!(wrong(|received| received.stream.truncate(15)), "`received.stream` has 15 bytes, not 16");
    assert_eq!(wrong(|received| received.seqs.clear()), "`received.seqs` is missing");
    // A box goes through them one by one.
    let endless = wrong(|received| received.seqs = vec![0, u64::MAX - 1]);
    assert!(endless.starts_with("`received.seqs` has ") && endless.ends_with("at most 1000 are allowed"), "{endless}");
    let stream = of_centre("applied_through", |m| part!(m, Said::AppliedThrough).stream = Bytes::new());
    assert_eq!(stream, "`applied_through.stream` has 0 bytes, not 16");
    let blocks = of_centre("handled", |m| part!(m, Said::Handled).blocks[0].leading = 1_025);
    assert!(blocks.starts_with("`blocks.leading`"), "{blocks}");
}

#[test]
fn the_rest_of_what_a_centre_says() {
    let ready = of_centre("opening_ready", |m| part!(m, Said::OpeningReady).ordinal = 0);
    assert_eq!(ready, "`opening_ready.ordinal` is missing");
    let refused = of_centre("refused", |m| part!(m, Said::Refused).detail = "\u{1b}[2J".into());
    assert_eq!(refused, "`refused.detail` has a control character");
    let id = of_centre("instruction_fetch", |m| part!(m, Said::Instruction).id.clear());
    assert_eq!(id, "`instruction.id` is missing");
}

#[test]
fn an_instruction_that_can_not_be_read_stays_open_and_does_not_end_the_stream() {
    let (_, message) = of_the_centre().into_iter().find(|(name, _)| *name == "instruction_open_stock").unwrap();
    let mut message = to_box(&message);
    let body = part!(message.message.as_mut().unwrap(), Said::Instruction).body.as_mut().unwrap();
    part!(body.what.as_mut().unwrap(), proto::instruction_body::What::OpenStock).lines[0].sku.clear();
    let unknown = Instruction::of(label("open-17"), InstructionBody::Unknown { kind: 3 });
    assert_eq!(to_box_of(message), Ok(Some(ToBox::Instruction(unknown))));
}

#[test]
fn the_body_of_an_instruction() {
    let wrong = |what| {
        let body = proto::InstructionBody { kind: 1, what };
        decode_instruction_body(&prost::Message::encode_to_vec(&body)).unwrap_err().to_string()
    };
    let line = proto::InstructionLine { sku: "x".repeat(49), quantity: 1 };
    let stock = proto::OpenStock { lines: vec![line] };
    assert!(wrong(Some(proto::instruction_body::What::OpenStock(stock))).starts_with("`lines.sku`"));
    let settle = proto::Settle::default();
    assert_eq!(wrong(Some(proto::instruction_body::What::Settle(settle))), "`settle.about` is missing");
    let name = crate::schema::inventory::v1::DocumentName { source: "till:3".into(), id: String::new() };
    assert_eq!(wrong(Some(proto::instruction_body::What::Void(name))), "`document.id` is missing");
    assert_eq!(decode_instruction_body(&[]), Err(DecodeError::Missing { field: "instruction.kind" }));
    let long = vec![0; limits::INSTRUCTION_BODY_BYTES + 1];
    assert!(matches!(decode_instruction_body(&long), Err(DecodeError::TooLong { .. })));
}

#[test]
fn pages_of_catalogue_digests_and_instructions() {
    let wrong = |change: fn(&mut proto::CatalogueItem)| {
        let mut page = catalogue::page(&catalogue_page());
        change(&mut page.items[0]);
        catalogue::page_of(page).unwrap_err().to_string()
    };
    assert_eq!(wrong(|item| item.unit = 0), "`items.unit` is missing");
    assert_eq!(wrong(|item| item.unit = 9), "`items.unit` has the number 9, which this release does not know");
    assert_eq!(wrong(|item| item.sku.clear()), "`items.sku` is missing");
    assert_eq!(wrong(|item| item.name = "a\tb".into()), "`items.name` has a control character");
    assert_eq!(wrong(|item| item.price.as_mut().unwrap().currency.clear()), "`items.price.currency` is missing");
    assert_eq!(wrong(|item| item.parts[0].sku.clear()), "`items.parts.sku` is missing");
    assert!(wrong(|item| item.codes[0].code = "x".repeat(49)).starts_with("`items.codes.code`"));

    let mut page = digests::page(&digest_page());
    page.digests.pop();
    assert!(digests::page_of(page).unwrap_err().to_string().ends_with("not as many as digests"));
    let page = proto::FetchInstructionResponse { id: "x".into(), from: 3, total: 4, bytes: Bytes::from_static(b"ab") };
    assert!(instruction::page_of(page).unwrap_err().to_string().ends_with("and ends beyond the body"));
}

#[test]
fn the_pieces_of_an_opening() {
    let wrong = |at: usize, change: fn(&mut Part)| {
        let mut sent = opening::send(&send_opening());
        change(sent.parts[at].part.as_mut().unwrap());
        opening::send_of(sent).unwrap_err().to_string()
    };
    assert_eq!(wrong(0, |part| part!(part, Part::Stock).sku.clear()), "`stock.sku` is missing");
    let basis = wrong(0, |part| part!(part, Part::Stock).basis = 99);
    assert_eq!(basis, "`stock.basis` has the number 99, which this release does not know");
    assert_eq!(wrong(2, |part| part!(part, Part::Document).key.truncate(3)), "`document.key` has 3 bytes, not 16");
    assert_eq!(
        wrong(2, |part| part!(part, Part::Document).entries[0].first = None),
        "`document.entries.first` is missing"
    );
    let reversal = wrong(2, |part| part!(part, Part::Document).entries[0].reversal = 0);
    assert_eq!(reversal, "`document.entries.reversal` is missing");
    let both = wrong(2, |part| part!(part, Part::Document).entries[0].lines[0].code = "x".into());
    assert!(both.contains("are both there"), "{both}");
    assert_eq!(wrong(3, |part| part!(part, Part::Suspense).code.clear()), "`suspense.code` is missing");
    let resolved = wrong(3, |part| part!(part, Part::Suspense).resolved.as_mut().unwrap().sku.clear());
    assert_eq!(resolved, "`suspense.resolved.sku` is missing");
    assert_eq!(wrong(4, |part| part!(part, Part::Count).reference.clear()), "`count.reference` is missing");
    let twice = wrong(4, |part| {
        let items = &mut part!(part, Part::Count).sheets[0].items;
        items.push(items[0].clone());
    });
    assert_eq!(twice, "`count.sheets.items.sku` names one thing twice");
    assert_eq!(wrong(5, |part| part!(part, Part::Till).source.clear()), "`tills.source` is missing");

    let page = proto::FetchOpeningResponse { parts: vec![proto::OpeningPart::default()], ..Default::default() };
    let newer = "a piece that only a newer release knows would be missing";
    assert_eq!(opening::page_of(page), Err(DecodeError::Missing { field: "parts.part" }), "{newer}");
    let cursor = Bytes::from(vec![1; 1_025]);
    let request = proto::FetchOpeningRequest { store: "S1".into(), ordinal: 1, cursor, ..Default::default() };
    assert!(opening::fetch_of(request.clone()).unwrap_err().to_string().starts_with("`cursor`"));
    let request = proto::FetchOpeningRequest { ordinal: 0, cursor: Bytes::new(), ..request };
    assert_eq!(opening::fetch_of(request), Err(DecodeError::Missing { field: "ordinal" }));
}
