//! The line port: one event a line, one answer a line, for tills that can
//! only open a socket. Off unless it is configured.
//!
//! | the till writes | the box answers |
//! |---|---|
//! | off loopback, first: `{"token":"tm_…"}` | `{"status":"welcome","till":"till:3"}` |
//! | an event as `POST /v1/events` takes it, on one line | its result, on one line |
//! | anything else | `{"status":"rejected","code":…,"detail":…}` |
//!
//! `"status":"not_saved"` and `"too_fast"` mean: send it again, with the same
//! id. One connection is one till; its lines are answered in their order.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tidemark_daemon::listen::{Conversation, Listener, Peer};
use tidemark_daemon::token::TokenHash;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::control::ControlHash;
use crate::guest::Guest;
use crate::http::guest_of;
use crate::intake::{self, Content};
use crate::pace::Pace;
use crate::reception::Reception;

/// Bytes of a line: a receipt of a thousand lines.
const LINE_BYTES: usize = 256 * 1024;
/// Connections at once.
const CONNECTIONS: usize = 256;
/// How long a connection may be silent, and a till take to show its token.
const SILENT: Duration = Duration::from_secs(15 * 60);
const TOKEN_WITHIN: Duration = Duration::from_secs(10);
/// How long an answer may wait to be read.
const WRITE_WITHIN: Duration = Duration::from_secs(30);

/// The line port; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    pub(crate) reception: Reception,
    pub(crate) control: ControlHash,
    pub(crate) pace: Pace,
}

/// A till's line.
type Line = BufStream<Box<dyn Conversation>>;

/// What was read of a connection.
enum Read {
    Line(Vec<u8>),
    TooLong,
    End,
}

impl Lines {
    /// Serves until it is asked to stop; without a port it only waits.
    pub(crate) async fn run(self, listener: Option<Listener>, stop: CancellationToken) -> Result<(), io::Error> {
        let Some(listener) = listener else {
            stop.cancelled().await;
            return Ok(());
        };
        let ends = stop.clone();
        let each = move |stream, peer| {
            let (lines, ends) = (self.clone(), ends.clone());
            async move {
                tokio::select! {
                    () = ends.cancelled() => {}
                    ended = lines.converse(stream, &peer) => if let Err(error) = ended {
                        tracing::debug!(address = %peer.address, %error, "a till's line ended early");
                    },
                }
            }
        };
        listener.serve_each(CONNECTIONS, each, stop).await
    }

    async fn converse(&self, stream: Box<dyn Conversation>, peer: &Peer) -> io::Result<()> {
        let mut line = BufStream::new(stream);
        let Some(guest) = self.greet(&mut line, peer).await? else { return Ok(()) };
        loop {
            match timeout(SILENT, read(&mut line)).await {
                Ok(read) => match read? {
                    Read::Line(text) if text.iter().all(u8::is_ascii_whitespace) => {}
                    Read::Line(text) => say(&mut line, &self.answer(&guest, &text).await).await?,
                    Read::TooLong => {
                        let detail = format!("a line has at most {LINE_BYTES} bytes");
                        return say(&mut line, &rejected("too_large", &detail)).await;
                    }
                    Read::End => return Ok(()),
                },
                Err(_silent) => return Ok(()),
            }
        }
    }

