//! The way to the centre: named, found, reached, and past which proxy.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use axum::http::Uri;

use super::{Finding, Level};
use crate::settings::CentreSettings;

const WITHIN: Duration = Duration::from_secs(5);
const HTTPS: u16 = 443;
const HTTP: u16 = 80;

pub(super) fn examine(centre: &CentreSettings, environment: &dyn Fn(&str) -> Option<String>) -> Vec<Finding> {
    let Some(address) = &centre.address else {
        let remedy = "set `centre.address` if there is a head office; alone the box keeps everything itself";
        return vec![Finding::of("centre", Level::Warning, "no head office is configured", remedy)];
    };
    let mut findings = vec![reach(address)];
    if let Some((name, proxy)) = proxy_of(environment) {
        let detail = format!("{name} names the proxy {proxy}, which the box does not use");
        let remedy = "let the box out to the centre's port directly";
        findings.push(Finding::of("proxy", Level::Warning, detail, remedy));
    }
    findings
}

/// The proxy that the environment names, without what it may hold of a
/// password.
pub(super) fn proxy_of(environment: &dyn Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let (name, value) = names
        .into_iter()
        .find_map(|name| environment(name).filter(|value| !value.is_empty()).map(|value| (name, value)))?;
    let shown = value.rsplit_once('@').map_or(value.clone(), |(_, host)| host.to_owned());
    Some((name, shown))
}

fn reach(address: &str) -> Finding {
    let uri: Option<Uri> = address.parse().ok();
    let Some((host, port)) = uri.as_ref().and_then(|uri| Some((uri.host()?, port_of(uri)))) else {
        let remedy = "write it as \"https://centre.example:443\"";
        return Finding::of("centre", Level::Critical, format!("`{address}` is no address"), remedy);
    };
    let found = (host.trim_matches(['[', ']']), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
    let addresses = match found {
        Ok(addresses) if !addresses.is_empty() => addresses,
        Ok(_) | Err(_) => {
            let remedy = "look at the name, and at the DNS server of this machine: resolvectl status";
            return Finding::of("centre", Level::Critical, format!("the name {host} is not found"), remedy);
        }
    };
    let mut why = String::new();
    for address in &addresses {
        match TcpStream::connect_timeout(address, WITHIN) {
            Ok(_) => return Finding::ok("centre", format!("{address} takes connections")),
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    let remedy = format!(
        "look at the router, and whether its firewall lets this machine out to port {port}; sales go on meanwhile"
    );
    Finding::of("centre", Level::Critical, format!("the centre is not reached: {why}"), remedy)
}

fn port_of(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { HTTP } else { HTTPS })
}
