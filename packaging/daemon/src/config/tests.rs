use serde::Deserialize;
use std::time::Duration;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shop {
    http: Http,
    #[serde(default)]
    scanner: Vec<Scanner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    address: String,
    patience: Span,
    secret: Option<Secret>,
    #[serde(default)]
    store: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scanner {
    path: String,
    baud: u32,
}

impl Settings for Shop {
    const KEYS: &'static [Key] = &[
        Key { name: "http.address", default: "\"127.0.0.1:1\"", help: "where it listens" },
        Key { name: "http.patience", default: "\"30s\"", help: "how long it waits" },
        Key { name: "http.secret", default: "", help: "nobody's business" },
        Key { name: "http.store", default: "", help: "which shop" },
        Key { name: "scanner[].path", default: "", help: "the port" },
        Key { name: "scanner[].baud", default: "9600", help: "bits a second" },
    ];
}

fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edge.toml");
    std::fs::write(&path, text).unwrap();
    (folder, Sources { file: Some(path), ..Sources::default() })
}

fn fault(text: &str) -> String {
    let (_folder, sources) = file(text);
    let error = load::<Shop>(&sources).map(|_| ()).unwrap_err().to_string();
    error.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn each_layer_overrules_the_one_before() {
    let (folder, mut sources) = file("[http]\naddress = \"file\"\npatience = \"1s\"\n");
    assert_eq!(load::<Shop>(&Sources::default()).unwrap().settings.http.address, "127.0.0.1:1");
    assert_eq!(load::<Shop>(&sources).unwrap().settings.http.address, "file");
    std::fs::create_dir(folder.path().join("conf.d")).unwrap();
    std::fs::write(folder.path().join("conf.d/10.toml"), "http.address = \"fragment\"\n").unwrap();
    assert_eq!(load::<Shop>(&sources).unwrap().settings.http.address, "fragment");
    sources.environment = vec![("TIDEMARK_HTTP__ADDRESS".into(), "environment".into())];
    assert_eq!(load::<Shop>(&sources).unwrap().settings.http.address, "environment");
    sources.flags = vec![("http.address".into(), "flag".into())];
    let loaded = load::<Shop>(&sources).unwrap();
    assert_eq!(loaded.settings.http.address, "flag");
    assert_eq!(loaded.settings.http.patience, Span(Duration::from_secs(1)));
    let origins: Vec<_> = loaded.explain().map(|(key, _, origin)| (key.to_owned(), origin.clone())).collect();
    assert_eq!(origins[0], ("http.address".to_owned(), Origin::Flag));
    assert!(matches!(&origins[1].1, Origin::File(_, 3)));
}

#[test]
fn fragments_are_read_although_the_usual_file_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources { usual: Some(folder.path().join("edge.toml")), ..Sources::default() };
    let address = || load::<Shop>(&sources).unwrap().settings.http.address;
    assert_eq!(address(), "127.0.0.1:1", "nothing is there");
    std::fs::create_dir(folder.path().join("conf.d")).unwrap();
    std::fs::write(folder.path().join("conf.d/10.toml"), "http.address = \"fragment\"\n").unwrap();
    assert_eq!(address(), "fragment");
    let asked = Sources { file: sources.usual.clone(), ..Sources::default() };
    assert!(load::<Shop>(&asked).is_err(), "a file that was asked for has to be there");
}

#[test]
fn a_command_line_gives_named_flags_and_pairs() {
    let named = [("http.address", Some(serde_json::json!("a"))), ("http.patience", None)];
    let pairs = ["http.patience = 2s".to_owned()];
    let sources = Sources::of_command_line(None, "/nowhere/edge.toml", named, &pairs).unwrap();
    let flags: Vec<_> = sources.flags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(flags, [("http.address", "\"a\""), ("http.patience", "2s")]);
    let nothing = Sources::of_command_line(None, "", [], &["http.address".to_owned()]).unwrap_err();
    assert_eq!(nothing.to_string(), "--set http.address: write it as KEY=VALUE");
}

