//! A link that can be slowed, delayed, cut and stalled: a TCP relay in user
//! space, so that it needs no privileges.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 8 * 1024;
/// Chunks on their way inside the relay, each direction.
const CHUNKS_IN_FLIGHT: usize = 64;
/// Connections that are relayed at once.
const CONNECTIONS: usize = 8_192;

/// What the link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It carries bytes, each direction at a rate and with a delay.
    Up {
        /// Bytes a second each way; none is as fast as it goes.
        bytes_per_second: Option<u64>,
        /// How long each byte is on its way.
        delay: Duration,
    },
    /// Every connection is reset, new ones too.
    Cut,
    /// Connections stay open and nothing comes through.
    Stalled,
    /// Every connection is reset where it would carry more bytes than this in
    /// one direction.
    Breaks {
        /// So many bytes come through.
        after: u64,
    },
}

impl Link {
    /// As fast as it goes.
    pub const FREE: Self = Self::Up { bytes_per_second: None, delay: Duration::ZERO };
}

/// A relay in front of one server.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    link: watch::Sender<Link>,
    carried: Arc<Carried>,
    _accepting: JoinSet<()>,
}

/// Bytes that came through.
#[derive(Debug, Default)]
struct Carried {
    up: AtomicU64,
    down: AtomicU64,
}

impl Relay {
    /// Listens on a free port of loopback and relays to `server`.
    pub async fn start(server: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (link, state) = watch::channel(Link::FREE);
        let carried = Arc::new(Carried::default());
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, server, state, Arc::clone(&carried)));
        Ok(Self { address, link, carried, _accepting: accepting })
    }

    /// Where clients connect to.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what the link does, for open connections too.
    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// Bytes that went from clients to the server and back.
    #[must_use]
    pub fn carried(&self) -> (u64, u64) {
        (self.carried.up.load(Ordering::Relaxed), self.carried.down.load(Ordering::Relaxed))
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, state: watch::Receiver<Link>, carried: Arc<Carried>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                if connections.len() < CONNECTIONS {
                    connections.spawn(relay(client, server, state.clone(), Arc::clone(&carried)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Relays one connection until an end closes it or the link is cut.
async fn relay(client: TcpStream, server: SocketAddr, state: watch::Receiver<Link>, carried: Arc<Carried>) {
    if *state.borrow() == Link::Cut {
        reset(&client);
        return;
    }
    let Ok(upstream) = TcpStream::connect(server).await else {
        reset(&client);
        return;
    };
    for stream in [&client, &upstream] {
        // A socket that refuses the option is only slower.
        stream.set_nodelay(true).ok();
        reset(stream);
    }
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = upstream.into_split();
    let mut cut = state.clone();
    tokio::select! {
        _ = cut.wait_for(|link| *link == Link::Cut) => {}
        () = pump(client_reads, server_writes, state.clone(), &carried.up) => {}
        () = pump(server_reads, client_writes, state.clone(), &carried.down) => {}
    }
}

/// Lets the connection end with a reset instead of a farewell.
fn reset(stream: &TcpStream) {
    stream.set_zero_linger().ok();
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: watch::Receiver<Link>, carried: &AtomicU64) {
    let (entry, mut exit) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS_IN_FLIGHT);
    let read = async {
        let mut buffer = vec![0; CHUNK_BYTES];
        while let Ok(length) = from.read(&mut buffer).await {
            let Some(chunk) = buffer.get(..length).filter(|chunk| !chunk.is_empty()) else { break };
            if entry.send((Instant::now(), chunk.to_vec())).await.is_err() {
                break;
            }
        }
        // What is on its way still comes through; whoever writes says when.
        drop(entry);
        std::future::pending::<()>().await;
    };
    let write = async {
        let (mut state, mut sent) = (state, 0_u64);
        while let Some((read_at, chunk)) = exit.recv().await {
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            sent = sent.saturating_add(length);
            if wait_its_turn(&mut state, read_at, chunk.len()).await.is_err()
                || matches!(*state.borrow(), Link::Breaks { after } if sent > after)
                || to.write_all(&chunk).await.is_err()
            {
                break;
            }
            carried.fetch_add(length, Ordering::Relaxed);
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
    }
}

/// Waits until the link would have carried a chunk.
async fn wait_its_turn(
    state: &mut watch::Receiver<Link>,
    read_at: Instant,
    length: usize,
) -> Result<(), watch::error::RecvError> {
    state.wait_for(|link| *link != Link::Stalled).await?;
    let link = *state.borrow();
    if let Link::Up { bytes_per_second, delay } = link {
        tokio::time::sleep_until(read_at + delay).await;
        if let Some(rate) = bytes_per_second.filter(|rate| *rate > 0) {
            let micros = u64::try_from(length).unwrap_or(u64::MAX).saturating_mul(1_000_000) / rate;
            tokio::time::sleep(Duration::from_micros(micros)).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut reads, mut writes) = stream.split();
                    tokio::io::copy(&mut reads, &mut writes).await.ok();
                });
            }
        });
        address
    }

    async fn round_trip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        stream.write_all(bytes).await?;
        let mut back = vec![0; bytes.len()];
        stream.read_exact(&mut back).await?;
        Ok(back)
    }

    #[tokio::test]
    async fn bytes_come_through_both_ways() {
        let relay = Relay::start(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        assert_eq!(round_trip(&mut stream, b"hello").await.unwrap(), b"hello");
        assert_eq!(relay.carried(), (5, 5));
    }

    #[tokio::test]
    async fn a_cut_resets_open_connections_and_new_ones() {
        let relay = Relay::start(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        round_trip(&mut stream, b"hello").await.unwrap();
        relay.set(Link::Cut);
        assert!(round_trip(&mut stream, b"again").await.is_err());
        let mut fresh = TcpStream::connect(relay.address()).await.unwrap();
        assert!(round_trip(&mut fresh, b"again").await.is_err());
        relay.set(Link::FREE);
        let mut fresh = TcpStream::connect(relay.address()).await.unwrap();
        assert!(round_trip(&mut fresh, b"again").await.is_ok());
    }

    #[tokio::test]
    async fn a_stalled_link_keeps_connections_and_gives_its_bytes_later() {
        let relay = Relay::start(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        round_trip(&mut stream, b"hello").await.unwrap();
        relay.set(Link::Stalled);
        let held = tokio::time::timeout(Duration::from_millis(100), round_trip(&mut stream, b"again")).await;
        assert!(held.is_err());
        relay.set(Link::FREE);
        let mut back = [0; 5];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"again");
    }

    #[tokio::test]
    async fn a_link_that_breaks_resets_each_connection_after_its_bytes() {
        let relay = Relay::start(echo().await).await.unwrap();
        relay.set(Link::Breaks { after: 10 });
        for _ in 0..2 {
            let mut stream = TcpStream::connect(relay.address()).await.unwrap();
            assert_eq!(round_trip(&mut stream, b"hello").await.unwrap(), b"hello");
            assert_eq!(round_trip(&mut stream, b"again").await.unwrap(), b"again");
            assert!(round_trip(&mut stream, b"!").await.is_err());
        }
    }

    #[tokio::test]
    async fn a_slow_link_takes_its_time() {
        let relay = Relay::start(echo().await).await.unwrap();
        relay.set(Link::Up { bytes_per_second: Some(100_000), delay: Duration::ZERO });
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        let started = Instant::now();
        round_trip(&mut stream, &vec![7; 20_000]).await.unwrap();
        assert!(started.elapsed() >= Duration::from_millis(190), "{:?}", started.elapsed());
    }
}
