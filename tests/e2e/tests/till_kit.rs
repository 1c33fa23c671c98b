//! The till kit: the sample clients keep the till rule before a box in
//! trouble, and a client that breaks it is found out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tidemark_e2e::scene::{Trouble, sale};
use tidemark_fleet::patience::expect;

/// Where the kit lies.
fn kit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tills")
}

/// Runs a program to its end; what it wrote, and whether it ended well.
fn ran(program: &str, arguments: &[&str]) -> Result<(bool, String), Trouble> {
    let missing = |error| format!("{program} can't be run: {error}; `./dev test` installs it");
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(missing)?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// Lets the box in trouble judge a client.
fn judged(client: &str) -> Result<(bool, String), Trouble> {
    let judge = kit().join("conformance/play_box.py").display().to_string();
    ran("python3", &[&judge, "--port", "0", "--minute", "3", "--within", "200", "--run", client])
}

fn keeps_the_rule(client: &str, folder: &Path) -> Result<(), Trouble> {
    let spool = folder.join("spool").display().to_string();
    let client = format!("{client} --box {{box}} --spool {spool} --receipts 9 --minute 3 --within 150");
    let (good, said) = judged(&client)?;
    expect(good && said.contains("the client keeps the till rule"), || said)
}

#[test]
fn the_python_client_keeps_the_till_rule() -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    keeps_the_rule(&format!("python3 {}", kit().join("python/tidemark_till.py").display()), folder.path())
}

#[test]
fn the_java_client_keeps_the_till_rule() -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    let classes = folder.path().display().to_string();
    let source = kit().join("java/TidemarkTill.java").display().to_string();
    let (good, said) = ran("javac", &["-Xlint:all", "-Werror", "-d", &classes, &source])?;
    expect(good, || said)?;
    keeps_the_rule(&format!("java -cp {classes} TidemarkTill"), folder.path())
}

#[test]
fn the_c_sharp_client_keeps_the_till_rule() -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("till.exe").display().to_string();
    let source = kit().join("csharp/TidemarkTill.cs").display().to_string();
    let (good, said) = ran("mcs", &["-warnaserror", &format!("-out:{program}"), &source])?;
    expect(good, || said)?;
    keeps_the_rule(&format!("mono {program}"), folder.path())
}

#[test]
fn clients_that_break_the_rule_are_found_out() -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    let event = sale("x", "4006381333931", 1).to_string();
    for (name, each, fault) in [
        // Posts once, and forgets what was not answered.
        ("once", "post(number, {})", "was never sent again"),
        // Repeats under an id of its own each time.
        ("fresh_ids", "[post(f'{number}-{again}', {}) for again in range(5)]", "was never sent again"),
        // Repeats with other content.
        ("changes", "[post(number, {'note': str(again)}) for again in range(3)]", "came again with other content"),
        // Repeats at once, whatever the box asks for.
        ("hastes", "[post(number, {}) for again in range(40)]", "before Retry-After was over"),
        // Lets a customer wait for a silent box.
        ("waits", "[post(number, {}, 60) for again in range(3)]", "was waited for longer"),
        // Says of a fresh receipt that it is old.
        ("lies", "post(number, {'deferred': True, 'age_ms': 1000})", "is deferred after 1.0 s already"),
    ] {
        let program = format!(
            "import json, sys, urllib.request\n\
             def post(number, more, patience=2):\n\
             \x20   event = json.loads({event:?})\n\
             \x20   event['id'] = str(number)\n\
             \x20   event['data'].update(more)\n\
             \x20   head = {{'Content-Type': 'application/cloudevents+json'}}\n\
             \x20   request = urllib.request.Request(sys.argv[1] + '/v1/events', json.dumps(event).encode(), head)\n\
             \x20   try:\n\
             \x20       urllib.request.urlopen(request, timeout=patience).read()\n\
             \x20   except Exception:\n\
             \x20       pass\n\
             for number in range(9):\n\
             \x20   {each}\n"
        );
        let path = folder.path().join(format!("{name}.py"));
        std::fs::write(&path, program)?;
        let (good, said) = judged(&format!("python3 {} {{box}}", path.display()))?;
        expect(!good && said.contains(fault), || format!("{name}: {said}"))?;
    }
    Ok(())
}
