//! `explain`: what a condition, or the code of an answer, means.

use std::str::FromStr;

use serde_json::{Value, json};

use crate::conditions::{self, CONDITIONS, Code, Condition};
use crate::output::{Form, Rows};
use crate::problem::{self, Kind, PROBLEMS};

/// What is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A condition.
    Condition(&'static Condition),
    /// A condition that nobody knows.
    Unknown(Code),
    /// A kind of problem that calls are answered with.
    Problem(&'static Kind),
}

impl FromStr for Subject {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(kind) = problem::find(text) {
            return Ok(Self::Problem(kind));
        }
        let neither = |_error| {
            format!("`{text}` is neither a condition, such as TM-3001, nor the code of an answer, such as not_saved")
        };
        let code: Code = text.parse().map_err(neither)?;
        Ok(conditions::find(code).map_or(Self::Unknown(code), Self::Condition))
    }
}

/// There is no such condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no condition {0}; `explain` without a code lists all")]
pub struct NoSuchCondition(Code);

/// The explanation of a subject, or of everything there is.
pub fn explain(subject: Option<Subject>, form: Form) -> Result<String, NoSuchCondition> {
    let (conditions, problems): (Vec<&Condition>, Vec<&Kind>) = match subject {
        None => (CONDITIONS.iter().collect(), PROBLEMS.iter().collect()),
        Some(Subject::Condition(condition)) => (vec![condition], Vec::new()),
        Some(Subject::Problem(kind)) => (Vec::new(), vec![kind]),
        Some(Subject::Unknown(code)) => return Err(NoSuchCondition(code)),
    };
    if form == Form::Table {
        let pages = conditions.into_iter().map(conditions::explain).chain(problems.into_iter().map(page));
        return Ok(pages.collect::<Vec<_>>().join("\n"));
    }
    let mut rows = Rows::new(&["code", "title", "severity", "cause", "effect", "remedy"]);
    let all = conditions.into_iter().map(row).chain(problems.into_iter().map(row_of_problem));
    all.for_each(|row| rows.add(row));
    Ok(rows.render(form))
}

fn page(kind: &Kind) -> String {
    let Kind { code, status, title, cause, remedy } = kind;
    format!("{code} {title} (HTTP {})\n\nCause:  {cause}\nRemedy: {remedy}\n", status.as_u16())
}

fn row(condition: &Condition) -> Vec<Value> {
    let Condition { code, title, severity, cause, effect, remedy, .. } = condition;
    [&code.to_string(), *title, &severity.to_string(), cause, effect, remedy].map(|text| json!(text)).to_vec()
}

fn row_of_problem(kind: &Kind) -> Vec<Value> {
    let Kind { code, status, title, cause, remedy } = kind;
    let effect = format!("The call is answered with HTTP {}.", status.as_u16());
    [*code, *title, "", *cause, &effect, *remedy].map(|text| json!(text)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditions::registry;

    fn told(text: &str, form: Form) -> String {
        explain(Some(text.parse().unwrap()), form).unwrap()
    }

    #[test]
    fn conditions_and_codes_of_answers_are_explained_alike() {
        assert!(told("TM-3001", Form::Table).starts_with("TM-3001 NOT SAVED"));
        let page = told("urn:tidemark:problem:not_saved", Form::Table);
        assert!(page.starts_with("not_saved NOT SAVED (HTTP 503)") && page.contains("same id"), "{page}");
        assert!(told("faulty_file", Form::Json).contains("HTTP 422"));
        let all = explain(None, Form::Jsonl).unwrap();
        assert_eq!(all.lines().count(), CONDITIONS.len() + PROBLEMS.len());
    }

    #[test]
    fn what_nobody_knows_is_said_so() {
        let error = explain(Some("TM-9999".parse().unwrap()), Form::Table).unwrap_err();
        assert!(error.to_string().contains("TM-9999"), "{error}");
        assert!("disk".parse::<Subject>().unwrap_err().contains("not_saved"));
        let known = Subject::Condition(conditions::find(registry::NOT_SAVED).unwrap());
        assert_eq!("tm-3001".parse(), Ok(known));
    }
}
