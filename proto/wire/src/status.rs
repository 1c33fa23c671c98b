//! Refusals of calls, as gRPC knows them: a status, with our own code in a
//! header, so that the other end need not guess.

use tidemark_sync::message::{Refusal, RefusalCode, Slow};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::convert::{code_of_word, spoken};

/// Header with the word of a refusal's code.
const REFUSAL: &str = "tidemark-refusal";
/// Header with the milliseconds to stay away.
const RETRY_AFTER: &str = "tidemark-retry-after-ms";

/// What a status says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Not so.
    Refused(Refusal),
    /// Not now.
    Slow(Slow),
    /// The line, or the centre, is in trouble.
    Trouble(String),
}

/// The status of a refusal.
pub(crate) fn refused(refusal: &Refusal) -> Status {
    // It travels in a header, which is short.
    let mut status = Status::new(code_of(refusal.code), spoken(&refusal.detail));
    let word = MetadataValue::from_static(refusal.code.as_str());
    status.metadata_mut().insert(REFUSAL, word);
    status
}

/// The status of a call that came too early.
pub(crate) fn slow(slow: Slow) -> Status {
    let mut status = Status::unavailable("not now: come again later");
    status.metadata_mut().insert(RETRY_AFTER, MetadataValue::from(slow.retry_after_ms));
    status
}

/// The status of a call that the centre can't answer.
pub(crate) fn troubled(cause: &str) -> Status {
    Status::unavailable(spoken(cause))
}

const fn code_of(code: RefusalCode) -> Code {
    match code {
        RefusalCode::UnknownStore | RefusalCode::WrongEpoch => Code::NotFound,
        RefusalCode::WrongStore => Code::PermissionDenied,
        RefusalCode::ClosedStore | RefusalCode::SecondBox | RefusalCode::Protocol | RefusalCode::OutOfTurn => {
            Code::FailedPrecondition
        }
        RefusalCode::Malformed | RefusalCode::Disorder => Code::InvalidArgument,
        RefusalCode::TooLarge => Code::OutOfRange,
    }
}

/// What a status says, whoever made it: ours, a proxy's, or the library's.
pub(crate) fn said(status: &Status) -> Said {
    let header = |name| status.metadata().get(name).and_then(|value| value.to_str().ok());
    if let Some(word) = header(REFUSAL) {
        return Said::Refused(Refusal::new(code_of_word(word), status.message()));
    }
    if let Some(retry_after_ms) = header(RETRY_AFTER).and_then(|ms| ms.parse().ok()) {
        return Said::Slow(Slow { retry_after_ms });
    }
    let refusal = match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => Some(RefusalCode::WrongStore),
        Code::Unimplemented => Some(RefusalCode::Protocol),
        Code::InvalidArgument => Some(RefusalCode::Malformed),
        Code::OutOfRange => Some(RefusalCode::TooLarge),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => None,
    };
    match refusal {
        Some(code) => Said::Refused(Refusal::new(code, status.message())),
        None => Said::Trouble(with_sources(status)),
    }
}

/// An error with all that lies below it, once each.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        below = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_code_over_a_status() {
        for code in RefusalCode::ALL {
            let refusal = Refusal::new(code, "because");
            assert_eq!(said(&refused(&refusal)), Said::Refused(refusal));
        }
    }

    #[test]
    fn a_long_cause_is_cut_to_what_a_header_takes() {
        let long = "the database says\n".repeat(4_000);
        let refusal = Refusal::new(RefusalCode::Malformed, long.clone());
        for status in [refused(&refusal), troubled(&long)] {
            assert!(status.message().len() <= 1_024 && !status.message().contains('\n'));
        }
    }

    #[test]
    fn not_now_keeps_its_time() {
        let later = Slow { retry_after_ms: 1_500 };
        assert_eq!(said(&slow(later)), Said::Slow(later));
    }

    #[test]
    fn a_proxys_refusal_is_one_and_a_lost_line_is_none() {
        assert!(matches!(said(&Status::permission_denied("no")), Said::Refused(_)));
        assert_eq!(said(&Status::unimplemented("what?")), Said::Refused(Refusal::new(RefusalCode::Protocol, "what?")));
        assert!(matches!(said(&Status::unavailable("gone")), Said::Trouble(_)));
    }
}
