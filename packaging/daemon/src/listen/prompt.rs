//! A connection on which something must be said soon.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// The bytes of HTTP/2's preface; no request of HTTP/1.1 is shorter. Which
/// protocol is spoken is known after them, and its own limits hold.
const OPENING_BYTES: usize = 24;

/// A stream whose other end must have sent its opening within a time; else
/// reading fails, and a silent caller can't hold its place for ever.
#[derive(Debug)]
pub(super) struct Prompt<S> {
    inner: S,
    missing: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Prompt<S> {
    pub(super) fn new(inner: S, within: Duration) -> Self {
        Self { inner, missing: OPENING_BYTES, deadline: Box::pin(tokio::time::sleep(within)) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prompt<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if self.missing == 0 {
            return polled;
        }
        match polled {
            Poll::Ready(read) => {
                self.missing = self.missing.saturating_sub(buf.filled().len() - before);
                Poll::Ready(read)
            }
            Poll::Pending => {
                let late = || io::Error::new(io::ErrorKind::TimedOut, "the caller said nothing");
                self.deadline.as_mut().poll(cx).map(|()| Err(late()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prompt<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_says_too_little_is_given_up() {
        let (mut caller, stream) = duplex(64);
        let mut stream = Prompt::new(stream, Duration::from_secs(15));
        caller.write_all(b"PRI").await.unwrap();
        let mut text = Vec::new();
        let error = stream.read_to_end(&mut text).await.unwrap_err();
        assert_eq!((error.kind(), text.as_slice()), (io::ErrorKind::TimedOut, b"PRI".as_slice()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_has_opened_may_take_its_time() {
        let (mut caller, stream) = duplex(64);
        let mut stream = Prompt::new(stream, Duration::from_secs(15));
        tokio::spawn(async move {
            caller.write_all(&[1; OPENING_BYTES]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            caller.write_all(&[2; 4]).await.unwrap();
        });
        let mut bytes = Vec::new();
        assert_eq!(stream.read_to_end(&mut bytes).await.unwrap(), OPENING_BYTES + 4);
    }
}
