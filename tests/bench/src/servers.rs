//! The raw limits of the servers: a bare `COPY`, a bare broker.

use std::process::Command;

use tidemark_parts::Real;
use tokio::time::Instant;

use crate::samples::rate;
use crate::scene::Trouble;

const ROWS: u64 = 500_000;
/// Bytes of a record, about those of a sale.
const RECORD_BYTES: u64 = 100;

/// Rows a second that one `COPY` writes into a table with a primary key.
pub(crate) fn bare_copy(real: &Real) -> Result<u64, Trouble> {
    real.postgres.sql(
        "tidemark",
        &format!(
            "CREATE TABLE bare_from AS SELECT n::int8 AS seq, 1::int8 AS store, \
             decode(repeat('5a', {RECORD_BYTES}), 'hex') AS bytes FROM generate_series(1, {ROWS}) n"
        ),
    )?;
    real.postgres.sql("tidemark", "COPY bare_from TO '/dev/shm/tidemark-bench-copy' (FORMAT binary)")?;
    real.postgres.sql("tidemark", "CREATE TABLE bare (seq int8, store int8, bytes bytea, PRIMARY KEY (store, seq))")?;
    let started = Instant::now();
    let copied = real.postgres.sql("tidemark", "COPY bare FROM '/dev/shm/tidemark-bench-copy' (FORMAT binary)");
    let took = started.elapsed();
    real.postgres
        .sql("tidemark", "DROP TABLE bare, bare_from; COPY (SELECT '') TO PROGRAM 'rm /dev/shm/tidemark-bench-copy'")?;
    copied?;
    Ok(rate(ROWS, took))
}

/// Records a second that Kafka's own tool appends with all acknowledgements.
pub(crate) fn bare_produce(real: &Real) -> Result<u64, Trouble> {
    let classes = format!("{}/*", real.kafka.libs().display());
    let (records, bytes) = (ROWS.to_string(), RECORD_BYTES.to_string());
    let server = format!("bootstrap.servers={}", real.kafka.brokers());
    let mut tool = Command::new("java");
    tool.args(["-cp", &classes, "org.apache.kafka.tools.ProducerPerformance", "--topic", "bare"]);
    tool.args(["--num-records", &records, "--record-size", &bytes, "--throughput", "-1"]);
    tool.args(["--producer-props", &server, "acks=all", "linger.ms=1", "compression.type=lz4"]);
    let output = tool.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = said
        .lines()
        .rfind(|line| line.contains("records sent"))
        .ok_or_else(|| format!("Kafka's tool said nothing: {}", String::from_utf8_lossy(&output.stderr)))?;
    let rate = last.split(", ").nth(1).and_then(|text| text.split(['.', ' ']).next()?.parse().ok());
    Ok(rate.ok_or_else(|| format!("Kafka's tool said: {last}"))?)
}
