use super::*;
use crate::{AuditEntry, AuditFilter, Kept, LedgerError, SessionRow, UserRow};

on_both!(
    a_user_is_made_once_and_a_new_role_holds_for_the_sessions_there_are,
    a_new_password_and_a_disabled_user_end_links_and_sessions,
    a_link_is_used_once_and_not_when_it_is_over,
    a_session_is_over_when_its_time_is,
    a_person_of_the_directory_is_no_local_user_of_that_name,
    all_sessions_of_a_name_are_ended_also_of_the_directory,
    the_key_of_cookies_is_the_same_for_all_processes,
);

fn kept(number: u8, lives_ms: i64) -> Kept {
    Kept { hash: [number; 32], lives_ms }
}

fn of(name: &str, role: &str) -> Option<SessionRow> {
    Some(SessionRow { name: name.to_owned(), role: role.to_owned() })
}

async fn a_user_is_made_once_and_a_new_role_holds_for_the_sessions_there_are(place: Place) {
    let ledger = place.open().await;
    let evil = "o'brien; DROP TABLE users; --";
    let by = |action: &str| ledger.by(&AuditEntry::of("command line", "admin", action));
    for name in ["ana", evil] {
        by("add").add_user(name, "viewer").await.unwrap();
    }
    let again = by("again").add_user("ana", "admin").await;
    assert!(matches!(&again, Err(LedgerError::Exists(name)) if name == "ana"), "{again:?}");
    ledger.begin_session("ana", None, kept(1, 60_000)).await.unwrap();
    assert_eq!(ledger.session([1; 32]).await.unwrap(), of("ana", "viewer"));
    assert!(by("role").set_role("ana", "operator").await.unwrap());
    assert!(!by("nobody").set_role("bob", "admin").await.unwrap());
    assert_eq!(ledger.session([1; 32]).await.unwrap(), of("ana", "operator"));
    let user = |name: &str, role: &str| UserRow {
        name: name.to_owned(),
        role: role.to_owned(),
        password: None,
        disabled: false,
    };
    assert_eq!(ledger.users().await.unwrap(), [user("ana", "operator"), user(evil, "viewer")]);
    assert_eq!(ledger.user("nul\0").await.unwrap(), None);
    let noted = ledger.audit(&AuditFilter::default(), 9).await.unwrap();
    assert_eq!(noted.iter().map(|row| row.entry.action.as_str()).collect::<Vec<_>>(), ["role", "add", "add"]);
}

async fn a_new_password_and_a_disabled_user_end_links_and_sessions(place: Place) {
    let ledger = place.open().await;
    ledger.add_user("ana", "viewer").await.unwrap();
    let enter = async |number: u8| {
        ledger.begin_session("ana", None, kept(number, 60_000)).await.unwrap();
        assert!(ledger.add_link("ana", kept(number, 60_000)).await.unwrap());
    };
    let is_in = async |number: u8| {
        let session = ledger.session([number; 32]).await.unwrap().is_some();
        assert_eq!(ledger.link([number; 32]).await.unwrap().is_some(), session);
        session
    };
    enter(1).await;
    assert!(is_in(1).await);
    assert!(ledger.set_password("ana", "hash").await.unwrap());
    assert!(!is_in(1).await);
    enter(2).await;
    assert!(ledger.disable_user("ana", true).await.unwrap());
    assert!(!is_in(2).await);
    assert!(ledger.disable_user("ana", false).await.unwrap());
    assert!(!is_in(2).await, "what was ended stays so");
    assert!(!ledger.set_password("bob", "hash").await.unwrap());
    assert!(!ledger.disable_user("bob", true).await.unwrap());
    assert!(!ledger.add_link("bob", kept(3, 60_000)).await.unwrap());
}

