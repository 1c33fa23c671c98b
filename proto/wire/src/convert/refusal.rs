//! Refusals: on the stream by number, in a call's headers by word.

use tidemark_sync::message::{Refusal, RefusalCode};

use super::field::{spoken, words};
use crate::error::DecodeError;
use crate::schema::sync::v1 as proto;

/// Numbers and words are part of the protocol.
const CODES: [(RefusalCode, proto::RefusalCode); 10] = [
    (RefusalCode::UnknownStore, proto::RefusalCode::UnknownStore),
    (RefusalCode::WrongStore, proto::RefusalCode::WrongStore),
    (RefusalCode::ClosedStore, proto::RefusalCode::ClosedStore),
    (RefusalCode::SecondBox, proto::RefusalCode::SecondBox),
    (RefusalCode::Protocol, proto::RefusalCode::Protocol),
    (RefusalCode::Malformed, proto::RefusalCode::Malformed),
    (RefusalCode::OutOfTurn, proto::RefusalCode::OutOfTurn),
    (RefusalCode::WrongEpoch, proto::RefusalCode::WrongEpoch),
    (RefusalCode::Disorder, proto::RefusalCode::Disorder),
    (RefusalCode::TooLarge, proto::RefusalCode::TooLarge),
];

pub(super) fn refused(refusal: &Refusal) -> proto::Refused {
    let number = CODES.into_iter().find(|(code, _)| *code == refusal.code).map(|(_, number)| number);
    let code = number.unwrap_or(proto::RefusalCode::Unspecified);
    proto::Refused { code: code.into(), detail: spoken(&refusal.detail) }
}

/// A code that this release does not know comes from a newer centre: the box
/// is too old, which is what it is told.
pub(super) fn refused_of(message: proto::Refused) -> Result<Refusal, DecodeError> {
    let known = CODES.into_iter().find(|(_, number)| i32::from(*number) == message.code);
    let detail = words(message.detail, "refused.detail")?;
    Ok(match known {
        Some((code, _)) => Refusal { code, detail },
        None => Refusal::new(
            RefusalCode::Protocol,
            format!("refused with code {}, which this release does not know: {detail}", message.code),
        ),
    })
}

/// The code of a word in a call's headers; [`RefusalCode::Protocol`] for one of a newer release.
pub(crate) fn code_of_word(word: &str) -> RefusalCode {
    RefusalCode::ALL.into_iter().find(|code| code.as_str() == word).unwrap_or(RefusalCode::Protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_number_and_a_word() {
        for code in RefusalCode::ALL {
            let refusal = Refusal::new(code, "so");
            assert_eq!(refused_of(refused(&refusal)), Ok(refusal));
            assert_eq!(code_of_word(code.as_str()), code);
        }
    }

    #[test]
    fn a_code_of_a_newer_centre_says_that_the_box_is_too_old() {
        let refusal = refused_of(proto::Refused { code: 77, detail: "because".into() }).unwrap();
        assert_eq!(refusal.code, RefusalCode::Protocol);
        assert!(refusal.detail.contains("77"), "{refusal}");
    }
}