#[test]
fn a_fault_is_told_with_file_line_and_the_nearest_key() {
    assert_eq!(
        fault("[http]\nadress = \"x\"\n"),
        "edge.toml:2: there is no key `http.adress`; did you mean `http.address`?"
    );
    assert!(fault("[http]\npatience = 30\n").starts_with("edge.toml:2: `http.patience`: "));
    assert!(fault("[http]\npatience = \"soon\"\n").contains("a duration such as"));
    assert!(fault("[http\n").starts_with("edge.toml:1: "));
    let text = "[[scanner]]\npath = \"a\"\nbaud = 1\n\n[[scanner]]\npath = \"b\"\nbuad = 2\n";
    assert_eq!(fault(text), "edge.toml:7: there is no key `scanner[].buad`; did you mean `scanner[].baud`?");
    assert!(fault("[[scanner]]\npath = \"a\"\nbaud = \"fast\"\n").starts_with("edge.toml:3: `scanner[0].baud`: "));
    let text = "[[scanner]]\npath = \"a\"\n\n[[scanner]]\nbaud = 1\npath = 2\n";
    assert!(fault(text).starts_with("edge.toml:6: `scanner[1].path`: "), "{}", fault(text));
}

#[test]
fn lists_and_secrets() {
    let (_folder, sources) = file("[http]\nsecret = \"hush\"\n[[scanner]]\npath = \"/dev/ttyACM0\"\nbaud = 9600\n");
    let loaded = load::<Shop>(&sources).unwrap();
    assert_eq!(loaded.settings.scanner[0].path, "/dev/ttyACM0");
    assert_eq!(
        (loaded.settings.scanner[0].baud, loaded.settings.http.secret.as_ref().map(Secret::expose)),
        (9600, Some("hush"))
    );
    let shown: Vec<String> = loaded.explain().map(|(_, value, _)| value).collect();
    assert!(!shown.iter().any(|value| value.contains("hush")));
}

#[test]
fn the_printed_default_is_a_configuration_again() {
    let (_folder, sources) = file(&print_default::<Shop>());
    assert_eq!(load::<Shop>(&sources).unwrap().settings.http.patience, Span(Duration::from_secs(30)));
}

#[test]
fn a_table_of_a_list_has_the_defaults_of_its_members() {
    let (_folder, sources) = file("[[scanner]]\npath = \"a\"\n");
    assert_eq!(load::<Shop>(&sources).unwrap().settings.scanner[0].baud, 9600);
}

#[test]
fn a_flag_that_looks_like_a_number_is_a_text_where_a_text_is_wanted() {
    for store in ["1001", "true", "1979-05-27", "nan", "S1\nx = 1"] {
        let flags = vec![("http.store".to_owned(), store.to_owned())];
        let loaded = load::<Shop>(&Sources { flags, ..Sources::default() }).unwrap();
        assert_eq!(loaded.settings.http.store.as_deref(), Some(store));
    }
    let flags = vec![("http.patience".to_owned(), "30".to_owned())];
    let error = load::<Shop>(&Sources { flags, ..Sources::default() }).map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("flag: `http.patience`: ") && error.contains("a duration such as"), "{error}");
}

#[test]
fn a_key_without_a_section_has_a_variable_too() {
    assert_eq!(of_variable("_TIME_ZONE"), Some(("", "TIME_ZONE")));
    assert_eq!(of_variable("HTTP__ADDRESS"), Some(("HTTP", "ADDRESS")));
    assert_eq!(of_variable("TARGET"), None);
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let (folder, mut sources) = file("http.secret = \"file\"\n");
    let path = folder.path().join("secret");
    std::fs::write(&path, "hush\n").unwrap();
    sources.environment = vec![("TIDEMARK_HTTP__SECRET__FILE".into(), path.display().to_string())];
    let loaded = load::<Shop>(&sources).unwrap();
    assert_eq!(loaded.settings.http.secret.as_ref().map(Secret::expose), Some("hush"));
    assert!(!format!("{loaded:?}").contains("hush"), "{loaded:?}");
    let text = format!("[http]\nsecret = {{ file = \"{}\" }}\n", path.display());
    let (_folder, sources) = file(&text);
    assert_eq!(load::<Shop>(&sources).unwrap().settings.http.secret.unwrap().expose(), "hush");
    assert!(fault("[http]\nsecret = { file = \"nowhere\" }\n").contains("`http.secret.file`: nowhere can't be read"));
}

#[test]
fn a_value_that_must_be_given_is_asked_for() {
    let text = fault("[[scanner]]\npath = \"a\"\n[[scanner]]\nbaud = 1\n");
    assert_eq!(
        text,
        "edge.toml:3: `scanner[1].path` has no value: give it in the file, by a flag or leave the table out"
    );
}
