//! `/docs`: what the centre answers, as OpenAPI and as a page made of it.

use axum::http::{HeaderName, header};
use axum::response::Html;
use tidemark_daemon::openapi_page::render;

const OPENAPI: &str = include_str!("../../assets/openapi.json");
const STYLE: &str = include_str!("../../assets/page.css");

pub(super) async fn openapi() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

pub(super) async fn page() -> Html<String> {
    // It is built in, and a test reads it.
    Html(render(&serde_json::from_str(OPENAPI).unwrap_or_default(), STYLE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_daemon::openapi_page::faults;

    #[test]
    fn every_route_is_described_and_every_description_has_a_route() {
        assert_eq!(faults(OPENAPI, include_str!("../api.rs")), Vec::<String>::new());
    }

    #[tokio::test]
    async fn the_page_names_each_call_with_its_parameters() {
        let Html(page) = page().await;
        for told in ["GET /v1/stores/{store}/items/{sku}", "POST /v1/catalogue:import", "<code>page_size</code>"] {
            assert!(page.contains(told), "{told}");
        }
        assert!(!page.contains("<code></code>"), "a parameter without a name");
    }
}
