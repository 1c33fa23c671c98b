//! A till whose own work is next to nothing: one connection, one thread, one
//! request after the other. What a client library takes on the same cores is
//! no time of the box.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use tidemark_fleet::submit::{ONE, status_of};
use tokio::time::Instant;

use crate::scene::Trouble;

/// A hang limit.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A connection to a box on loopback.
pub(crate) struct PlainTill {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

impl PlainTill {
    pub(crate) fn connect(host: SocketAddr) -> Result<Self, Trouble> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self { stream: BufReader::new(stream), host })
    }

    /// From the first byte sent to the last byte of the answer, which must be
    /// that the event was accepted.
    pub(crate) fn submit(&mut self, event: &Value) -> Result<Duration, Trouble> {
        let body = event.to_string();
        let (host, length) = (self.host, body.len());
        let request = format!(
            "POST /v1/events HTTP/1.1\r\nhost: {host}\r\ncontent-type: {ONE}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let (answer, took) = self.exchange(&request)?;
        let result = serde_json::from_slice::<Value>(&answer)?.pointer("/results/0").cloned().unwrap_or_default();
        if status_of(&result) != "accepted" {
            return Err(format!("not accepted: {}", String::from_utf8_lossy(&answer)).into());
        }
        Ok(took)
    }

    /// A request that the box answers from memory: what the way there and
    /// back takes by itself.
    pub(crate) fn look(&mut self) -> Result<Duration, Trouble> {
        let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        Ok(self.exchange(&request)?.1)
    }

    fn exchange(&mut self, request: &str) -> Result<(Vec<u8>, Duration), Trouble> {
        let started = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes())?;
        let answer = self.answer()?;
        Ok((answer, started.elapsed()))
    }

    fn answer(&mut self) -> Result<Vec<u8>, Trouble> {
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the box closed the connection".into());
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                if line.trim_end().is_empty() {
                    break;
                }
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }
}
