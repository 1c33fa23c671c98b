//! What a closed epoch had beyond what the centre knew at its end, as
//! documents that the box which has the store now commits once more.

use crate::document::{Body, Document, LateBody, Timing};
use crate::kind::Marks;
use crate::movement::Movement;
use crate::position::{Epoch, Position, Seq};

use super::committed::Committed;
use super::gather::{Gathered, Gatherer};

/// The documents of movements that came when their epoch was closed, in their
/// order, each under its own identity. `between`: another epoch lies between
/// theirs and the present one.
#[must_use]
pub fn late_documents(
    epoch: Epoch,
    between: bool,
    movements: impl IntoIterator<Item = (Seq, Movement)>,
) -> Vec<Document> {
    let (mut gatherer, mut gathered) = (Gatherer::default(), Vec::new());
    // What was parked waits for a person where it is.
    for (seq, movement) in movements.into_iter().filter(|(_, movement)| movement.parked.is_none()) {
        gathered.extend(gatherer.take(Position { epoch, seq }, movement));
    }
    gathered.extend(gatherer.rest());
    gathered.iter().filter_map(|gathered| document(gathered, between)).collect()
}

fn document(gathered: &Gathered, between: bool) -> Option<Document> {
    let (_, one) = gathered.movements.first_key_value()?;
    let Committed { document, content, .. } = Committed::of(gathered, false)?;
    let body = match document.body {
        // What these do follows from what the books hold of what they are about.
        body @ (Body::Void { .. } | Body::Resolve { .. }) => body,
        Body::Trade { .. }
        | Body::Count(_)
        | Body::DayClose { .. }
        | Body::Correction { .. }
        | Body::Restatement { .. }
        | Body::InstructionResult { .. }
        | Body::Late(_)
        | Body::Unreadable(_) => {
            let movements = gathered.movements.clone();
            Body::Late(LateBody { content, count: gathered.count(), movements, between })
        }
    };
    let labels = one.labels.clone();
    let business_day_given = labels.business_day.is_some() && !one.marks.has(Marks::DAY_DERIVED);
    Some(Document { labels, business_day_given, timing: Timing::Live, body, ..document })
}
