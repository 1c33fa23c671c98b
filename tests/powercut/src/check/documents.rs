//! Documents after a cut: what was answered is there where it was answered,
//! whole and once; nothing else is but what was submitted; and the tills go
//! on.

use std::collections::BTreeMap;

use tidemark_journal::{Committed, NotSaved, Submission};
use tidemark_model::opening::is_of_opening;
use tidemark_model::{DocumentKey, Movement, Quantity, Status};

use super::{Checking, Fault, Finding, Held};
use crate::answers::{Mark, Saved};
use crate::shop::{self, AFTERWARDS, Shop};

impl Checking<'_> {
    pub(super) fn documents(&self, findings: &mut Vec<Finding>) {
        let held = self.held_documents(findings);
        for (number, saved) in &self.known.saved {
            let last = saved.first + u64::from(saved.lines) - 1;
            if last < self.content.trimmed_below {
                continue;
            }
            match held.get(number) {
                None => {
                    findings.push(Finding::new(Fault::Lost, format!("document {number}, answered at {}", saved.first)))
                }
                Some(found) if found != saved => {
                    let seen = format!("document {number} was answered as {saved:?} and is held as {found:?}");
                    findings.push(Finding::new(Fault::Lost, seen));
                }
                Some(_) => {}
            }
        }
        let open = |number: &u64| self.known.open.contains(number);
        for number in held.keys().filter(|number| !self.known.saved.contains_key(number) && !open(number)) {
            findings.push(Finding::new(Fault::Untrue, format!("document {number} was not submitted")));
        }
    }

    /// The documents of the movements, each whole: its movements stand side by
    /// side, all of them, unless the first are trimmed.
    fn held_documents(&self, findings: &mut Vec<Finding>) -> BTreeMap<u64, Saved> {
        let mut held: BTreeMap<u64, Saved> = BTreeMap::new();
        let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
        for Held { seq, movement, .. } in &self.content.movements {
            let document = &movement.document;
            if self.is_of_opening(movement) {
                continue;
            }
            let Some(number) = shop::number_of(&document.id) else {
                findings.push(Finding::new(Fault::Untrue, format!("movement {seq} is of document {}", document.id)));
                continue;
            };
            let saved = Saved { first: (seq + 1).saturating_sub(document.ordinal.into()), lines: document.count };
            *seen.entry(number).or_default() += 1;
            if held.insert(number, saved).is_some_and(|before| before != saved) {
                findings.push(Finding::new(Fault::Untrue, format!("document {number} is held twice")));
            }
            let submitted = Shop { seed: self.known.seed }.document(number);
            if submitted.is_none_or(|submitted| DocumentKey::of(&submitted.source, &submitted.id) != document.key()) {
                findings.push(Finding::new(Fault::Untrue, format!("document {number} is of another till")));
            }
        }
        for (number, saved) in &held {
            let trimmed = self.content.trimmed_below.saturating_sub(saved.first);
            let whole = u64::from(saved.lines).saturating_sub(trimmed);
            if seen.get(number).copied().map(u64::from) != Some(whole) {
                findings.push(Finding::new(Fault::Untrue, format!("document {number} is held in part")));
            }
        }
        held
    }

    /// Whether the box committed a movement by itself, as it took its opening:
    /// the days' openings are empty, so that it changes nothing and only says
    /// that the item is to be counted.
    fn is_of_opening(&self, movement: &Movement) -> bool {
        let asked = self.known.mark(Mark::Opening).1 > 0;
        asked && is_of_opening(movement, self.content.epoch) && movement.effect == Quantity::ZERO
    }

    /// What the centre has read is still the same.
    pub(super) fn sent(&self, findings: &mut Vec<Finding>) {
        let held: BTreeMap<u64, u64> = self.content.movements.iter().map(|held| (held.seq, held.digest)).collect();
        for sent in self.known.sent.iter().filter(|sent| sent.seq >= self.content.trimmed_below) {
            if held.get(&sent.seq) != Some(&sent.digest) {
                let seen = format!("movement {}, which the centre has read, is another one or gone", sent.seq);
                findings.push(Finding::new(Fault::Lost, seen));
            }
        }
    }

    /// All tills repeat all they have, as after a power cut; then one sells.
    pub(super) fn sell_on(&self, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Finding::new(Fault::NotSelling, error.to_string()))?;
        let shop = Shop { seed: self.known.seed };
        let numbers: Vec<u64> = self.known.saved.keys().chain(&self.known.open).copied().collect();
        let documents = numbers.iter().filter_map(|number| shop.document(*number)).map(Submission::of);
        let answers = runtime.block_on(self.journal.submit_all(documents.collect()));
        let mut next = self.content.tail + 1;
        for (number, answer) in numbers.iter().zip(answers) {
            findings.extend(self.repeated(*number, answer, &mut next));
        }
        let Some(afterwards) = shop.document(AFTERWARDS) else { return Ok(()) };
        let sold = runtime.block_on(self.journal.submit(Submission::of(afterwards)));
        match sold {
            Ok(sold) if sold.status == Status::Accepted && sold.first.seq == next => {}
            Ok(sold) => {
                let seen = format!("a new sale is {:?} at {}, expected at {next}", sold.status, sold.first.seq);
                findings.push(Finding::new(Fault::NotSelling, seen));
            }
            Err(error) => findings.push(Finding::new(Fault::NotSelling, error.to_string())),
        }
        Ok(())
    }

    /// A repeated document is a duplicate, and where it was answered; one that
    /// was never answered may be new.
    fn repeated(&self, number: u64, answer: Result<Committed, NotSaved>, next: &mut u64) -> Option<Finding> {
        let committed = match answer {
            Ok(committed) => committed,
            Err(error) => return Some(Finding::new(Fault::NotSelling, error.to_string())),
        };
        let found = Saved { first: committed.first.seq, lines: committed.lines };
        match (self.known.saved.get(&number), committed.status) {
            (Some(saved), Status::Duplicate) if *saved == found => None,
            (Some(saved), status @ (Status::Duplicate | Status::Accepted)) => {
                let seen =
                    format!("document {number}, answered as {saved:?}, is {status:?} as {found:?} when repeated");
                Some(Finding::new(Fault::Lost, seen))
            }
            (None, Status::Duplicate) if found.first + u64::from(found.lines) <= *next => None,
            (None, Status::Accepted) if found.first == *next => {
                *next += u64::from(found.lines);
                None
            }
            (None, status @ (Status::Duplicate | Status::Accepted)) => {
                let seen = format!("document {number}, never answered, is {status:?} as {found:?}, next is {next}");
                Some(Finding::new(Fault::NotSelling, seen))
            }
        }
    }
}
