//! The console's page and its scripts, built in. They hold no secret, so
//! that anybody may load them; what they show is asked for with a right.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tidemark_daemon::problem::Problem;

use super::Door;

/// The console's other addresses; its script shows the page of each.
const PAGES: &[&str] = &[
    "/audit",
    "/catalogue",
    "/dead-letters",
    "/instructions",
    "/items",
    "/items/{sku}",
    "/shops/{store}",
    "/people",
    "/sign-in",
    "/transfers",
    "/unknown-codes",
];

/// Nothing but what comes from here, no inline script or style, no frame
/// around it; text becomes markup by the templates alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types lit-html";

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        ($name, $kind, include_str!(concat!("../../assets/console/", $name)))
    };
}

/// What the page loads: name, content type, text.
const FILES: &[(&str, &str, &str)] = &[
    asset!("api.js", SCRIPT),
    asset!("audit.js", SCRIPT),
    asset!("catalogue.js", SCRIPT),
    asset!("console.css", "text/css; charset=utf-8"),
    asset!("dead-letters.js", SCRIPT),
    asset!("filters.js", SCRIPT),
    asset!("fleet-data.js", SCRIPT),
    asset!("fleet-rows.js", SCRIPT),
    asset!("fleet.js", SCRIPT),
    asset!("instructions.js", SCRIPT),
    asset!("items.js", SCRIPT),
    asset!("lit-html.js", SCRIPT),
    asset!("main.js", SCRIPT),
    asset!("shop.js", SCRIPT),
    asset!("people.js", SCRIPT),
    asset!("sign-in.js", SCRIPT),
    asset!("transfers.js", SCRIPT),
    asset!("unknown-codes.js", SCRIPT),
    asset!("words.js", SCRIPT),
];

/// The addresses of the console beside `/`.
pub(super) fn pages() -> Router<Door> {
    PAGES.iter().fold(Router::new(), |router, path| router.route(path, get(page)))
}

pub(super) async fn page() -> Response {
    guarded("text/html; charset=utf-8", include_str!("../../assets/console/index.html"))
}

pub(super) async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    let found = FILES.iter().find(|(of, _, _)| *of == name);
    let (_, kind, text) = found.ok_or_else(|| Problem::not_found(format!("there is no file {name}")))?;
    Ok(guarded(kind, text))
}

fn guarded(kind: &'static str, text: &'static str) -> Response {
    let mut response = text.into_response();
    let headers: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_that_is_imported_is_there_and_the_page_has_nothing_inline() {
        for (name, _, text) in FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT) {
            for line in text.lines().filter(|line| line.starts_with("import")) {
                let from = line.rsplit_once('"').and_then(|(line, _)| line.rsplit_once("./")).map(|(_, file)| file);
                assert!(FILES.iter().any(|(file, _, _)| Some(*file) == from), "{name}: {line}");
            }
        }
        let page = include_str!("../../assets/console/index.html");
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onclick"));
        assert!(page.matches("<script").all(|_| page.contains("<script type=\"module\" src=")));
    }
}
