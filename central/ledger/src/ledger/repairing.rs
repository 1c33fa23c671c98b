//! Dead letters, instructions and jobs, on either database.

use tidemark_model::StoreId;

use super::Ledger;
use crate::error::LedgerError;
use crate::instructions::{Instructed, InstructionFilter, InstructionRow};
use crate::letters::{JobRow, LetterFilter, LetterGroup, News, Reapplied, Repair, Repaired};
use crate::rows::DeadLetterRow;

impl Ledger {
    /// Dead letters of a partition that were parked after a step.
    pub async fn dead_letters_after(&self, partition: u32, step: u64) -> Result<Vec<DeadLetterRow>, LedgerError> {
        on!(self, ledger => ledger.dead_letters_after(partition, step).await)
    }

    /// Dead letters, newest first.
    pub async fn dead_letters(&self, filter: &LetterFilter, most: u32) -> Result<Vec<DeadLetterRow>, LedgerError> {
        on!(self, ledger => ledger.dead_letters(filter, most).await)
    }

    /// Dead letters by number, each with its bytes; unknown ones are left out.
    pub async fn letters_by_number(&self, numbers: &[i64]) -> Result<Vec<(DeadLetterRow, Vec<u8>)>, LedgerError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        on!(self, ledger => ledger.letters_by_number(numbers).await)
    }

    /// Letters that are alike, most first: so many from a place of that list
    /// on.
    pub async fn letter_groups(
        &self,
        filter: &LetterFilter,
        by_code: bool,
        part: (u32, u32),
    ) -> Result<Vec<LetterGroup>, LedgerError> {
        on!(self, ledger => ledger.letter_groups(filter, by_code, part).await)
    }

    /// How many dead letters of each reason are not closed, most first.
    pub async fn dead_letter_groups(&self) -> Result<Vec<(String, u64)>, LedgerError> {
        on!(self, ledger => ledger.dead_letter_groups().await)
    }

    /// Begins a repair: all of it, or nothing.
    pub async fn repair(&self, repair: &Repair, now_ms: i64) -> Result<Repaired, LedgerError> {
        on!(self, ledger => ledger.repair(repair, now_ms).await)
    }

    /// Letters that a job has and the centre is to apply itself, in order.
    pub async fn letters_to_apply(&self, most: u32) -> Result<Vec<i64>, LedgerError> {
        on!(self, ledger => ledger.letters_to_apply(most).await)
    }

    /// Applies a letter that the centre parked itself, with the box's own
    /// effect.
    pub async fn apply_letter(&self, letter: i64, now_ms: i64) -> Result<Reapplied, LedgerError> {
        on!(self, ledger => ledger.apply_letter(letter, now_ms).await)
    }

    /// Jobs, newest first, below a number.
    pub async fn jobs(&self, below: Option<i64>, most: u32) -> Result<Vec<JobRow>, LedgerError> {
        on!(self, ledger => ledger.jobs(below, most).await)
    }

    /// One job.
    pub async fn job(&self, number: i64) -> Result<Option<JobRow>, LedgerError> {
        on!(self, ledger => ledger.job(number).await)
    }

    /// The job that was begun under an id.
    pub async fn job_of_id(&self, id: &str) -> Result<Option<JobRow>, LedgerError> {
        on!(self, ledger => ledger.job_of_id(id).await)
    }

    /// Letters that repairs changed and the topic has not yet, in order.
    pub async fn letter_news(&self, most: u32) -> Result<Vec<News>, LedgerError> {
        on!(self, ledger => ledger.letter_news(most).await)
    }

    /// The topic has these.
    pub async fn forget_news(&self, told: &[News]) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.forget_news(told).await)
    }

    /// Keeps instructions of head office, all or none; asked for again, under
    /// the same ids and with the same bodies, nothing happens.
    pub async fn instruct(&self, instructions: &[InstructionRow], now_ms: i64) -> Result<Instructed, LedgerError> {
        on!(self, ledger => ledger.instruct(instructions, now_ms).await)
    }

    /// What a store's box has not answered yet, in order.
    pub async fn waiting_instructions(&self, store: &StoreId) -> Result<Vec<InstructionRow>, LedgerError> {
        on!(self, ledger => ledger.waiting_instructions(store).await)
    }

    /// What was asked of these stores' boxes and not handed to them yet, in
    /// order.
    pub async fn untold_instructions(&self, stores: &[String], most: u32) -> Result<Vec<InstructionRow>, LedgerError> {
        on!(self, ledger => ledger.untold_instructions(stores, most).await)
    }

    /// Instructions were handed to the box of a store; or, with no moment, all
    /// that it did not answer are not any more.
    pub async fn hand_over(&self, store: &StoreId, ids: &[String], at: Option<i64>) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.hand_over(store, ids, at).await)
    }

    /// One instruction.
    pub async fn instruction(&self, id: &str) -> Result<Option<InstructionRow>, LedgerError> {
        on!(self, ledger => ledger.instruction(id).await)
    }

    /// Instructions, newest first, without their bodies.
    pub async fn instructions(
        &self,
        filter: &InstructionFilter,
        most: u32,
    ) -> Result<Vec<InstructionRow>, LedgerError> {
        on!(self, ledger => ledger.instructions(filter, most).await)
    }
}
