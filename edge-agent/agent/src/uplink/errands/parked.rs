//! What was parked counts after all: a document whose id was used before, as it
//! was given; or a line that could not be understood, as head office says what
//! it means. Either is decided now, at the time it came.

use tidemark_journal::Journal;
use tidemark_model::document::{Body, Line, TakenLine, Timing, TradeKind, Unit};
use tidemark_model::movement::{About, Labels};
use tidemark_model::{Document, Kind, Marks, Movement, ParkReason, Position, Quantity, Sku};
use tidemark_sync::message::Settlement;

use super::ErrandError;

fn unfit(why: impl Into<String>) -> ErrandError {
    ErrandError::Unfit(why.into())
}

/// A movement that this box still holds.
pub(super) fn held(journal: &Journal, at: Position) -> Result<Movement, ErrandError> {
    journal.movement(at)?.ok_or_else(|| {
        unfit(format!(
            "movement {} of epoch {} is not held here any more, so that nobody can tell whether a count has seen it; \
             count the items instead",
            at.seq, at.epoch
        ))
    })
}

/// Labels of the document that is mended, with who mends it and why.
fn labels(of: &Movement, by: Labels) -> Labels {
    Labels { operator: by.operator, note: by.note, ..of.labels.clone() }
}

/// A document that was parked as a whole, as it was given.
pub(super) fn accepted(journal: &Journal, answer: Document, about: Position) -> Result<Document, ErrandError> {
    let first = held(journal, about)?;
    match first.parked.as_ref().map(|parked| parked.reason) {
        Some(ParkReason::IdReused | ParkReason::PartialLine) => {}
        Some(reason) => {
            return Err(unfit(format!("it is parked as {reason} and can't count as it is; say what it means")));
        }
        None => return Err(unfit("it is not parked: it counts already")),
    }
    let timing = Timing::At(first.happened);
    let labels = labels(&first, answer.labels.clone());
    let body = match (first.kind, TradeKind::of(first.kind)) {
        (_, Some(kind)) => {
            Body::Trade { kind, last: first.marks.has(Marks::FINAL), lines: lines(journal, about, &first)? }
        }
        (Kind::Void, None) => match first.about.clone() {
            Some(About::Document { source, id }) => Body::Void { source, id },
            Some(About::Position(_) | About::Instruction(_) | About::Resolution(_)) | None => {
                return Err(unfit("it names no document that could be voided"));
            }
        },
        (kind, None) => return Err(unfit(format!("a {kind} can't count later; count the items instead"))),
    };
    Ok(Document { timing, labels, body, ..answer })
}

/// The lines of a parked document, of which all must still be held.
fn lines(journal: &Journal, about: Position, first: &Movement) -> Result<Vec<Line>, ErrandError> {
    let before = u64::from(first.document.ordinal.saturating_sub(1));
    let begin = about.seq.saturating_sub(before);
    let mut lines = Vec::new();
    for seq in (begin..).take(usize::try_from(first.document.count).unwrap_or(usize::MAX)) {
        let movement = held(journal, Position { seq, ..about })?;
        let is_of_it =
            movement.document.key() == first.document.key() && movement.document.content == first.document.content;
        if !is_of_it {
            return Err(unfit(format!("movement {seq} is not of the same document")));
        }
        // A line that could not be understood has a letter of its own.
        let whole = movement
            .parked
            .as_ref()
            .is_some_and(|parked| matches!(parked.reason, ParkReason::IdReused | ParkReason::PartialLine));
        if whole {
            lines.extend(line(&movement)?.map(Line::Taken));
        }
    }
    if lines.is_empty() { Err(unfit("none of its lines can be understood")) } else { Ok(lines) }
}

