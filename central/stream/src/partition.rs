//! Which partition a store's records go to: Kafka's own default for a key
//! (murmur2, as in `org.apache.kafka.common.utils.Utils`), so that other
//! producers agree.

use tidemark_model::StoreId;

/// The partition of a store among so many.
#[must_use]
pub fn partition_of(store: &StoreId, partitions: u32) -> u32 {
    (murmur2(store.as_str().as_bytes()) & 0x7fff_ffff) % partitions.max(1)
}

fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut h = 0x9747_b28c_u32 ^ length;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let word = chunk.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let k = word.wrapping_mul(M);
        h = h.wrapping_mul(M) ^ (k ^ (k >> 24)).wrapping_mul(M);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        h = (h ^ word).wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_of_kafka_s_clients() {
        // From UtilsTest.testMurmur2 of Apache Kafka.
        for (text, expected) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), expected, "{text}");
        }
    }

    #[test]
    fn stores_spread_over_partitions() {
        let used: std::collections::BTreeSet<u32> =
            (0..750).map(|n| partition_of(&StoreId::new(&format!("S{n:04}")).unwrap(), 48)).collect();
        assert_eq!(used.len(), 48);
    }
}
