//! Levels in Redis, one key a level: `tidemark:level:<store>/<sku>`, which
//! lives 60 s. The value is `<generation> <counter> <effect sum> <on hand>
//! <basis> <changed at> <0, or 1 for an older epoch's> <reserved> <safety
//! stock>`, quantities in thousandths.
//!
//! A cache that does not answer is left alone for a second, so that a reader
//! never waits for it twice.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, Client, RedisError, Script};
use tidemark_ledger::LevelRow;
use tidemark_model::{Basis, Generation, Quantity};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Key;

/// How long a level lives at most, in seconds.
const LIFE_S: u64 = 60;
/// Levels of one script.
const TOGETHER: usize = 500;
/// How long an answer, or a connection, is waited for.
const ANSWER: Duration = Duration::from_millis(500);
/// How long a cache that failed is left alone.
const REST: Duration = Duration::from_secs(1);

/// Sets each value unless a newer version is held.
const SET_IF_NEWER: &str = r"
for i, key in ipairs(KEYS) do
    local value = ARGV[i + 1]
    local held = redis.call('GET', key)
    local newer = true
    if held then
        local g, c = held:match('^(%d+) (%d+) ')
        local generation, counter = value:match('^(%d+) (%d+) ')
        g, c, generation, counter = tonumber(g), tonumber(c), tonumber(generation), tonumber(counter)
        newer = not g or generation > g or (generation == g and counter > c)
    end
    if newer then
        redis.call('SET', key, value, 'EX', ARGV[1])
    end
end
return 0
";

/// Why the cache did not take levels.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// Its address is none.
    #[error("the address of Redis is no good: {0}")]
    Address(RedisError),
    /// It does not answer.
    #[error("Redis can't do it now: {0}")]
    Unavailable(#[from] RedisError),
}

/// Levels in Redis; cheap to clone.
#[derive(Clone)]
pub(crate) struct Redis {
    connection: ConnectionManager,
    set: Arc<Script>,
    /// Until when it is left alone.
    rests: watch::Sender<Option<Instant>>,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}

impl Redis {
    pub(crate) fn at(url: &str) -> Result<Self, CacheError> {
        let client = Client::open(url).map_err(CacheError::Address)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(CacheError::Address)?;
        let (rests, _) = watch::channel(None);
        Ok(Self { connection, set: Arc::new(Script::new(SET_IF_NEWER)), rests })
    }

    /// A cache at rest has nothing.
    pub(crate) async fn get(&self, keys: &[Key]) -> Vec<Option<LevelRow>> {
        let nothing = || vec![None; keys.len()];
        let rests = self.rests.borrow().is_some_and(|until| Instant::now() < until);
        if rests || keys.is_empty() {
            return nothing();
        }
        let names: Vec<String> = keys.iter().map(name_of).collect();
        let asked = self.connection.clone().mget::<_, Vec<Option<String>>>(names).await;
        match asked {
            Ok(values) if values.len() == keys.len() => {
                let level = |(key, value): (&Key, Option<String>)| value.and_then(|value| level_of(key, &value));
                keys.iter().zip(values).map(level).collect()
            }
            Ok(_) => nothing(),
            Err(error) => {
                self.rest(&error);
                nothing()
            }
        }
    }

    pub(crate) async fn put(&self, levels: &[LevelRow]) -> Result<(), CacheError> {
        for chunk in levels.chunks(TOGETHER) {
            let mut call = self.set.prepare_invoke();
            call.arg(LIFE_S);
            for level in chunk {
                call.key(name_of(&(level.store.clone(), level.sku.clone()))).arg(value_of(level));
            }
            let done: Result<i64, RedisError> = call.invoke_async(&mut self.connection.clone()).await;
            done.inspect_err(|error| self.rest(error))?;
        }
        Ok(())
    }

    fn rest(&self, error: &RedisError) {
        tracing::debug!(%error, "Redis does not answer");
        self.rests.send_replace(Some(Instant::now() + REST));
    }
}

fn name_of((store, sku): &Key) -> String {
    format!("tidemark:level:{store}/{sku}")
}