async fn a_link_is_used_once_and_not_when_it_is_over(place: Place) {
    let ledger = place.open().await;
    ledger.add_user("ana", "viewer").await.unwrap();
    assert!(ledger.add_link("ana", kept(1, 60_000)).await.unwrap());
    assert!(ledger.add_link("ana", kept(2, 0)).await.unwrap());
    assert_eq!(ledger.link([2; 32]).await.unwrap(), None);
    assert_eq!(ledger.use_link([2; 32], "late").await.unwrap(), None);
    assert_eq!(ledger.use_link([9; 32], "none").await.unwrap(), None);
    let (one, two) = tokio::join!(ledger.use_link([1; 32], "first"), ledger.use_link([1; 32], "second"));
    let used: Vec<_> = [one.unwrap(), two.unwrap()].into_iter().flatten().collect();
    assert_eq!(used, ["ana"], "of two at once one");
    assert!(["first", "second"].contains(&ledger.user("ana").await.unwrap().unwrap().password.unwrap().as_str()));
}

async fn a_session_is_over_when_its_time_is(place: Place) {
    let ledger = place.open().await;
    ledger.add_user("ana", "viewer").await.unwrap();
    ledger.begin_session("ana", None, kept(1, 0)).await.unwrap();
    ledger.begin_session("ana", None, kept(2, 60_000)).await.unwrap();
    assert_eq!(ledger.session([1; 32]).await.unwrap(), None);
    assert_eq!(ledger.session([2; 32]).await.unwrap(), of("ana", "viewer"));
    ledger.end_session([2; 32]).await.unwrap();
    assert_eq!(ledger.session([2; 32]).await.unwrap(), None);
}

async fn a_person_of_the_directory_is_no_local_user_of_that_name(place: Place) {
    let ledger = place.open().await;
    ledger.add_user("oidc:ana", "viewer").await.unwrap();
    ledger.begin_session("oidc:ana", Some("admin"), kept(1, 60_000)).await.unwrap();
    assert_eq!(ledger.session([1; 32]).await.unwrap(), of("oidc:ana", "admin"));
    assert!(ledger.disable_user("oidc:ana", true).await.unwrap());
    assert_eq!(ledger.session([1; 32]).await.unwrap(), of("oidc:ana", "admin"));
    // Without a user and without a role nobody is signed in.
    ledger.begin_session("bob", None, kept(2, 60_000)).await.unwrap();
    assert_eq!(ledger.session([2; 32]).await.ok().flatten(), None);
}

async fn all_sessions_of_a_name_are_ended_also_of_the_directory(place: Place) {
    let ledger = place.open().await;
    ledger.add_user("ana", "viewer").await.unwrap();
    ledger.begin_session("ana", None, kept(1, 60_000)).await.unwrap();
    for number in [2, 3] {
        ledger.begin_session("oidc:ana", Some("admin"), kept(number, 60_000)).await.unwrap();
    }
    ledger.begin_session("oidc:ana", Some("admin"), kept(4, 0)).await.unwrap();
    let open = ledger.sessions().await.unwrap();
    let mut who: Vec<_> = open.iter().map(|row| (row.name.as_str(), row.role.as_str())).collect();
    who.sort_unstable();
    assert_eq!(who, [("ana", "viewer"), ("oidc:ana", "admin"), ("oidc:ana", "admin")], "one is over");
    assert!(open.iter().all(|row| row.ends_at >= row.began_at + 60_000), "{open:?}");
    let by = ledger.by(&AuditEntry::of("root", "admin", "session.end").about("oidc:ana"));
    assert!(by.end_sessions_of("oidc:ana").await.unwrap() >= 2);
    assert_eq!(by.end_sessions_of("oidc:ana").await.unwrap(), 0);
    assert_eq!(ledger.session([2; 32]).await.unwrap(), None);
    assert_eq!(ledger.session([1; 32]).await.unwrap(), of("ana", "viewer"), "others stay");
    assert_eq!(ledger.sessions().await.unwrap().len(), 1);
    assert_eq!(ledger.audit(&AuditFilter::default(), 9).await.unwrap().len(), 1, "what ends nothing is not noted");
}

async fn the_key_of_cookies_is_the_same_for_all_processes(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    let (first, second) = tokio::join!(one.console_key([1; 32]), two.console_key([2; 32]));
    let key = first.unwrap();
    assert_eq!(second.unwrap(), key);
    assert_eq!(place.open().await.console_key([3; 32]).await.unwrap(), key);
}
