//! A network of a test's own, in which an address off loopback leads nowhere
//! else.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use tidemark_fleet::patience::{Trouble, expect};

/// An address for documents (RFC 5737): the only one of the test's network
/// beside loopback.
pub const OFF_LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const INSIDE: &str = "TIDEMARK_TEST_NETWORK";
const SET_UP: &str = r#"ip link set lo up && ip address add 192.0.2.1/32 dev lo && exec "$@""#;

/// Whether this process is in a network of its own.
#[must_use]
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs one test of this program again, in a network of its own.
pub fn run_inside(test: &str) -> Result<(), Trouble> {
    let mut inside = Command::new("unshare");
    inside.args(["--map-root-user", "--net", "--", "sh", "-c", SET_UP, "sh"]);
    inside.arg(std::env::current_exe()?).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let ended = inside.status()?;
    expect(ended.success(), || {
        format!("{test} failed in a network of its own ({ended}); it needs unshare, ip and user namespaces")
    })
}
