//! The table of all kinds of problem that a call may be answered with. It is
//! the source for the answers and for `explain`; codes are never used again.

use axum::http::StatusCode;

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// For machines; never changes.
    pub code: &'static str,
    /// The HTTP status it is answered with.
    pub status: StatusCode,
    /// What it is called.
    pub title: &'static str,
    /// Where it comes from.
    pub cause: &'static str,
    /// What the caller can do; an answer may say it more closely.
    pub remedy: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $status:ident, $code:literal, $title:literal, $cause:literal, $remedy:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $name: Kind =
                Kind { code: $code, status: StatusCode::$status, title: $title, cause: $cause, remedy: $remedy };
        )*

        /// Every kind, by code.
        pub const PROBLEMS: &[Kind] = &[$($name),*];
    };
}

kinds! {
    /// A password that can't be set.
    BAD_PASSWORD: UNPROCESSABLE_ENTITY, "bad_password", "Not this password", "The password is too short, too long or easily guessed.",
        "choose another of 10 characters or more";
    /// The body ended before it was whole.
    BODY_CUT: BAD_REQUEST, "body_cut", "Body cut", "The line was cut while the body was sent; nothing of it is kept.",
        "send it again";
    /// The body is no JSON of the shape that is taken.
    BROKEN_JSON: BAD_REQUEST, "broken_json", "Not readable",
        "The body is no JSON, or not of the shape that is taken here.", "send it as /docs describes it";
    /// More is being read than there is room for.
    BUSY: SERVICE_UNAVAILABLE, "busy", "Busy",
        "So many large bodies are being read at once that there is no room for another; nothing of it is kept.",
        "send it again";
    /// A code that stands for something else.
    CODE_TAKEN: CONFLICT, "code_taken", "Code taken",
        "The code stands for another item of the catalogue than the one that was named; nothing is decided.",
        "look at the item that has it; change the catalogue if that is wrong";
    /// Another content type is taken.
    CONTENT_TYPE: UNSUPPORTED_MEDIA_TYPE, "content_type", "Wrong content type",
        "The header Content-Type names another kind of body than is taken here.", "send the one that is named";
    /// A change that a page elsewhere may have asked for.
    CSRF: FORBIDDEN, "csrf", "Not from here", "A change by a cookie has to come from a page of the centre and carry the word of its session.",
        "send `X-CSRF-Token` as GET /v1/session tells it, or use a token";
    /// A cursor of changes that is none.
    CURSOR: BAD_REQUEST, "cursor", "No such cursor", "The cursor is not one that an answer gave, or the wait no number.",
        "leave it out, which gives all levels first, or give the cursor of the last answer";
    /// The company's directory.
    DIRECTORY: BAD_GATEWAY, "directory", "The directory does not answer", "The company's directory can't be reached, or what it says can't be taken.",
        "sign in with a local user, or try again; the centre's log says what was wrong";
    /// An import with faults.
    FAULTY_FILE: UNPROCESSABLE_ENTITY, "faulty_file", "Faulty file",
        "Lines of the file can't be taken, so that none is.",
        "mend the lines named in `errors` and send the whole file again";
    /// A filter of a list with a value it does not take.
    FILTER: BAD_REQUEST, "filter", "No such filter", "A filter of the list has a value that it does not take.",
        "leave it out or give one of the values that /docs names";
    /// The caller is known and has no right to this.
    FORBIDDEN: FORBIDDEN, "forbidden", "Not allowed", "The token shown is known and may not do this.",
        "use a token that may";
    /// The id was used for something else.
    ID_TAKEN: CONFLICT, "id_taken", "Another content under this id",
        "Something else was asked for under this id; nothing is done.",
        "use another id, or ask for exactly what was asked for before";
    /// An instruction that can't be given.
    INSTRUCTION_INVALID: UNPROCESSABLE_ENTITY, "instruction_invalid", "Can't be asked for",
        "What the box is asked for can't be done; nothing is.", "mend what `errors` names and ask again";
    /// The box's books can't be read.
    JOURNAL_UNREADABLE: SERVICE_UNAVAILABLE, "journal_unreadable", "The journal can't be read",
        "The box's disk does not give back what is asked for.", "try again; if it stays so, look at the box's disk";
    /// The ledger does not answer.
    LEDGER: SERVICE_UNAVAILABLE, "ledger", "Not now", "The centre's database does not answer.",
        "try again; the stock of the shops is not in danger";
    /// Somebody has a letter already.
    LETTER_TAKEN: CONFLICT, "letter_taken", "Somebody was first",
        "A dead letter is being repaired by somebody else, or is settled; nothing is done.",
        "look at the letters and jobs that `errors` names, then repair what is left";
    /// A link by which a password is set.
    LINK_OVER: GONE, "link_over", "The link is over", "A link by which a password is set works once and for a day.",
        "ask for another: `tidemark-central user link NAME`";
    /// Others are lost than the person saw.
    LOSSES_CHANGED: CONFLICT, "losses_changed", "Other losses",
        "Other positions wait for a signature than the number that was given; nothing is signed.",
        "look at the store's losses again and sign what is there now";
    /// Not of the form that an HTTP request has here.
    MALFORMED: BAD_REQUEST, "malformed", "Malformed request",
        "The address, a parameter or the body is not of the form that is taken here.", "send it as /docs describes it";
    /// The address takes other methods.
    METHOD_NOT_ALLOWED: METHOD_NOT_ALLOWED, "method_not_allowed", "Other method",
        "The address is there and takes other methods.", "see /docs for what it takes";
    /// Less is available than was asked for.
    NOT_AVAILABLE: CONFLICT, "not_available", "Not available",
        "Less is available in the shop than was asked for: the rest is reserved, kept back or not there.",
        "ask for no more than `errors` says is available, or in another shop";
    /// Nobody knows how much there is.
    NOT_COUNTED: CONFLICT, "not_counted", "Never counted",
        "The item has no opening stock and was never counted in the shop: nobody knows how much there is.",
        "have the shop count the item, or ask in another shop";
    /// Nothing is there.
    NOT_FOUND: NOT_FOUND, "not_found", "Not found", "Nothing of this name is there.",
        "look at the spelling, or list what there is";
    /// The disk does not take what was submitted.
    NOT_SAVED: SERVICE_UNAVAILABLE, "not_saved", "NOT SAVED",
        "The box's disk can't be written or read, or the box is stopping: nothing of it was answered.",
        "keep the receipt and send it again with the same id; look at the box's page";
    /// A size of a page that is none.
    PAGE_SIZE: BAD_REQUEST, "page_size", "No such page", "The size of a page is no number within the bounds.",
        "leave it out or give a number";
    /// A token of a page that is none.
    PAGE_TOKEN: BAD_REQUEST, "page_token", "No such page", "The token is not the one of a page before.",
        "take `next_page_token` of the page before, or begin again without it";
    /// A code of a pairing that is wrong, or none is open.
    PAIRING: FORBIDDEN, "pairing", "Not paired", "The code is wrong, too old, or was tried too often.",
        "open a pairing on the box's page or with `tidemark-edge till pair NAME` and type its code within five minutes";
    /// The system gives no random bits.
    RANDOM: SERVICE_UNAVAILABLE, "random", "Not now", "The system gives no random bits.", "try again";
    /// This process only reads.
    READ_ONLY: MISDIRECTED_REQUEST, "read_only", "Not here",
        "This process answers from a region's copy of the database, which nobody changes there.",
        "send it to the centre itself";
    /// A repair that can't be made.
    REPAIR_INVALID: UNPROCESSABLE_ENTITY, "repair_invalid", "Can't be repaired so",
        "A letter can't be repaired in this way; none is.", "mend what `errors` names and repair again";
    /// The identity of a request was used for something else.
    REQUEST_REUSED: CONFLICT, "request_reused", "Request used before",
        "The identity of the request stands for another request; nothing was done.",
        "give each request an identity of its own, and repeat only the same";
    /// A reservation that is over.
    RESERVATION_OVER: CONFLICT, "reservation_over", "Reservation over",
        "The reservation was fulfilled, released or has expired: it holds nothing any more.",
        "look at its `state`; reserve anew if the goods are still wanted";
    /// A till's word about a scan that is over.
    SCAN_OVER: GONE, "scan_over", "Too late",
        "The scan was answered already, or not within 800 ms: whoever scanned heard an error.",
        "do not add the line; it is scanned again";
    /// A sheet of command codes that can't be printed.
    SHEET_UNREADABLE: BAD_REQUEST, "sheet_unreadable", "No such sheet",
        "A language, zone, store, person or reference can't stand on a sheet of command codes.",
        "give names of printable characters without spaces, at most 41 bytes";
    /// Name or password are wrong.
    SIGN_IN: UNAUTHORIZED, "sign_in", "Not signed in", "The name or the password is wrong, or the user may not sign in.",
        "try again, or ask an administrator for a link";
    /// Too many wrong tries.
    SIGN_IN_WAIT: TOO_MANY_REQUESTS, "sign_in_wait", "Wait", "Signing in has to wait: too many tries were wrong, or too many sign in at once.",
        "wait as Retry-After says and try again";
    /// The daemon is stopping.
    STOPPING: SERVICE_UNAVAILABLE, "stopping", "Not now", "The daemon is stopping.", "try again";
    /// A till that can't be read.
    TILL_UNREADABLE: BAD_REQUEST, "till_unreadable", "Unreadable till",
        "The name or the hash of the till's token can't be taken.",
        "send {\"name\": \"till:3\", \"token_hash\": \"<64 hexadecimal digits>\"}";
    /// No token of a till, or one that is not known.
    TOKEN: UNAUTHORIZED, "token", "No right", "Off the box itself every request carries the token of a till.",
        "send `Authorization: Bearer <token>`; `tidemark-edge till add NAME` makes one";
    /// One caller asks too often.
    TOO_FAST: TOO_MANY_REQUESTS, "too_fast", "Too fast", "One caller sends more requests than its share.",
        "wait as Retry-After says and send it again with the same id; send what has gathered in batches";
    /// The body is larger than what is taken.
    TOO_LARGE: PAYLOAD_TOO_LARGE, "too_large", "Body too large", "The body is larger than what is taken at once.",
        "send it in several requests";
    /// More entries than are taken at once.
    TOO_MANY: PAYLOAD_TOO_LARGE, "too_many", "Too many at once", "The body has more entries than are taken at once.",
        "send it in several requests";
    /// The body did not come in time.
    TOO_SLOW: REQUEST_TIMEOUT, "too_slow", "Body too slow", "The body did not come within the time.", "send it again";
    /// Other goods are in transit than the person saw.
    TRANSFER_CHANGED: CONFLICT, "transfer_changed", "Other goods",
        "Other goods are in transit than those that were given; nothing is closed.",
        "look at the transfer again and close what is there now";
    /// Goods are on their way.
    TRANSFER_NOT_DUE: CONFLICT, "transfer_not_due", "On its way",
        "Both sides were not told with a final receipt, and 14 days are not over: the goods may still arrive.",
        "wait for the receipt, or have the shop send it with `final`";
    /// Nothing is in transit.
    TRANSFER_SETTLED: CONFLICT, "transfer_settled", "Nothing to close",
        "Nothing of the transfer is in transit; a difference was closed already, or there is none.",
        "look at the transfer: `differences` says who closed what";
    /// No token of a role, or one that is not known.
    UNAUTHORIZED: UNAUTHORIZED, "unauthorized", "No right shown",
        "Off the centre's own machine every request carries a token.",
        "send `Authorization: Bearer <token>`; `tidemark-central token add` makes one";
}

/// The kind of a code, given as it stands in an answer's `code` or `type`.
#[must_use]
pub fn find(code: &str) -> Option<&'static Kind> {
    let code = code.strip_prefix(super::URN).unwrap_or(code);
    PROBLEMS.iter().find(|kind| kind.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_cause_and_remedy_and_has_its_own_code_and_an_error_for_a_status() {
        for kind in PROBLEMS {
            assert!(kind.cause.len() > 10 && kind.remedy.len() > 5 && kind.title.len() > 3, "{kind:?}");
            assert!(kind.status.is_client_error() || kind.status.is_server_error(), "{kind:?}");
            assert_eq!(find(kind.code), Some(kind), "{} stands twice", kind.code);
        }
        assert!(PROBLEMS.is_sorted_by_key(|kind| kind.code));
    }

    #[test]
    fn a_kind_is_found_as_an_answer_names_it() {
        assert_eq!(find("urn:tidemark:problem:not_saved"), Some(&NOT_SAVED));
        assert_eq!(find("never_heard"), None);
    }
}
