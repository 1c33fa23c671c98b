//! The birth of a journal: a new epoch, and what the box keeps of the journal
//! before it, if that was damaged and set aside.

use tidemark_model::{BoxId, Epoch};

use super::OpenError;
use super::heritage::Heritage;
use crate::config::Config;
use crate::layout::identity::{Identity, KeptIdentity};
use crate::layout::{Family, meta};
use crate::state::State;
use crate::store::{Durability, ReadError, Store, Tuning};

/// Draws the epoch of a new journal and syncs it with what it takes over.
///
/// Stock begins as that of every epoch: empty, basis none, until the opening
/// is taken.
pub(super) fn bear(config: &Config, tuning: &Tuning, store: &Store) -> Result<State, OpenError> {
    let storage = |error: ReadError| OpenError::Storage { dir: config.dir.clone(), cause: error.to_string() };
    let heritage = Heritage::of(config, tuning);
    let box_id = match heritage.box_id {
        Some(box_id) => box_id,
        None => new_box_id()?,
    };
    let identity = Identity { store: config.store.clone(), box_id, epoch: new_epoch()? };
    heritage.put_catalogue(store).map_err(storage)?;
    let mut batch = store.batch();
    heritage.put(&mut batch).map_err(storage)?;
    batch.put_value(Family::Meta, &meta::IDENTITY, &KeptIdentity::Known(identity)).map_err(storage)?;
    let writes = batch.writes;
    store.write(writes, Durability::Synced).map_err(storage)?;
    match State::read(store).map_err(storage)? {
        Some(Ok(state)) => Ok(state),
        Some(Err(_)) | None => {
            Err(OpenError::Storage { dir: config.dir.clone(), cause: "a new identity can't be read back".to_owned() })
        }
    }
}

/// Draws an epoch.
pub(crate) fn new_epoch() -> Result<Epoch, OpenError> {
    Ok(Epoch(u64::from_be_bytes(random()?)))
}

fn new_box_id() -> Result<BoxId, OpenError> {
    let mut box_id = random::<16>()?;
    // A random UUID says so in two places (RFC 9562, section 5.4).
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut box_id;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    Ok(BoxId(box_id))
}

fn random<const N: usize>() -> Result<[u8; N], OpenError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| OpenError::NoRandomness(error.to_string()))?;
    Ok(bytes)
}
