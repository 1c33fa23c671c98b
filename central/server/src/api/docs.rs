//! `/docs`: what the centre answers, as OpenAPI and as a page made of it.

use std::fmt::Write as _;

use axum::http::{HeaderName, header};
use axum::response::Html;
use serde_json::Value;

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
    let info = api.get("info").unwrap_or(&Value::Null);
    let (title, description) = (text(info, "title"), text(info, "description"));
    let mut rows = String::new();
    for (path, methods) in api.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let (method, path, summary) = (method.to_uppercase(), escaped(path), text(operation, "summary"));
            let parameters = parameters(api, operation);
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
         <p>{description}</p><p><a href=\"/docs/openapi.json\">OpenAPI 3.1</a></p><table><thead><tr>\
         <th scope=\"col\">Call</th><th scope=\"col\">What it does</th><th scope=\"col\">Parameters</th></tr></thead>\
         <tbody>{rows}</tbody></table></main></body></html>\n"
    )
}

/// The parameters of a call, a line each; one that is shared is looked up.
fn parameters(api: &Value, operation: &Value) -> String {
    let given = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let shared = |parameter: &Value| api.pointer(parameter.get("$ref")?.as_str()?.strip_prefix('#')?).cloned();
    let lines: Vec<String> = given
        .map(|parameter| shared(parameter).unwrap_or_else(|| parameter.clone()))
        .map(|parameter| format!("<code>{}</code>: {}", text(&parameter, "name"), text(&parameter, "description")))
        .collect();
    lines.join("<br>")
}

fn text(value: &Value, name: &str) -> String {
    escaped(value.get(name).and_then(Value::as_str).unwrap_or(""))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn described() -> Value {
        serde_json::from_str(OPENAPI).unwrap()
    }

    #[test]
    fn every_call_is_described_and_every_description_has_a_route() {
        let door = include_str!("../api.rs");
        let routed: BTreeSet<&str> =
            door.split(".route(\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)).collect();
        let api = described();
        let described: BTreeSet<&str> = api["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let strays: Vec<_> = described.difference(&routed).collect();
        assert!(strays.is_empty(), "no route: {strays:?}");
        let silent: Vec<_> = routed.difference(&described).filter(|path| path.starts_with("/v1")).collect();
        assert!(silent.is_empty(), "not described: {silent:?}");
    }

    #[test]
    fn the_page_names_each_call_with_its_parameters() {
        let page = render(&described());
        for told in ["GET /v1/stores/{store}/items/{sku}", "POST /v1/catalogue:import", "<code>page_size</code>"] {
            assert!(page.contains(told), "{told}");
        }
        assert!(!page.contains("<code></code>"), "a parameter without a name");
    }
}
