//! From `Hello` to `Welcome`.

use super::*;
use crate::message::Heartbeat;
use crate::receiver::input::Rival;

fn welcome(alone: &Alone) -> Option<&crate::message::Welcome> {
    alone.said().find_map(|message| if let ToBox::Welcome(welcome) = message { Some(welcome) } else { None })
}

fn rival(heard_ms: u64) -> Option<Rival> {
    Some(Rival { box_id: BoxId([9; 16]), heard_ms })
}

#[test]
fn a_known_box_is_welcomed_at_once() {
    let mut alone = Alone::looking(hello());
    alone.find(found());
    let welcome = welcome(&alone).unwrap();
    assert_eq!((welcome.ordinal, welcome.suspect, welcome.closed), (EpochOrdinal(1), false, false));
    assert!(matches!(alone.outputs.first(), Some(Output::Opened { closed: false, .. })));
    assert!(alone.said().any(|message| matches!(message, ToBox::AppliedThrough(_))));
}

#[test]
fn a_newcomer_is_held_off_while_another_box_is_heard_and_makes_no_control_record() {
    let mut alone = Alone::looking(hello());
    alone.find(Found { standing: Standing::Unknown, rival: rival(89_999), ..found() });
    assert_eq!(alone.refused().0, RefusalCode::SecondBox);
    let mut alone = Alone::looking(hello());
    alone.find(Found { standing: Standing::Unknown, rival: rival(90_000), ..found() });
    assert_eq!(alone.produces().len(), 1);
}

#[test]
fn the_stores_own_box_is_let_in_though_one_that_was_swapped_out_is_heard_again() {
    let mut alone = Alone::looking(hello());
    alone.find(Found { standing: Standing::Open(EpochOrdinal(2)), rival: rival(0), ..found() });
    assert!(welcome(&alone).is_some_and(|welcome| !welcome.closed));
    let mut alone = Alone::looking(hello());
    alone.find(Found { standing: Standing::Closed(EpochOrdinal(1)), rival: rival(0), ..found() });
    assert!(welcome(&alone).is_some_and(|welcome| welcome.closed));
}

#[test]
fn a_hello_gets_slow_while_the_database_is_down_and_while_it_is_not_its_turn() {
    for (lookup, retry) in [(Lookup::Unavailable, limits::DOWN_RETRY_MS), (Lookup::NotNow { retry_after_ms: 700 }, 700)]
    {
        let mut alone = Alone::looking(hello());
        alone.tell(Input::LookedUp(lookup));
        assert_eq!((alone.slowed(), alone.closing()), (Some(retry), Some(&Closing::Slowed)));
    }
}

#[test]
fn earlier_epochs_are_answered_with_what_is_held_of_them() {
    let told = |epoch| crate::message::EarlierEpoch { epoch, first: 1, tail: 9 };
    let (old, strange) = (Epoch(7), Epoch(8));
    let mut alone = Alone::looking(Hello { earlier: vec![told(old), told(strange)], ..hello() });
    let mut block = tidemark_model::Block::default();
    assert!(block.add(3, 5, 0));
    let blocks = Blocks::from([(tidemark_model::BlockIndex(0), block)]);
    alone.find(Found {
        epochs: BTreeSet::from([EPOCH, old]),
        earlier: BTreeMap::from([(old, blocks.clone())]),
        ..found()
    });
    let handled: Vec<_> = alone.said().filter(|message| matches!(message, ToBox::Handled(_))).collect();
    let expected = crate::message::Handled { generation: Generation(1), epoch: old, blocks };
    assert_eq!(handled, [&ToBox::Handled(expected)], "the strange one waits for a person");
}

