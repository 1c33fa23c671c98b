//! Broken scans, some of them in every test run.

use tidemark_fuzz::barcode::{WORDS, check, corpus, patterns};
use tidemark_fuzz::{Mutator, run};

#[test]
fn what_the_corpus_holds_is_sound() {
    let (corpus, patterns) = (corpus(), patterns());
    for number in 0..corpus.count() {
        let input = corpus.input(number);
        let looked = check(input, &patterns);
        assert!(looked.is_ok(), "{looked:?}: {}", tidemark_fuzz::escaped(input));
    }
}

#[test]
fn two_hundred_thousand_broken_scans_find_nothing_and_reach_every_part() {
    let (corpus, patterns) = (corpus(), patterns());
    let mut mutator = Mutator::new(&corpus, WORDS, 7);
    let tally = run(&mut mutator, 200_000, |input| check(input, &patterns)).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(tally.inputs(), 200_000);
    for seen in [
        "gtin",
        "sscc",
        "in_store",
        "in_store_by_pattern",
        "text",
        "command",
        "not_kept",
        "empty",
        "not_text",
        "too_long",
        "length",
        "digit",
        "check_digit",
        "number_system",
        "supplement_alone",
        "gs1_empty",
        "gs1_unknown_ai",
        "gs1_value_short",
        "gs1_value_long",
        "gs1_character",
        "gs1_check_digit",
        "gs1_check_pair",
        "gs1_date",
        "gs1_value",
        "gs1_repeated",
        "gs1_alone",
        "gs1_excluded",
        "gs1_too_many",
        "link_compressed",
        "link_qualifier",
        "link_attribute",
        "link_escape",
    ] {
        assert!(tally.seen.contains_key(seen), "no input came to {seen}: {tally:?}");
    }
    // A person who looks up a code finds it.
    let items = ["gtin", "sscc", "in_store", "in_store_by_pattern", "text", "command", "not_kept"];
    for code in tally.seen.keys().filter(|code| !items.contains(code)) {
        assert!(include_str!("../../../docs/barcodes.md").contains(&format!("`{code}`")), "{code} is not explained");
    }
}

#[test]
fn the_same_seed_gives_the_same_inputs_and_another_does_not() {
    let corpus = corpus();
    let inputs = |seed| {
        let mut mutator = Mutator::new(&corpus, WORDS, seed);
        (0..1_000).map(|_| mutator.next_input().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(inputs(3), inputs(3));
    assert_ne!(inputs(3), inputs(4));
}

#[test]
fn a_fault_and_a_panic_are_found_with_their_input() {
    let corpus = corpus();
    let mut mutator = Mutator::new(&corpus, WORDS, 1);
    let fault = |input: &[u8]| if input.contains(&0x1d) { Err("a separator".to_owned()) } else { Ok("plain") };
    let found = run(&mut mutator, 10_000, fault).unwrap_err();
    assert!(found.input.contains(&0x1d) && found.to_string().starts_with("a separator\ninput: "), "{found}");
    let found = run(&mut mutator, 10_000, |input| {
        assert!(!input.starts_with(b"https"), "an address");
        Ok("no address")
    });
    let found = found.unwrap_err();
    assert!(found.input.starts_with(b"https") && found.wrong == "panicked: an address", "{found}");
}
