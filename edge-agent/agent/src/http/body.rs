//! Bodies of requests: read whole, within a time and a size, and within what
//! all of them together may hold in memory until they are answered.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::header;
use tidemark_daemon::problem::{self, Problem};
use tidemark_model::limits::BODY_BYTES;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a body may take: a till that is switched off in the middle must
/// not hold its connection for ever.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// Up to here a body is small: a receipt, not a batch of them.
const SMALL_BYTES: usize = 64 * 1024;
/// What all small bodies together may hold. They have room of their own, so
/// that no import makes a sale wait.
const SMALL_TOGETHER: usize = 16 * 1024 * 1024;
/// What all larger bodies together may hold.
const LARGE_TOGETHER: usize = 48 * 1024 * 1024;
/// How long a body waits for room.
const ROOM_WITHIN: Duration = Duration::from_secs(1);
/// How long, and how much of, a body that is too large is still listened to:
/// who sends it reads the answer only after that.
const UNHEARD_WITHIN: Duration = Duration::from_secs(5);
const UNHEARD_BYTES: usize = 2 * BODY_BYTES;
/// A permit's worth.
const PERMIT_BYTES: usize = 1_024;

const _: () = {
    assert!(BODY_BYTES <= LARGE_TOGETHER, "one body has room");
    assert!(SMALL_BYTES * 64 <= SMALL_TOGETHER, "64 tills at once have room");
};

/// The room for bodies; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Bodies {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Default for Bodies {
    fn default() -> Self {
        let room = |bytes: usize| Arc::new(Semaphore::new(bytes / PERMIT_BYTES));
        Self { small: room(SMALL_TOGETHER), large: room(LARGE_TOGETHER) }
    }
}

/// A body that came whole; its room is free again when it is dropped.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) bytes: Bytes,
    pub(super) room: OwnedSemaphorePermit,
}

impl Bodies {
    /// A request's body.
    pub(super) async fn read(&self, request: Request) -> Result<Whole, Problem> {
        let told = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let mut body = request.into_body();
        if told.is_some_and(|length: usize| length > BODY_BYTES) {
            pass_over(&mut body).await;
            return Err(Problem::too_large(BODY_BYTES));
        }
        let room = self.room_for(told.unwrap_or(BODY_BYTES)).await?;
        match timeout(BODY_WITHIN, collect(&mut body)).await {
            Ok(Ok(bytes)) => Ok(Whole { bytes, room }),
            Ok(Err(Cut::TooLarge)) => {
                drop(room);
                pass_over(&mut body).await;
                Err(Problem::too_large(BODY_BYTES))
            }
            Ok(Err(Cut::Lost(cause))) => {
                Err(Problem::of(&problem::BODY_CUT, format!("the body did not come whole: {cause}")))
            }
            Err(_elapsed) => Err(Problem::too_slow(BODY_WITHIN)),
        }
    }

    /// Room for so many bytes, as soon as there is.
    async fn room_for(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let room = Arc::clone(if bytes <= SMALL_BYTES { &self.small } else { &self.large });
        let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        // The room is never closed, so only time can fail it.
        timeout(ROOM_WITHIN, room.acquire_many_owned(permits)).await.ok().and_then(Result::ok).ok_or_else(|| {
            Problem::of(&problem::BUSY, format!("there is no room for {bytes} bytes beside what is being read"))
        })
    }
}

/// Why a body is not whole.
enum Cut {
    TooLarge,
    Lost(axum::Error),
}

async fn collect(body: &mut Body) -> Result<Bytes, Cut> {
    let mut whole = Vec::new();
    while let Some(data) = next(body).await {
        let data = data.map_err(Cut::Lost)?;
        if whole.len() + data.len() > BODY_BYTES {
            return Err(Cut::TooLarge);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.into())
}

/// Listens to the rest of a body without keeping it.
async fn pass_over(body: &mut Body) {
    let mut unheard: usize = 0;
    let passing = async {
        while let Some(Ok(data)) = next(body).await {
            unheard = unheard.saturating_add(data.len());
            if unheard > UNHEARD_BYTES {
                return;
            }
        }
    };
    // Whoever sends on after that finds the line closed.
    timeout(UNHEARD_WITHIN, passing).await.unwrap_or(());
}

/// The next part of a body.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await? {
            Ok(frame) => match frame.into_data() {
                Ok(data) => return Some(Ok(data)),
                // Trailers say nothing here.
                Err(_trailers) => {}
            },
            Err(error) => return Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use tokio::time::Instant;

    fn request(length: Option<usize>, body: Body) -> Request {
        let length = length.map(|length| (header::CONTENT_LENGTH, length.to_string()));
        let builder = length.into_iter().fold(Request::builder(), |builder, (name, value)| builder.header(name, value));
        builder.body(body).unwrap()
    }

    fn code(problem: &Problem) -> Value {
        serde_json::to_value(problem).unwrap()["code"].clone()
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_take_turns_and_a_receipt_waits_for_none_of_them() {
        let bodies = Bodies::default();
        let mut held = Vec::new();
        for _ in 0..LARGE_TOGETHER / BODY_BYTES {
            held.push(bodies.read(request(Some(BODY_BYTES), Body::empty())).await.unwrap());
        }
        let began = Instant::now();
        let busy = bodies.read(request(None, Body::from("chunked, of a length nobody knows"))).await.unwrap_err();
        assert_eq!((code(&busy), began.elapsed()), (Value::from("busy"), ROOM_WITHIN));
        let receipt = bodies.read(request(Some(7), Body::from("receipt"))).await.unwrap();
        assert_eq!((&receipt.bytes[..], began.elapsed()), (&b"receipt"[..], ROOM_WITHIN));
        held.pop();
        bodies.read(request(None, Body::from("again"))).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_beyond_the_limit_takes_no_room_and_is_heard_to_its_end() {
        let bodies = Bodies::default();
        for told in [None, Some(BODY_BYTES + 1)] {
            let refused = bodies.read(request(told, Body::from(vec![b' '; BODY_BYTES + 1]))).await.unwrap_err();
            assert_eq!(code(&refused), Value::from("too_large"));
        }
        assert_eq!(bodies.large.available_permits(), LARGE_TOGETHER / PERMIT_BYTES);
    }
}