    /// Who it is; none if it may not come in.
    async fn greet(&self, line: &mut Line, peer: &Peer) -> io::Result<Option<Guest>> {
        if peer.is_loopback() {
            return Ok(Some(Guest::Local));
        }
        let first = timeout(TOKEN_WITHIN, read(line)).await;
        let shown = match first {
            Ok(Ok(Read::Line(text))) => serde_json::from_slice::<Value>(&text).ok(),
            Ok(Ok(Read::TooLong | Read::End)) | Err(_) => None,
            Ok(Err(error)) => return Err(error),
        };
        let token = shown.as_ref().and_then(|shown| shown.get("token")?.as_str()).map(TokenHash::of);
        let journal = &self.reception.parts().journal;
        let known = token.map_or(Ok(None), |token| guest_of(journal, self.control, &token));
        match known {
            Ok(Some(guest)) => {
                say(line, &json!({ "status": "welcome", "till": guest.name() })).await?;
                Ok(Some(guest))
            }
            Ok(None) => {
                self.reception.parts().troubles.stranger();
                let detail = "off the box itself the first line is {\"token\": \"<the till's token>\"}";
                say(line, &rejected("token", detail)).await?;
                Ok(None)
            }
            Err(error) => {
                tracing::error!(%error, "the journal can't be read");
                say(line, &json!({ "status": "not_saved", "code": "journal_unreadable" })).await?;
                Ok(None)
            }
        }
    }

    async fn answer(&self, guest: &Guest, text: &[u8]) -> Value {
        let parts = self.reception.parts();
        if let Guest::Till(till) = guest
            && let Err(wait_ms) = self.pace.admit(till, parts.clock.millis())
        {
            parts.events.refused_requests.of("too_fast").inc();
            return json!({ "status": "too_fast", "code": "too_fast", "retry_after_ms": wait_ms });
        }
        let read = match intake::read(Content::One, text, &self.reception.place()) {
            Ok(read) => read,
            Err(refusal) => {
                parts.events.refused_requests.of("broken_json").inc();
                parts.troubles.refused(guest.name(), "broken_json");
                return rejected("broken_json", &refusal.to_string());
            }
        };
        match self.reception.receive(guest, read).await {
            Ok(answers) => answers.first().map_or(Value::Null, |answer| serde_json::json!(answer)),
            Err(error) => json!({ "status": "not_saved", "code": "not_saved", "detail": error.to_string() }),
        }
    }
}

fn rejected(code: &str, detail: &str) -> Value {
    json!({ "status": "rejected", "code": code, "detail": detail })
}

