//! A till in the middle of chaos: repeats each receipt until it is answered,
//! now and then one that was answered, and now and then rings up a line that
//! nobody can understand.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::chance::Chance;
use crate::patience::{Trouble, expect};
use crate::range::Article;
use crate::receipts::Till;
use crate::shop::Record;
use crate::submit::{TillLine, status_of};

/// Of a thousand receipts, how many are submitted again though answered.
const REPEATED: u64 = 150;
/// Of a thousand receipts, how many have a line that nobody understands.
const NONSENSE: u64 = 30;
/// The longest time between two receipts, in milliseconds.
const PAUSE_MS: u64 = 120;

/// What a till knows and where it stands.
#[derive(Debug)]
pub(super) struct Cashier {
    pub(super) store: String,
    pub(super) line: TillLine,
    pub(super) range: Vec<Article>,
    pub(super) till: Till,
    pub(super) chance: Chance,
}

impl Cashier {
    /// Sells until the doors close; what it knows then.
    pub(super) async fn work(mut self, doors: watch::Receiver<bool>) -> Result<Record, Trouble> {
        let mut record = Record::default();
        while *doors.borrow() {
            let event = self.ring_up(&mut record);
            let told = self.line.submit(&event).await?;
            // Answered and not heard, it is a duplicate when it is repeated.
            expect(matches!(status_of(&told.result), "accepted" | "duplicate"), || {
                format!("a sale in {} was refused: {}", self.store, told.result)
            })?;
            if self.chance.happens(REPEATED) {
                record.repeated += 1;
                let again = self.line.submit(&event).await?;
                record.doubled += u64::from(status_of(&again.result) != "duplicate");
            }
            tokio::time::sleep(Duration::from_millis(self.chance.below(PAUSE_MS))).await;
        }
        Ok(record)
    }

    /// The next receipt; the till has it before it tells anyone.
    fn ring_up(&mut self, record: &mut Record) -> Value {
        let receipt = self.till.ring_up(&self.range);
        record.sums.sold(&self.store, &receipt);
        let mut event = receipt.event();
        if self.chance.happens(NONSENSE)
            && let Some(lines) = event.pointer_mut("/data/lines").and_then(Value::as_array_mut)
        {
            record.parked += 1;
            lines.push(json!({"item": "A00001", "quantity": "a few"}));
        }
        event
    }
}