fn value_of(level: &LevelRow) -> String {
    format!(
        "{} {} {} {} {} {} {} {} {}",
        level.version.0.0,
        level.version.1,
        level.effect_sum.as_thousandths(),
        level.on_hand.as_thousandths(),
        level.basis.word(),
        level.changed_at,
        u8::from(level.older),
        level.reserved.as_thousandths(),
        level.safety.as_thousandths(),
    )
}

/// The level of a value; none if it is not ours.
fn level_of(key: &Key, value: &str) -> Option<LevelRow> {
    let mut words = value.split(' ');
    let level = LevelRow {
        version: (Generation(words.next()?.parse().ok()?), words.next()?.parse().ok()?),
        effect_sum: Quantity::thousandths(words.next()?.parse().ok()?),
        on_hand: Quantity::thousandths(words.next()?.parse().ok()?),
        basis: words
            .next()
            .and_then(|word| [Basis::None, Basis::Counted].into_iter().find(|basis| basis.word() == word))?,
        changed_at: words.next()?.parse().ok()?,
        older: words.next()?.parse::<u8>().ok()? != 0,
        reserved: Quantity::thousandths(words.next()?.parse().ok()?),
        safety: Quantity::thousandths(words.next()?.parse().ok()?),
        store: key.0.clone(),
        sku: key.1.clone(),
    };
    words.next().is_none().then_some(level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tidemark_model::{Sku, StoreId};
    use tidemark_parts::Redis as Server;

    fn key() -> Key {
        (StoreId::new("S1").unwrap(), Sku::new("apple").unwrap())
    }

    fn level(generation: u64, counter: u64) -> LevelRow {
        let (store, sku) = key();
        LevelRow {
            store,
            sku,
            effect_sum: Quantity::thousandths(-1_500),
            on_hand: Quantity::thousandths(98_500),
            basis: Basis::Counted,
            older: true,
            reserved: Quantity::thousandths(2_000),
            safety: Quantity::thousandths(1_000),
            version: (Generation(generation), counter),
            changed_at: 1_700_000_000_000,
        }
    }

    proptest! {
        #[test]
        fn a_value_is_read_as_it_was_written(sum in any::<i64>(), hand in any::<i64>(), at in any::<i64>(), n in any::<u64>()) {
            let level = LevelRow {
                effect_sum: Quantity::thousandths(sum), on_hand: Quantity::thousandths(hand), changed_at: at,
                ..level(n, n)
            };
            prop_assert_eq!(level_of(&key(), &value_of(&level)), Some(level));
        }
    }

    #[test]
    fn a_value_of_others_is_none() {
        for value in
            ["", "1", "1 2 3 4 counted 6", "1 2 3 4 often 6 0", "1 2 3 4 counted 6 0 7", "1 2 0.5 4 counted 6 0"]
        {
            assert_eq!(level_of(&key(), value), None, "{value}");
        }
    }

    #[tokio::test]
    async fn an_older_level_never_replaces_a_newer_one() {
        let server = Server::start().unwrap();
        let cache = Redis::at(&server.url()).unwrap();
        assert_eq!(cache.get(&[key()]).await, [None]);
        for (put, expected) in
            [((1, 5), (1, 5)), ((1, 4), (1, 5)), ((2, 1), (2, 1)), ((1, 9), (2, 1)), ((2, 10), (2, 10))]
        {
            cache.put(&[level(put.0, put.1)]).await.unwrap();
            assert_eq!(cache.get(&[key()]).await, [Some(level(expected.0, expected.1))]);
        }
    }

    #[tokio::test]
    async fn a_server_that_is_gone_is_a_miss_and_one_that_comes_back_is_used() {
        let server = Server::start().unwrap();
        let cache = Redis::at(&server.url()).unwrap();
        cache.put(&[level(1, 1)]).await.unwrap();
        server.kill().unwrap();
        assert_eq!(cache.get(&[key()]).await, [None]);
        assert!(cache.put(&[level(1, 2)]).await.is_err());
        server.go_on().unwrap();
        let mut tries = 0;
        while cache.put(&[level(1, 2)]).await.is_err() {
            tries += 1;
            assert!(tries < 100, "the server is back and not found");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(REST).await;
        assert_eq!(cache.get(&[key()]).await, [Some(level(1, 2))]);
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        assert!(Redis::at("nonsense").is_err());
    }
}
