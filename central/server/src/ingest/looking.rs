//! Looking a store up for a `Hello`: position first, blocks second.

use std::collections::BTreeMap;

use tidemark_daemon::conditions::registry;
use tidemark_ledger::LedgerError;
use tidemark_sync::message::{Hello, OpeningTaken};
use tidemark_sync::{Admission, Found, Lookup, Millis, Reached, Rival, Standing};

use super::Ingest;

/// What the condition is about.
const LOOK_UP: &str = "boxes that come";
/// How long it is shown if no box comes again.
const SHOWN_MS: u64 = 60_000;

/// Looks up what the ledger knows; a database that is away is `Unavailable`.
/// And the opening that the box has taken, if the ledger does not know that.
pub(super) async fn look_up(ingest: &Ingest, hello: &Hello, again: bool) -> (Lookup, Option<OpeningTaken>) {
    if !again {
        let now = Millis(ingest.clock.millis());
        if let Admission::Later { retry_after_ms } = ingest.desk.admit(&hello.store, now) {
            return (Lookup::NotNow { retry_after_ms }, None);
        }
    }
    let mut untold = None;
    let lookup = found(ingest, hello, again, &mut untold).await;
    tell(ingest, &lookup);
    let lookup = lookup.unwrap_or_else(|error| {
        tracing::warn!(store = %hello.store, %error, "a box could not be looked up");
        Lookup::Unavailable
    });
    (lookup, untold)
}

/// A database that answers questions and takes nothing, such as one without
/// room, keeps every box away that comes: that is told, too.
fn tell(ingest: &Ingest, lookup: &Result<Lookup, LedgerError>) {
    let (code, now) = (registry::DATABASE_UNREACHABLE, ingest.clock.millis());
    match lookup {
        Ok(_) => drop(ingest.conditions.clear_about(code, LOOK_UP)),
        Err(error) => drop(ingest.conditions.raise_for(code, LOOK_UP, error.to_string(), now, SHOWN_MS)),
    }
}

async fn found(
    ingest: &Ingest,
    hello: &Hello,
    again: bool,
    untold: &mut Option<OpeningTaken>,
) -> Result<Lookup, LedgerError> {
    let ledger = &ingest.ledger;
    if ingest.makes_stores {
        ledger.make_store(&hello.store).await?;
    }
    let partition = ingest.stream.partition_of(&hello.store);
    let asked_at = Millis(ingest.clock.millis());
    let end = ingest.stream.end(partition).await.ok();
    let positions = ledger.positions().await?;
    let Some(position) = positions.iter().find(|position| position.partition == partition) else {
        // No applier has begun yet.
        return Ok(Lookup::Unavailable);
    };
    let session = (!again).then_some(hello.session);
    let Some(look) = ledger.look_up(&hello.store, hello.epoch, session, (hello.trimmed_below, hello.tail)).await?
    else {
        return Ok(Lookup::UnknownStore);
    };
    // With an epoch that begins it is told; looked at again it is being told.
    let is_known = look.epochs.contains_key(&hello.epoch) && !again;
    *untold = hello.opening.filter(|opening| is_known && look.taken != Some(opening.seq));
    if look.state == "closed" {
        return Ok(Lookup::ClosedStore);
    }
    let standing = match look.epochs.get(&hello.epoch) {
        None => Standing::Unknown,
        Some((ordinal, false)) => Standing::Open(*ordinal),
        Some((ordinal, true)) => Standing::Closed(*ordinal),
    };
    let epochs = look.all_epochs();
    let mut earlier = BTreeMap::new();
    for told in hello.earlier.iter().filter(|told| epochs.contains(&told.epoch)) {
        let look = ledger.look_up(&hello.store, told.epoch, None, (told.first, told.tail)).await?;
        earlier.insert(told.epoch, look.map(|look| look.blocks).unwrap_or_default());
    }
    Ok(Lookup::Found(Box::new(Found {
        generation: ledger.generation(),
        standing,
        epochs,
        last_session: look.last_session,
        blocks: look.blocks,
        earlier,
        reached: Reached { stream: position.stream, partition, offset: position.next, end, asked_at },
        rival: rival(ingest, hello),
        server_time: ingest.clock.wall(),
    })))
}

/// Another box of the store: one that sits here, else the one that was heard
/// last by whichever process.
fn rival(ingest: &Ingest, hello: &Hello) -> Option<Rival> {
    let now = Millis(ingest.clock.millis());
    let here = ingest.desk.rival(&hello.store, hello.box_id, now);
    here.or_else(|| ingest.fleet.rival(&hello.store, hello.box_id, now))
}
