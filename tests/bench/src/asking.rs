//! Callers that ask as fast as they are answered, each over a line of its own,
//! plain enough to take little of the cores that they share with who answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::samples::{Samples, rate};
use crate::scene::Trouble;

/// How an answer ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Speech {
    /// HTTP/1.1; the body as long as its head says. The status must be this.
    Http(u16),
    /// Redis: one bulk string.
    Redis,
}

/// What came of asking.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) samples: Samples,
    pub(crate) took: Duration,
    pub(crate) count: u64,
}

impl Asked {
    pub(crate) fn a_second(&self) -> u64 {
        rate(self.count, self.took)
    }
}

/// Asks these questions over so many lines, again and again for a while, or
/// each once.
pub(crate) async fn ask(
    port: u16,
    questions: Vec<Vec<u8>>,
    (lines, speech): (usize, Speech),
    within: Option<Duration>,
) -> Result<Asked, Trouble> {
    let questions = Arc::new(questions);
    let (mut callers, started) = (JoinSet::new(), Instant::now());
    for line in 0..lines {
        let questions = Arc::clone(&questions);
        callers.spawn(async move {
            let told = one_line(port, &questions, (line, lines, speech), within).await;
            told.map_err(|trouble| trouble.to_string())
        });
    }
    let mut all = Asked::default();
    while let Some(ended) = callers.join_next().await {
        for sample in ended?? {
            all.samples.add(sample);
            all.count += 1;
        }
    }
    all.took = started.elapsed();
    Ok(all)
}

async fn one_line(
    port: u16,
    questions: &[Vec<u8>],
    (line, lines, speech): (usize, usize, Speech),
    within: Option<Duration>,
) -> Result<Vec<Duration>, Trouble> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let (mut took, mut buffer) = (Vec::new(), Vec::with_capacity(64 * 1024));
    let started = Instant::now();
    loop {
        for question in questions.iter().skip(line).step_by(lines) {
            let asked = Instant::now();
            stream.write_all(question).await?;
            answer(&mut stream, &mut buffer, speech).await?;
            took.push(asked.elapsed());
            if within.is_some_and(|within| started.elapsed() > within) {
                return Ok(took);
            }
        }
        if within.is_none() || questions.len() <= line {
            return Ok(took);
        }
    }
}

async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>, speech: Speech) -> Result<(), Trouble> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the line was closed".into());
        }
        let whole = match speech {
            Speech::Http(status) => http_length(buffer, status)?,
            Speech::Redis => redis_length(buffer)?,
        };
        if whole.is_some_and(|length| buffer.len() >= length) {
            return Ok(());
        }
    }
}

/// How long an answer is, once its head is there.
fn http_length(bytes: &[u8], status: u16) -> Result<Option<usize>, Trouble> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    if !head.starts_with(&format!("http/1.1 {status} ")) {
        return Err(format!("not answered {status}: {head}").into());
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    Ok(Some(end + 4 + length.unwrap_or(0)))
}

fn redis_length(bytes: &[u8]) -> Result<Option<usize>, Trouble> {
    let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    let length = head.strip_prefix('$').and_then(|length| length.parse::<usize>().ok());
    let length = length.ok_or_else(|| format!("Redis said {head}"))?;
    Ok(Some(end + 2 + length + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_its_head_says() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(http_length(answer, 200).unwrap(), Some(answer.len()));
        let unchanged = b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n";
        assert_eq!(http_length(unchanged, 304).unwrap(), Some(unchanged.len()));
        assert_eq!(http_length(b"HTTP/1.1 200 OK\r\n", 200).unwrap(), None);
        assert!(http_length(b"HTTP/1.1 503 No\r\n\r\n", 200).is_err());
        assert_eq!(redis_length(b"$3\r\nabc\r\n").unwrap(), Some(9));
        assert!(redis_length(b"-ERR\r\n").is_err());
    }
}