/// A line without its end. One that the connection breaks off is none: half
/// an event can be a whole one by chance.
async fn read(line: &mut Line) -> io::Result<Read> {
    let mut text = Vec::new();
    let most = u64::try_from(LINE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    line.take(most).read_until(b'\n', &mut text).await?;
    if text.pop() == Some(b'\n') {
        return Ok(Read::Line(text));
    }
    Ok(if text.len() >= LINE_BYTES { Read::TooLong } else { Read::End })
}

async fn say(line: &mut Line, answer: &Value) -> io::Result<()> {
    let mut text = answer.to_string();
    text.push('\n');
    let writing = async {
        line.write_all(text.as_bytes()).await?;
        line.flush().await
    };
    timeout(WRITE_WITHIN, writing).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use tidemark_daemon::clock::Clock;
    use tidemark_daemon::conditions::Active;
    use tidemark_daemon::token::generate;
    use tidemark_model::{Source, StoreId};

    use super::*;
    use crate::agent::open_journal;
    use crate::control::Control;
    use crate::days::Days;
    use crate::events::Events;
    use crate::reception::Parts;
    use crate::roll::Roll;
    use crate::troubles::Troubles;

    async fn read_all(sent: &[u8]) -> Vec<String> {
        let (mut till, here) = tokio::io::duplex(1024);
        let stream: Box<dyn Conversation> = Box::new(here);
        let mut line = BufStream::new(stream);
        let sent = sent.to_vec();
        let writing = tokio::spawn(async move {
            // Nobody reads on behind a line that is too long.
            drop(till.write_all(&sent).await);
        });
        let mut all = Vec::new();
        loop {
            match read(&mut line).await.unwrap() {
                Read::Line(text) => all.push(String::from_utf8(text).unwrap()),
                Read::TooLong => break all.push("too long".to_owned()),
                Read::End => break,
            }
        }
        drop(line);
        writing.await.unwrap();
        all
    }

    /// The line port of a box, and what it was opened over.
    async fn port() -> (Lines, tidemark_journal::Writer, tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::start();
        let store = StoreId::new("S0001").unwrap();
        let (journal, writer) = open_journal(folder.path(), &store, clock).unwrap();
        let token = generate().unwrap();
        journal.add_till(Source::new("till:1").unwrap(), TokenHash::of(&token).0).await.unwrap();
        let (events, _) = Events::declare();
        let address = ([192, 0, 2, 1], 1).into();
        let (_contact, control) = Control::open(folder.path(), journal.identity().epoch, address, true);
        let reception = Reception::new(Parts {
            journal,
            events,
            troubles: Troubles::new(Active::default(), clock),
            roll: Roll::default(),
            days: Days::default(),
            time_zone: jiff::tz::TimeZone::UTC,
            clock,
        });
        (Lines { reception, control, pace: Pace::default() }, writer, folder, token)
    }

    /// Says lines from another machine; what was answered to each.
    async fn said(lines: &Lines, said: &[String]) -> Vec<Value> {
        let (till, here) = tokio::io::duplex(64 * 1024);
        let peer = Peer { address: ([192, 0, 2, 7], 1).into(), tls: true, uris: std::sync::Arc::from([]) };
        let talking = async {
            let mut till = tokio::io::BufReader::new(till);
            let mut answers = Vec::new();
            for line in said {
                let is_open = till.write_all(format!("{line}\n").as_bytes()).await.is_ok();
                let mut answer = String::new();
                if !is_open || till.read_line(&mut answer).await.unwrap() == 0 {
                    break;
                }
                answers.push(serde_json::from_str(&answer).unwrap());
            }
            answers
        };
        let (ended, answers) = tokio::join!(lines.converse(Box::new(here), &peer), talking);
        ended.unwrap();
        answers
    }

    fn sale(source: &str, id: usize) -> String {
        let data = json!({ "lines": [{ "item": "a", "quantity": 1 }] });
        json!({ "specversion": "1.0", "type": "tidemark.sale", "source": source, "id": id.to_string(), "data": data })
            .to_string()
    }

    #[tokio::test]
    async fn off_the_box_a_till_shows_its_token_and_speaks_for_itself_at_its_pace() {
        let (lines, writer, _folder, token) = port().await;
        let hello = |token: &str| json!({ "token": token }).to_string();
        for stranger in [sale("till:1", 1), hello("tm_wrong"), "?".to_owned()] {
            let answers = said(&lines, &[stranger, sale("till:1", 1)]).await;
            assert_eq!((answers.len(), &answers[0]["code"]), (1, &json!("token")), "{answers:?}");
        }
        let answers = said(&lines, &[hello(&token), sale("till:1", 1), sale("till:2", 2)]).await;
        assert_eq!(answers[0], json!({ "status": "welcome", "till": "till:1" }));
        assert_eq!((&answers[1]["status"], &answers[2]["code"]), (&json!("accepted"), &json!("no_right")));
        let wild: Vec<String> = std::iter::once(hello(&token)).chain((0..5_000).map(|_| "{}".to_owned())).collect();
        let answers = said(&lines, &wild).await;
        assert!(
            answers.iter().any(|answer| answer["status"] == json!("too_fast") && answer["retry_after_ms"].is_u64())
        );
        drop(lines);
        tokio::task::spawn_blocking(move || writer.stop()).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_line_ends_with_its_end_and_a_broken_one_is_none() {
        assert_eq!(read_all(b"{}\r\n{\"a\":1}\n{\"b\"").await, ["{}\r", "{\"a\":1}"]);
        assert_eq!(read_all(&[&b"x".repeat(LINE_BYTES)[..], b"\n"].concat()).await[0].len(), LINE_BYTES);
        assert_eq!(read_all(&b"x".repeat(2 * LINE_BYTES)).await, ["too long"]);
    }
}
