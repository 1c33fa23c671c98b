//! `/docs`: what the door takes, as OpenAPI and as a page made of it.

use std::fmt::Write as _;

use axum::http::{HeaderName, header};
use axum::response::Html;
use serde_json::Value;

use crate::page::escaped;

const OPENAPI: &str = include_str!("../../assets/openapi.json");
const STYLE: &str = include_str!("../../assets/page.css");

pub(super) async fn openapi() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

pub(super) async fn page() -> Html<String> {
    // It is built in, and a test reads it.
    Html(render(&serde_json::from_str(OPENAPI).unwrap_or_default()))
}

fn render(api: &Value) -> String {
    let text = |value: &Value, name: &str| escaped(value.get(name).and_then(Value::as_str).unwrap_or(""));
    let info = api.get("info").unwrap_or(&Value::Null);
    let (title, description) = (text(info, "title"), text(info, "description"));
    let mut rows = String::new();
    for (path, methods) in api.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
            let named: Vec<String> = parameters
                .map(|parameter| {
                    format!("<code>{}</code>: {}", text(parameter, "name"), text(parameter, "description"))
                })
                .collect();
            let (method, path, summary) = (method.to_uppercase(), escaped(path), text(operation, "summary"));
            let parameters = named.join("<br>");
            let row =
                format_args!("<tr><td><code>{method} {path}</code></td><td>{summary}</td><td>{parameters}</td></tr>");
            // Writing to a string can't fail.
            rows.write_fmt(row).unwrap_or(());
        }
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body><main><h1>{title}</h1>\
         <p>{description}</p><p><a href=\"/docs/openapi.json\">OpenAPI 3.1</a></p><section><table><thead><tr>\
         <th scope=\"col\">Call</th><th scope=\"col\">What it does</th><th scope=\"col\">Parameters</th></tr></thead>\
         <tbody>{rows}</tbody></table></section></main></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn described() -> Value {
        serde_json::from_str(OPENAPI).unwrap()
    }

    #[test]
    fn every_route_is_described_and_every_description_has_a_route() {
        let door = include_str!("../http.rs");
        let routed: BTreeSet<&str> =
            door.split(".route(\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)).collect();
        let api = described();
        let described: BTreeSet<&str> = api["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn what_is_referred_to_is_there() {
        let api = described();
        assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
        for reference in OPENAPI.split("\"$ref\": \"#").skip(1).map(|rest| rest.split_once('"').unwrap().0) {
            assert!(api.pointer(reference).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_page_lists_each_call_with_its_parameters() {
        let page = render(&described());
        for part in ["POST /v1/events", "DELETE /v1/tills/{name}", "<code>page_token</code>", "/docs/openapi.json"] {
            assert!(page.contains(part), "{part}");
        }
        let strange = serde_json::json!({"info": {"title": "<script>"}});
        assert!(!render(&strange).contains("<script>"));
    }
}
