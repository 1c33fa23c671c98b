//! Bad input: refused with a code, and nothing of it kept.

use super::*;
use crate::message::{Goodbye, Heartbeat, OpeningTaken, Refusal, Unreadable};

fn refused_hello(change: impl FnOnce(&mut Hello)) -> (RefusalCode, String) {
    let mut said = hello();
    change(&mut said);
    let alone = Alone::looking(said);
    let (code, detail) = alone.refused();
    (code, detail.to_owned())
}

#[test]
fn a_hello_for_another_store_than_the_certificates_is_refused() {
    let (code, detail) = refused_hello(|hello| hello.store = store("S0002"));
    assert_eq!(code, RefusalCode::WrongStore);
    assert!(detail.contains("S0001") && detail.contains("S0002"), "{detail}");
}

#[test]
fn without_a_certificate_any_store_may_speak() {
    let config = Config { identity: None, limits: Limits::default() };
    let mut alone = Alone { receiver: Receiver::new(config, Millis(0)), ..Alone::fresh() };
    alone.hear(ToCentre::Hello(Hello { store: store("S0002"), ..hello() }));
    assert!(matches!(alone.outputs.as_slice(), [Output::LookUp { again: false, .. }]));
}

#[test]
fn a_protocol_that_is_not_spoken_here_is_refused_by_its_number() {
    for protocol in [limits::OLDEST_PROTOCOL - 1, limits::PROTOCOL + 1, u32::MAX] {
        let (code, detail) = refused_hello(|hello| hello.protocol = protocol);
        assert_eq!(code, RefusalCode::Protocol);
        assert!(detail.contains(&protocol.to_string()), "{detail}");
    }
}

#[test]
fn a_hello_with_numbers_nobody_can_believe_is_refused() {
    let beyond = limits::LAST_NUMBER + 1;
    for (code, detail) in [
        refused_hello(|hello| hello.trimmed_below = 0),
        refused_hello(|hello| hello.trimmed_below = 102),
        refused_hello(|hello| hello.handled = 101),
        refused_hello(|hello| hello.generation = Generation(beyond)),
        refused_hello(|hello| hello.session = Session(beyond)),
        refused_hello(|hello| hello.tail = u64::MAX),
    ] {
        assert_eq!(code, RefusalCode::Malformed, "{detail}");
    }
    let alone = Alone::looking(Hello { trimmed_below: 101, tail: 100, ..hello() });
    assert!(matches!(alone.outputs.as_slice(), [Output::LookUp { .. }]), "all of it is trimmed");
}

#[test]
fn a_store_that_is_unknown_or_closed_is_refused() {
    for (lookup, code) in
        [(Lookup::UnknownStore, RefusalCode::UnknownStore), (Lookup::ClosedStore, RefusalCode::ClosedStore)]
    {
        let mut alone = Alone::looking(hello());
        alone.tell(Input::LookedUp(lookup));
        assert_eq!(alone.refused().0, code);
    }
}

#[test]
fn bytes_that_are_no_message_end_the_stream_whenever_they_come() {
    for mut alone in [Alone::fresh(), Alone::looking(hello()), Alone::open()] {
        let refusal = Refusal::new(RefusalCode::TooLarge, "more than 4 MiB");
        alone.tell(Input::Unreadable(refusal));
        assert_eq!(alone.refused(), (RefusalCode::TooLarge, "more than 4 MiB"));
    }
}

#[test]
fn what_comes_out_of_turn_is_refused() {
    let batch = || ToCentre::Batch(batch([1], true, 10));
    let lost = || ToCentre::Unreadable(Unreadable { epoch: EPOCH, seqs: [1].into_iter().collect(), digest: None });
    for (mut alone, message) in [
        (Alone::fresh(), batch()),
        (Alone::fresh(), lost()),
        (Alone::fresh(), ToCentre::Heartbeat(Heartbeat::default())),
        (Alone::fresh(), ToCentre::OpeningTaken(OpeningTaken { ordinal: EpochOrdinal(2), seq: 1 })),
        (Alone::fresh(), ToCentre::Goodbye(Goodbye { reason: "so".to_owned() })),
        (Alone::looking(hello()), batch()),
        (Alone::looking(hello()), lost()),
        (Alone::looking(hello()), ToCentre::Hello(hello())),
        (Alone::open(), ToCentre::Hello(hello())),
    ] {
        let said = format!("{message:?}");
        alone.hear(message);
        assert_eq!(alone.refused().0, RefusalCode::OutOfTurn, "{said}");
    }
}

