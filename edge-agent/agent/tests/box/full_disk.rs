//! A disk that can't be written, as the box shows it. A limit on the size of
//! files stands in for it; lifting the limit is the disk that has room again.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::running::{ONE, Running, arguments, event, program};

/// Units of the shell, 512 or 1,024 bytes: the log reaches it after some
/// hundred sales.
const LIMIT: u64 = 1_024;

fn wordy(id: u32) -> Value {
    event("tidemark.sale", &id.to_string(), json!({"lines": [{"item": "a", "quantity": 1}], "note": "x".repeat(400)}))
}

#[test]
fn not_saved_is_shown_everywhere_and_over_when_there_is_room() {
    let mut shop = Running::by(|data| {
        let mut shell = Command::new("sh");
        // The signal of a file that is too large would end the process;
        // ignored, the write fails, as on a full disk.
        let script = format!("trap '' XFSZ; ulimit -S -f {LIMIT}; exec \"$0\" \"$@\"");
        shell.arg("-c").arg(script).arg(program().get_program()).args(arguments(data));
        shell
    });
    let refused = (0..100_000).find_map(|id| {
        let (status, answer) = shop.post(ONE, wordy(id).to_string());
        (status != 200).then_some((id, status, answer))
    });
    let (id, status, problem) = refused.unwrap();
    assert_eq!((status, &problem["code"]), (503, &json!("not_saved")), "{problem}");
    let told = shop.get("/v1/status");
    assert_eq!(told["saving"], json!(false), "{told}");
    assert!(told["tail"].as_u64().unwrap() > 0, "what was saved is still told");
    assert!(shop.conditions().contains(&"TM-3001".to_owned()), "{told}");
    assert!(shop.text("/").1.contains("NOT SAVED"));
    assert_eq!(shop.text("/readyz").0, 503);
    let metrics = shop.text("/metrics").1;
    assert!(metrics.contains("tidemark_edge_saving 0"), "{metrics}");
    assert!(metrics.contains("tidemark_edge_conditions{code=\"TM-3001\"} 1"), "{metrics}");
    let said = shop.command(&["status"]);
    assert!(said.code == 0 && said.out.contains("NOT SAVED"), "{}{}", said.out, said.err);
    let pid = shop.child.id().to_string();
    assert!(Command::new("prlimit").args(["--fsize=unlimited:", "--pid", &pid]).status().unwrap().success());
    #[expect(clippy::disallowed_methods, reason = "a test's own patience")]
    let began = Instant::now();
    while shop.post(ONE, wordy(id).to_string()).0 != 200 {
        assert!(began.elapsed() < Duration::from_secs(60), "it never sells again");
    }
    assert_eq!(shop.get("/v1/status")["saving"], json!(true));
    assert!(shop.child.try_wait().unwrap().is_none(), "it is the same process");
}
