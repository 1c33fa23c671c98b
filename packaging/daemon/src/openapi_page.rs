//! A page for people made of an OpenAPI description: each call, what it does
//! and what it takes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

/// The page of a description, in a style given as CSS. It links to the
/// description at `/docs/openapi.json`.
#[must_use]
pub fn render(api: &Value, style: &str) -> String {
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
         <link rel=\"icon\" href=\"data:,\"><style>{style}</style></head><body><main><h1>{title}</h1>\
         <p>{description}</p><p><a href=\"/docs/openapi.json\">OpenAPI 3.1</a></p><section><table><thead><tr>\
         <th scope=\"col\">Call</th><th scope=\"col\">What it does</th><th scope=\"col\">Parameters</th></tr></thead>\
         <tbody>{rows}</tbody></table></section></main></body></html>\n"
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

/// A text as HTML shows it.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// What is wrong with a description, a sentence each; `door` is the source of
/// the router it describes. A daemon's own test asks this, so that no route
/// is left out and nothing is described that is not there.
#[must_use]
pub fn faults(description: &str, door: &str) -> Vec<String> {
    let api: Value = match serde_json::from_str(description) {
        Ok(api) => api,
        Err(error) => return vec![format!("it is no JSON: {error}")],
    };
    let mut faults = Vec::new();
    if !api.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.1")) {
        faults.push("it does not say that it is OpenAPI 3.1".to_owned());
    }
    let quoted = |text: &str, lead: &str| -> BTreeSet<String> {
        text.split(lead).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
    };
    let leads_nowhere = |reference: &String| api.pointer(reference).is_none();
    let dangling = quoted(description, "\"$ref\": \"#").into_iter().filter(leads_nowhere);
    faults.extend(dangling.map(|reference| format!("`#{reference}` leads nowhere")));
    let routed = quoted(door, ".route(\"");
    let paths = api.get("paths").and_then(Value::as_object);
    let described: BTreeSet<String> = paths.into_iter().flatten().map(|(path, _methods)| path.clone()).collect();
    // What is done to one thing, `/{id}:verb`, goes through the thing's route.
    let route = |path: &String| path.rsplit_once("}:").map_or(path.clone(), |(thing, _verb)| format!("{thing}}}"));
    faults.extend(routed.difference(&described).map(|path| format!("{path} is not described")));
    faults.extend(
        described.iter().filter(|path| !routed.contains(&route(path))).map(|path| format!("{path} has no route")),
    );
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_page_names_each_call_with_its_own_and_its_shared_parameters() {
        let api = json!({
            "info": {"title": "Centre"},
            "paths": {"/v1/stores": {"get": {"summary": "Lists stores", "parameters": [
                {"name": "state", "description": "only these"}, {"$ref": "#/components/parameters/page_size"}]}}},
            "components": {"parameters": {"page_size": {"name": "page_size", "description": "rows"}}},
        });
        let page = render(&api, "body{margin:0}");
        for told in [
            "GET /v1/stores",
            "Lists stores",
            "<code>state</code>: only these<br><code>page_size</code>: rows",
            "<style>body{margin:0}</style>",
        ] {
            assert!(page.contains(told), "{told}");
        }
    }

    #[test]
    fn what_is_told_is_text_and_never_markup() {
        let page = render(&json!({"info": {"title": "<script>"}}), "");
        assert!(!page.contains("<script>"));
        assert_eq!(escaped("a&b's \"<i>\""), "a&amp;b&#39;s &quot;&lt;i&gt;&quot;");
    }

    #[test]
    fn each_fault_of_a_description_is_named() {
        let door = ".route(\"/a\", get(a)).route(\"/b\", get(b))";
        let told = faults(r##"{"openapi": "3.0", "paths": {"/a": {}, "/c": {"$ref": "#/lost"}}}"##, door);
        let expected = [
            "it does not say that it is OpenAPI 3.1",
            "`#/lost` leads nowhere",
            "/b is not described",
            "/c has no route",
        ];
        assert_eq!(told, expected);
        assert!(faults("{", door).iter().all(|fault| fault.starts_with("it is no JSON")));
        assert!(faults(r#"{"openapi": "3.1.0", "paths": {"/a": {}, "/b": {}}}"#, door).is_empty());
        let verbs = r#"{"openapi": "3.1.0", "paths": {"/a/{id}": {}, "/a/{id}:close": {}, "/c/{id}:close": {}}}"#;
        assert_eq!(faults(verbs, ".route(\"/a/{id}\", get(a))"), ["/c/{id}:close has no route"]);
    }
}