#[test]
fn what_a_hello_says_of_earlier_epochs_has_to_be_possible() {
    let told = |first, tail| crate::message::EarlierEpoch { epoch: Epoch(7), first, tail };
    for odd in [told(0, 5), told(7, 5), told(1, limits::LAST_NUMBER + 1)] {
        let alone = Alone::looking(Hello { earlier: vec![odd], ..hello() });
        assert_eq!(alone.refused().0, RefusalCode::Malformed, "{odd:?}");
    }
    let many = vec![told(1, 5); limits::EARLIER_EPOCHS + 1];
    assert_eq!(Alone::looking(Hello { earlier: many, ..hello() }).refused().0, RefusalCode::Malformed);
}

#[test]
fn an_unknown_epoch_makes_one_control_record_and_waits_for_its_ordinal() {
    let mut alone = Alone::looking(hello());
    let unknown = || Found { standing: Standing::Unknown, epochs: BTreeSet::new(), ..found() };
    alone.find(unknown());
    assert!(matches!(alone.outputs.as_slice(), [Output::OpenEpoch { .. }]));
    alone.tell(Input::Produced { produce: ProduceId(1), place: place(10) });
    assert_eq!(alone.outputs, [], "a control record has no position to acknowledge");
    for _ in 0..5 {
        alone.wait(limits::RELOOK_MS);
        assert!(matches!(alone.outputs.as_slice(), [Output::LookUp { again: true, .. }]));
        alone.find(unknown());
        assert_eq!(alone.produces(), []);
    }
    alone.wait(limits::RELOOK_MS);
    alone.find(found());
    assert!(alone.receiver.is_open());
}

#[test]
fn a_hello_that_is_held_for_too_long_is_asked_to_come_again() {
    let mut alone = Alone::looking(hello());
    alone.find(Found { standing: Standing::Unknown, ..found() });
    while alone.closing().is_none() && alone.now < 60_000 {
        alone.wait(limits::RELOOK_MS);
        if alone.closing().is_none() {
            alone.find(Found { standing: Standing::Unknown, ..found() });
        }
    }
    assert_eq!((alone.now, alone.slowed()), (limits::HELD_MS, Some(limits::DOWN_RETRY_MS)));
}

#[test]
fn a_session_that_did_not_grow_is_held_until_all_before_its_hello_is_applied() {
    let mut alone = Alone::looking(hello());
    let suspect = |offset| Found { last_session: Some(Session(5)), reached: reached(offset), ..found() };
    alone.find(suspect(4));
    assert!(welcome(&alone).is_none() && alone.closing().is_none());
    alone.wait(limits::RELOOK_MS);
    assert_eq!(alone.outputs, [], "word of the applier comes by itself");
    alone.poll(1, 9);
    assert_eq!(alone.outputs, []);
    alone.poll(1, 10);
    assert!(matches!(alone.outputs.as_slice(), [Output::LookUp { again: true, .. }]));
    // The look has stored the session: it is the first one that counts.
    alone.find(Found { last_session: Some(Session(5)), ..suspect(10) });
    assert!(welcome(&alone).is_some_and(|welcome| welcome.suspect));
}

#[test]
fn a_box_that_knows_more_than_the_ledger_makes_a_new_generation() {
    for hello in [Hello { handled: 3, ..hello() }, Hello { generation: Generation(4), ..hello() }] {
        let above = hello.generation;
        let mut alone = Alone::looking(hello);
        alone.find(found());
        assert_eq!(alone.outputs, [Output::RaiseGeneration { above }]);
        alone.wait(limits::RELOOK_MS);
        alone.find(Found { generation: Generation(above.0 + 1), ..found() });
        assert_eq!(welcome(&alone).map(|welcome| welcome.generation), Some(Generation(above.0 + 1)));
    }
}

#[test]
fn heartbeats_are_answered_while_a_hello_is_held() {
    let mut alone = Alone::looking(hello());
    alone.find(Found { standing: Standing::Unknown, ..found() });
    alone.hear(ToCentre::Heartbeat(Heartbeat::default()));
    assert!(matches!(alone.outputs.as_slice(), [Output::Send(ToBox::AppliedThrough(_))]));
}
