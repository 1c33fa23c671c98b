//! Ports for servers that are started a moment later. The system's own choice
//! (port 0) is from the range out of which outgoing connections are given
//! theirs: one of these, of whatever test runs beside, may have it by then.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below what Linux (32768) and Windows (49152) give to connections.
const PORTS: std::ops::Range<u32> = 10_240..32_768;
/// So many lie between the first ports of two processes that follow each other.
const OF_A_PROCESS: u32 = 64;

static TAKEN: AtomicU32 = AtomicU32::new(0);

/// A port of a host that nobody listens on just now. Twice asked, the same
/// process is given two.
pub fn free_port(host: IpAddr) -> io::Result<u16> {
    let count = PORTS.end - PORTS.start;
    let first = std::process::id().wrapping_mul(OF_A_PROCESS);
    let mut why = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..count {
        let next = first.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % count;
        let Ok(port) = u16::try_from(PORTS.start + next) else { continue };
        match TcpListener::bind((host, port)) {
            Ok(_listener) => return Ok(port),
            Err(error) => why = error,
        }
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn ports_are_free_differ_and_no_connection_is_given_one() {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let first = free_port(host).unwrap();
        let held = TcpListener::bind((host, free_port(host).unwrap())).unwrap();
        let third = free_port(host).unwrap();
        assert!(first != third && third != held.local_addr().unwrap().port());
        assert!([first, third].into_iter().all(|port| PORTS.contains(&u32::from(port))));
    }
}