/// A line as it was committed, with the units of then; none if it names no
/// item.
fn line(movement: &Movement) -> Result<Option<TakenLine>, ErrandError> {
    let unscalable = |error| unfit(format!("its quantity can't be told in base units: {error}"));
    let (item, quantity, unit) = match (&movement.sku, &movement.code) {
        (Some(sku), _) => {
            (sku.clone(), movement.quantity.scale(movement.units_per_scan).map_err(unscalable)?, Unit::Sku)
        }
        (None, Some(code)) => {
            let item = Sku::new(code.as_str()).map_err(|error| unfit(error.to_string()))?;
            let unit = if movement.marks.has(Marks::BASE) { Unit::Base } else { Unit::AsGiven };
            (item, movement.quantity, unit)
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(TakenLine {
        kind: TradeKind::of(movement.kind),
        unit,
        reason: movement.reason.clone(),
        disposition: movement.disposition,
        lot: movement.line.lot.clone(),
        expiry: movement.line.expiry.clone(),
        serial: movement.line.serial.clone(),
        estimated: movement.marks.has(Marks::ESTIMATED),
        ..TakenLine::plain(item, quantity)
    }))
}

/// A line that could not be understood, as head office says what it means.
pub(super) fn settled(journal: &Journal, answer: Document, means: &Settlement) -> Result<Document, ErrandError> {
    let movement = held(journal, means.about)?;
    let Some(parked) = &movement.parked else { return Err(unfit("it is not parked: it counts already")) };
    if matches!(parked.reason, ParkReason::IdReused | ParkReason::PartialLine) {
        return Err(unfit("its document is parked as a whole; let that count, or discard it"));
    }
    let Some(kind) = TradeKind::of(movement.kind) else {
        return Err(unfit(format!("a {} is no line of goods; correct the items instead", movement.kind)));
    };
    let given = means.quantity.map_or_else(|| quantity_of(&parked.raw), Ok)?;
    let quantity = given.scale(means.units_per_scan).map_err(|error| unfit(error.to_string()))?;
    let line = TakenLine {
        unit: Unit::Sku,
        disposition: movement.disposition,
        ..TakenLine::plain(means.sku.clone(), quantity)
    };
    let labels = labels(&movement, answer.labels.clone());
    let body = Body::Trade { kind, last: false, lines: vec![Line::Taken(line)] };
    Ok(Document { timing: Timing::At(movement.happened), labels, body, ..answer })
}

/// The quantity of a parked line as it was given: a member of an object, or
/// what stands before the sign of times.
fn quantity_of(raw: &str) -> Result<Quantity, ErrandError> {
    let object: Option<serde_json::Value> = serde_json::from_str(raw).ok();
    let member = object.as_ref().and_then(|object| object.get("quantity"));
    let text = match member {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => raw.split_once(" × ").map(|(before, _)| before.to_owned()).unwrap_or_default(),
    };
    Quantity::parse_line(text.trim())
        .map_err(|error| unfit(format!("how many it was can't be read ({error}); say how many")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tidemark_journal::{Committed, Reading, Submission, Writer};
    use tidemark_model::document::{CountBody, CountReason, ParkedLine, SheetUse};
    use tidemark_model::{DocumentId, Source, StoreId, WallTime};

    use super::*;

    fn document(id: &str, body: Body) -> Document {
        Document {
            source: Source::new("till:1").unwrap(),
            id: DocumentId::new(id).unwrap(),
            wall: WallTime(0),
            labels: Labels::default(),
            business_day_given: false,
            timing: Timing::Live,
            sequence: None,
            body,
        }
    }

    fn sale(lines: Vec<Line>) -> Body {
        Body::Trade { kind: TradeKind::Sale, last: false, lines }
    }

    fn of_apples(quantity: i64) -> Line {
        let line = TakenLine::plain(Sku::new("apple").unwrap(), Quantity::units(quantity).unwrap());
        Line::Taken(TakenLine { unit: Unit::Sku, ..line })
    }

    fn crates(raw: &str) -> Line {
        Line::Parked(ParkedLine {
            reason: ParkReason::UnitUnknown,
            detail: "no such unit".to_owned(),
            raw: raw.to_owned(),
        })
    }

    fn twelve(about: Position) -> Settlement {
        let sku = Sku::new("apple").unwrap();
        Settlement { about, sku, units_per_scan: Quantity::units(12).unwrap(), quantity: None }
    }

    struct Shop {
        _folder: tempfile::TempDir,
        now: Arc<AtomicU64>,
        journal: Journal,
        writer: Writer,
    }

    impl Shop {
        fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let now = Arc::new(AtomicU64::new(1_000));
            let steady = Arc::clone(&now);
            let read = move || Reading { steady_ms: steady.load(Ordering::Relaxed), wall: WallTime(0) };
            let store = StoreId::new("S0001").unwrap();
            let config = tidemark_journal::Config::new(folder.path().join("journal"), store, Arc::new(read));
            let (journal, writer) = Journal::open(config).unwrap();
            Self { _folder: folder, now, journal, writer }
        }

        async fn commit(&self, document: Document) -> Committed {
            self.now.fetch_add(5_000, Ordering::Relaxed);
            self.journal.submit(Submission::of(document)).await.unwrap()
        }

        async fn close(self) {
            tokio::task::spawn_blocking(move || self.writer.stop()).await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_line_counts_as_head_office_says_unless_a_count_has_seen_it() {
        let shop = Shop::open();
        let parked = shop.commit(document("1", sale(vec![crates("3 × box")]))).await;
        let body = CountBody {
            reason: CountReason::Opening,
            full: false,
            last: false,
            sells: true,
            sheet: SheetUse::Whole,
            lines: vec![of_apples(100)],
        };
        let before = settled(&shop.journal, document("a", sale(Vec::new())), &twelve(parked.first)).unwrap();
        let done = shop.commit(before).await;
        assert_eq!(done.movements[0].effect, Quantity::units(-36).unwrap());
        shop.commit(document("2", Body::Count(body))).await;
        let after = settled(&shop.journal, document("b", sale(Vec::new())), &twelve(parked.first)).unwrap();
        let done = shop.commit(after).await;
        assert!(done.movements[0].effect == Quantity::ZERO && done.movements[0].marks.has(Marks::EXPLAINED));
        let later = shop.commit(document("3", sale(vec![crates(r#"{"item":"x","quantity":"many"}"#)]))).await;
        let unread = settled(&shop.journal, document("c", sale(Vec::new())), &twelve(later.first)).unwrap_err();
        assert!(unread.to_string().contains("say how many"), "{unread}");
        let told = Settlement { quantity: Some(Quantity::units(2).unwrap()), ..twelve(later.first) };
        let done = shop.commit(settled(&shop.journal, document("c", sale(Vec::new())), &told).unwrap()).await;
        assert_eq!(done.movements[0].on_hand_after, Quantity::units(76));
        shop.close().await;
    }

    #[tokio::test]
    async fn a_document_under_a_used_id_counts_as_it_was_given_and_nothing_else_does() {
        let shop = Shop::open();
        let first = shop.commit(document("1", sale(vec![of_apples(1)]))).await;
        let other = shop.commit(document("1", sale(vec![of_apples(5), crates("2 × box")]))).await;
        let answer = |id: &str| document(id, sale(Vec::new()));
        let counted = accepted(&shop.journal, answer("a"), other.first).unwrap();
        let done = shop.commit(counted).await;
        assert_eq!(done.movements.iter().map(|told| told.effect).collect::<Vec<_>>(), [Quantity::units(-5).unwrap()]);
        let counts = accepted(&shop.journal, answer("b"), first.first).unwrap_err();
        assert!(counts.to_string().contains("counts already"), "{counts}");
        let line = Position { seq: other.first.seq + 1, ..other.first };
        let odd = accepted(&shop.journal, answer("c"), line).unwrap_err();
        assert!(odd.to_string().contains("say what it means"), "{odd}");
        let whole = settled(&shop.journal, answer("d"), &twelve(other.first)).unwrap_err();
        assert!(whole.to_string().contains("as a whole"), "{whole}");
        let gone = accepted(&shop.journal, answer("e"), Position { seq: 99, ..line }).unwrap_err();
        assert!(gone.to_string().contains("not held here any more"), "{gone}");
        shop.close().await;
    }
}
