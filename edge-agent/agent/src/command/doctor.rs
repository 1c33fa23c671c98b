//! `tidemark-edge doctor`.

use std::process::ExitCode;

use serde_json::json;
use tidemark_daemon::config;
use tidemark_daemon::output::{Form, Rows};

use super::{CommandError, Told};
use crate::doctor::{Level, Root, examine, worst};

pub(super) fn carry_out(told: &Told, form: Form) -> Result<ExitCode, CommandError> {
    let settings = told.load()?.settings;
    let mut findings = examine(&Root::real(), &settings, &config::variable);
    // What is wrong comes first.
    findings.sort_by_key(|finding| match finding.level {
        Level::Critical => 0,
        Level::Warning => 1,
        Level::Unknown => 2,
        Level::Ok => 3,
    });
    let mut rows = Rows::new(&["level", "check", "detail", "remedy"]);
    for finding in &findings {
        let level = finding.level.to_string();
        rows.add(vec![json!(level), json!(finding.check), json!(finding.detail), json!(finding.remedy)]);
    }
    rows.print(form)?;
    Ok(ExitCode::from(worst(&findings) as u8))
}
