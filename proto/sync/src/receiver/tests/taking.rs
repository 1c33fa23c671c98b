//! What an open stream brings, and how it ends.

use super::*;
use crate::message::{Goodbye, Heartbeat, Received, Unreadable};
use crate::receiver::output::{Payload, Wants};

#[test]
fn a_batch_is_acknowledged_when_the_stream_has_it_and_not_before() {
    let mut alone = Alone::open();
    let sent = batch([4, 5, 9], true, 10);
    alone.hear(ToCentre::Batch(sent.clone()));
    assert_eq!(alone.outputs, [Output::Produce { produce: ProduceId(1), payload: Payload::Records(sent.clone()) }]);
    alone.tell(Input::Produced { produce: ProduceId(1), place: place(12) });
    let received = Received { epoch: EPOCH, seqs: sent.seqs(), place: place(12) };
    assert_eq!(alone.outputs, [Output::Send(ToBox::Received(received))]);
    alone.tell(Input::Produced { produce: ProduceId(1), place: place(12) });
    assert_eq!(alone.outputs, [], "once");
}

#[test]
fn the_same_batch_twice_is_produced_twice_for_only_the_applier_dedups() {
    let mut alone = Alone::open();
    for _ in 0..2 {
        alone.hear(ToCentre::Batch(batch([4], true, 10)));
        assert_eq!(alone.produces().len(), 1);
    }
}

#[test]
fn a_produce_that_fails_ends_the_stream() {
    let mut alone = Alone::open();
    alone.hear(ToCentre::Batch(batch([4], true, 10)));
    alone.tell(Input::NotProduced { produce: ProduceId(1), cause: "the broker is down".to_owned() });
    assert_eq!(alone.slowed(), Some(limits::DOWN_RETRY_MS));
    assert_eq!(alone.closing(), Some(&Closing::NotProduced { cause: "the broker is down".to_owned() }));
}

#[test]
fn positions_that_can_not_be_read_are_produced_by_name() {
    let mut alone = Alone::open();
    let lost = Unreadable { epoch: EPOCH, seqs: [7, 8].into_iter().collect(), digest: Some(1) };
    alone.hear(ToCentre::Unreadable(lost.clone()));
    assert_eq!(alone.outputs, [Output::Produce { produce: ProduceId(1), payload: Payload::Unreadable(lost) }]);
}

#[test]
fn live_far_beyond_its_rate_is_slowed_and_within_it_is_not() {
    let mut alone = Alone::open();
    for at in 0..600_u64 {
        alone.now += 20_000 / 50;
        alone.hear(ToCentre::Batch(batch(at * 20 + 1..=at * 20 + 20, true, 10)));
        let [produce] = alone.produces()[..] else { panic!("not taken: {:?}", alone.outputs) };
        alone.tell(Input::Produced { produce, place: place(at) });
    }
    let mut alone = Alone::open();
    let slowed = (0..10_u64).find(|at| {
        alone.hear(ToCentre::Batch(batch(at * 1_000 + 1..=at * 1_000 + 1_000, true, 10)));
        alone.slowed().is_some()
    });
    assert_eq!(slowed, Some(2), "two thousand ahead");
    assert_eq!((alone.produces(), alone.closing()), (vec![], Some(&Closing::Slowed)));
}

#[test]
fn a_heartbeat_is_answered_kept_and_tells_what_credit_is_needed() {
    let mut alone = Alone::open();
    let heartbeat = Heartbeat { tail: 100, trimmed_below: 1, backlog: 3, ..Heartbeat::default() };
    alone.hear(ToCentre::Heartbeat(heartbeat.clone()));
    let [Output::Send(ToBox::AppliedThrough(_)), Output::Heard(heard), Output::Wants(wants)] = alone.outputs.as_slice()
    else {
        panic!("{:?}", alone.outputs)
    };
    assert_eq!((heard, wants), (&heartbeat, &Wants { backlog: true, outstanding: 0 }));
}

#[test]
fn credit_is_told_on_an_open_stream_only() {
    let mut alone = Alone::looking(hello());
    alone.tell(Input::Granted { bytes: 500 });
    assert_eq!(alone.outputs, []);
    alone.find(found());
    assert!(alone.outputs.contains(&Output::Wants(Wants { backlog: true, outstanding: 0 })));
    alone.tell(Input::Granted { bytes: 500 });
    assert!(matches!(alone.outputs.as_slice(), [Output::Send(ToBox::Credit(credit))] if credit.bytes == 500));
}

#[test]
fn handled_goes_before_applied_through() {
    let mut alone = Alone::open();
    let mut block = tidemark_model::Block::default();
    block.add(3, 5, 7);
    let blocks = Blocks::from([(tidemark_model::BlockIndex(0), block)]);
    let blocks = BTreeMap::from([(EPOCH, blocks)]);
    alone.hear(ToCentre::Batch(batch([3], true, 10)));
    alone.tell(Input::Produced { produce: ProduceId(1), place: place(10) });
    alone.tell(Input::Polled { generation: Generation(1), reached: reached(11), blocks });
    let said: Vec<&ToBox> = alone.said().collect();
    assert!(matches!(said.as_slice(), [ToBox::Handled(_), ToBox::AppliedThrough(_)]), "{said:?}");
}

#[test]
fn another_generation_is_told_and_ends_the_stream() {
    let mut alone = Alone::open();
    alone.poll(2, 10);
    assert!(alone.said().any(|message| matches!(message, ToBox::Handled(told) if told.generation == Generation(2))));
    assert_eq!(alone.closing(), Some(&Closing::OtherGeneration));
}

#[test]
fn a_stream_ends_by_goodbye_by_silence_and_by_the_shell() {
    let mut alone = Alone::open();
    alone.hear(ToCentre::Goodbye(Goodbye { reason: "the agent stops".to_owned() }));
    assert_eq!(alone.closing(), Some(&Closing::Goodbye));
    let mut alone = Alone::open();
    alone.wait(limits::OFFLINE_MS - 1);
    assert_eq!(alone.closing(), None);
    alone.wait(1);
    assert_eq!(alone.closing(), Some(&Closing::Silent));
    for (input, closing) in [
        (Input::Superseded, Closing::Superseded),
        (Input::Disconnected, Closing::Disconnected),
        (Input::Stop, Closing::Stopping),
    ] {
        let mut alone = Alone::open();
        alone.tell(input);
        assert_eq!(alone.outputs, [Output::Close(closing)]);
    }
}

#[test]
fn after_its_end_a_stream_does_nothing_more() {
    let mut alone = Alone::open();
    alone.tell(Input::Stop);
    alone.hear(ToCentre::Batch(batch([3], true, 10)));
    assert_eq!(alone.outputs, []);
    alone.poll(2, 10);
    alone.wait(limits::OFFLINE_MS * 2);
    assert_eq!((alone.outputs.len(), alone.receiver.poll_timeout()), (0, None));
}