#[test]
fn a_batch_for_another_store_is_refused_whole() {
    // Its epoch is one that this store does not have.
    let mut alone = Alone::open();
    alone.hear(ToCentre::Batch(Batch { epoch: Epoch(0xbad), ..batch([1, 2], true, 10) }));
    assert_eq!(alone.refused().0, RefusalCode::WrongEpoch);
    let mut alone = Alone::open();
    let seqs = [3].into_iter().collect();
    alone.hear(ToCentre::Unreadable(Unreadable { epoch: Epoch(0xbad), seqs, digest: None }));
    assert_eq!(alone.refused().0, RefusalCode::WrongEpoch);
}

#[test]
fn one_bad_record_refuses_its_batch_and_not_the_one_before() {
    let mut alone = Alone::open();
    alone.hear(ToCentre::Batch(batch([1, 2], true, 10)));
    assert_eq!(alone.produces().len(), 1);
    alone.hear(ToCentre::Batch(batch([3, 3], true, 10)));
    assert_eq!(alone.refused().0, RefusalCode::Disorder);
    // The first is in the stream all the same; only the box was not told.
    alone.tell(Input::Produced { produce: ProduceId(1), place: place(10) });
    assert_eq!(alone.outputs, []);
}

#[test]
fn seqs_that_no_shop_reaches_are_refused() {
    let beyond = limits::LAST_NUMBER + 1;
    let mut alone = Alone::open();
    alone.hear(ToCentre::Batch(batch([5, beyond], true, 10)));
    assert_eq!(alone.refused().0, RefusalCode::Disorder);
    let lost = |seqs: std::ops::RangeInclusive<Seq>| {
        ToCentre::Unreadable(Unreadable { epoch: EPOCH, seqs: std::iter::once(seqs).collect(), digest: None })
    };
    for seqs in [beyond..=beyond, 0..=0, 1..=1_001, 1..=u64::MAX] {
        let mut alone = Alone::open();
        alone.hear(lost(seqs));
        assert_eq!(alone.refused().0, RefusalCode::Disorder);
    }
}

#[test]
fn backlog_beyond_its_credit_is_refused() {
    let mut alone = Alone::open();
    alone.tell(Input::Granted { bytes: 10_000 });
    alone.hear(ToCentre::Batch(batch(1..=10, false, 1_000)));
    assert_eq!(alone.produces().len(), 1, "what was granted is taken");
    alone.hear(ToCentre::Batch(batch([11], false, 48 * 1024)));
    assert_eq!(alone.produces().len(), 1, "the last record may take more than was left");
    alone.hear(ToCentre::Batch(batch(12..=60, false, 1_024)));
    assert_eq!(alone.refused().0, RefusalCode::TooLarge);
}

#[test]
fn more_in_flight_than_the_window_and_one_batch_is_refused() {
    let mut alone = Alone::open();
    alone.tell(Input::Granted { bytes: u64::MAX });
    let mut taken = 0;
    let refused = (0..).find(|at| {
        alone.hear(ToCentre::Batch(batch([at * 5 + 1, at * 5 + 2, at * 5 + 3, at * 5 + 4, at * 5 + 5], false, 48_000)));
        taken += 240_000;
        alone.produces().is_empty()
    });
    assert!(refused.is_some());
    assert_eq!(alone.refused().0, RefusalCode::TooLarge);
    assert!(taken > limits::IN_FLIGHT_BYTES && taken < limits::IN_FLIGHT_BYTES + 1_000_000, "{taken}");
}

#[test]
fn more_open_produces_than_may_be_are_refused() {
    let mut alone = Alone::open();
    let lost = |seq| ToCentre::Unreadable(Unreadable { epoch: EPOCH, seqs: [seq].into_iter().collect(), digest: None });
    for seq in 1..=u64::try_from(limits::OPEN_PRODUCES).unwrap() {
        alone.hear(lost(seq));
        assert_eq!(alone.produces().len(), 1, "{seq}");
    }
    alone.hear(lost(5_000));
    assert_eq!(alone.refused().0, RefusalCode::TooLarge);
}
