//! Signing in to the console: passwords, tries, the cookie of a session and
//! the word that a change has to carry beside it.
//!
//! A session is 256 random bits. The cookie holds them and a mac by a key
//! that all processes share, so that what was made up is refused without a
//! question to the database; kept is only their hash. A change by a cookie
//! needs a second mac of the same bits in a header, which a page elsewhere
//! can't read.

mod directory;
mod guard;
mod password;

pub(crate) use directory::{Asked, Directory, DirectoryError};
pub(crate) use guard::{Guard, Wait};
pub(crate) use password::{BadPassword, checked, hash};

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use tidemark_ledger::{Kept, Ledger, LedgerError};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

/// How long a session lives.
pub(crate) const SESSION_MS: i64 = 12 * 3_600_000;
/// How long a link lives by which a password is set.
pub(crate) const LINK_MS: i64 = 24 * 3_600_000;
/// Passwords that are looked at at once: each takes a core and 19 MiB.
const AT_ONCE: usize = 2;
/// Passwords that are looked at or wait for it; whoever comes then is told so.
const IN_A_ROW: usize = 32;
/// How long they wait who are told so.
const ROW_S: u32 = 5;
/// Questions to the directory at once: anybody may make one.
const ASKING_AT_ONCE: usize = 8;
const BITS: usize = 32;
const COOKIE: &str = "tidemark_session";
/// The header of a change.
pub(crate) const CSRF: &str = "x-csrf-token";

/// Signs people in; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    key: Arc<OnceCell<[u8; BITS]>>,
    pub(crate) guard: Guard,
    places: Arc<Semaphore>,
    row: Arc<Semaphore>,
    pub(crate) directory: Option<Directory>,
    asking: Arc<Semaphore>,
}

/// The bits of a session.
#[derive(Clone, Copy)]
pub(crate) struct Session([u8; BITS]);

impl SignIn {
    pub(crate) fn new(directory: Option<Directory>) -> Self {
        let of = |places| Arc::new(Semaphore::new(places));
        let (key, guard) = (Arc::new(OnceCell::new()), Guard::default());
        Self { key, guard, places: of(AT_ONCE), row: of(IN_A_ROW), directory, asking: of(ASKING_AT_ONCE) }
    }

    /// A place in the row of passwords that are to be looked at or made.
    pub(crate) fn place_in_row(&self) -> Result<OwnedSemaphorePermit, Wait> {
        Arc::clone(&self.row).try_acquire_owned().map_err(|_none| Wait(ROW_S))
    }

    /// A place to ask the directory from; none while as many as may ask do.
    pub(crate) fn place_to_ask(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.asking).try_acquire_owned().ok()
    }

    async fn key(&self, ledger: &Ledger) -> Result<[u8; BITS], SignInError> {
        let made = || async { Ok::<_, SignInError>(ledger.console_key(random()?).await?) };
        self.key.get_or_try_init(made).await.copied()
    }

    /// A signature over what a page is given to bring back.
    pub(crate) async fn sealed(&self, ledger: &Ledger, text: &str) -> Result<String, SignInError> {
        let key = self.key(ledger).await?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac(&key, "sealed", text.as_bytes()))))
    }

    /// What was given, if it is ours.
    pub(crate) async fn opened<'t>(&self, ledger: &Ledger, text: &'t str) -> Result<Option<&'t str>, SignInError> {
        let key = self.key(ledger).await?;
        let Some((text, shown)) = text.rsplit_once('.') else { return Ok(None) };
        Ok(is_mac(shown, &mac(&key, "sealed", text.as_bytes())).then_some(text))
    }

    /// Begins a session of a user; its cookie's value.
    pub(crate) async fn begin(&self, ledger: &Ledger, name: &str, role: Option<&str>) -> Result<String, SignInError> {
        let (key, session) = (self.key(ledger).await?, Session(random()?));
        ledger.begin_session(name, role, Kept { hash: session.hash(), lives_ms: SESSION_MS }).await?;
        Ok(format!("{}.{}", URL_SAFE_NO_PAD.encode(session.0), URL_SAFE_NO_PAD.encode(mac(&key, "cookie", &session.0))))
    }

    /// The session of a request's cookie, if the cookie is ours.
    pub(crate) async fn shown(&self, ledger: &Ledger, headers: &HeaderMap) -> Result<Option<Session>, SignInError> {
        let Some(value) = cookie(headers, COOKIE) else { return Ok(None) };
        let key = self.key(ledger).await?;
        let Some((bits, shown)) = value.split_once('.') else { return Ok(None) };
        let bits = URL_SAFE_NO_PAD.decode(bits).ok().and_then(|bits| bits.try_into().ok());
        Ok(bits.filter(|bits: &[u8; BITS]| is_mac(shown, &mac(&key, "cookie", bits))).map(Session))
    }

    /// What a change by a session has to carry.
    pub(crate) async fn csrf(&self, ledger: &Ledger, session: Session) -> Result<String, SignInError> {
        Ok(URL_SAFE_NO_PAD.encode(mac(&self.key(ledger).await?, "change", &session.0)))
    }

    /// Whether a request carries it.
    pub(crate) async fn is_meant(
        &self,
        ledger: &Ledger,
        session: Session,
        headers: &HeaderMap,
    ) -> Result<bool, SignInError> {
        let shown = headers.get(CSRF).and_then(|value| value.to_str().ok());
        let Some(shown) = shown else { return Ok(false) };
        let expected = mac(&self.key(ledger).await?, "change", &session.0);
        Ok(is_mac(shown, &expected))
    }

    /// Looks at a password; takes a moment, on purpose, and as long for a
    /// user that is not there.
    pub(crate) async fn is_password(&self, _row: OwnedSemaphorePermit, kept: Option<String>, given: String) -> bool {
        let Ok(_place) = self.places.acquire().await else { return false };
        let looked = tokio::task::spawn_blocking(move || password::is_right(kept.as_deref(), &given));
        looked.await.unwrap_or(false)
    }

    /// The hash of a new password.
    pub(crate) async fn hashed(&self, _row: OwnedSemaphorePermit, given: String) -> Result<String, SignInError> {
        let place = self.places.acquire().await;
        let hashed = tokio::task::spawn_blocking(move || hash(&given)).await;
        drop(place);
        hashed.map_err(|_ended| SignInError::Random("the centre is stopping".to_owned()))?
    }
}

impl Session {
    /// By which it is kept.
    pub(crate) fn hash(self) -> [u8; 32] {
        *blake3::hash(&self.0).as_bytes()
    }
}

/// Why nobody can be signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The system gives no random bits.
    #[error("no random bits: {0}")]
    Random(String),
}

/// Random bits.
pub(crate) fn random() -> Result<[u8; BITS], SignInError> {
    let mut bits = [0; BITS];
    getrandom::fill(&mut bits).map_err(|error| SignInError::Random(error.to_string()))?;
    Ok(bits)
}

fn mac(key: &[u8; BITS], purpose: &str, text: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(purpose.as_bytes()).update(&[0]).update(text);
    *hasher.finalize().as_bytes()
}

fn is_mac(shown: &str, expected: &[u8; 32]) -> bool {
    URL_SAFE_NO_PAD.decode(shown).is_ok_and(|shown| shown.ct_eq(expected).into())
}

/// A cookie of a request.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(of, _)| *of == name).map(|(_, value)| value)
}

/// The cookie of a session, as it is set; an empty value takes it away.
pub(crate) fn set_cookie(value: &str, is_tls: bool) -> String {
    let age = if value.is_empty() { 0 } else { SESSION_MS / 1_000 };
    let secure = if is_tls { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ledger(folder: &tempfile::TempDir) -> Ledger {
        Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap()
    }

    fn with_cookie(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("other=1; {COOKIE}={value}").parse().unwrap());
        headers
    }

    #[tokio::test]
    async fn a_cookie_that_was_made_up_or_changed_is_none_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, sign_in) = (ledger(&folder).await, SignIn::new(None));
        ledger.add_user("ana", "viewer").await.unwrap();
        let value = sign_in.begin(&ledger, "ana", None).await.unwrap();
        let session = sign_in.shown(&ledger, &with_cookie(&value)).await.unwrap().unwrap();
        assert_eq!(ledger.session(session.hash()).await.unwrap().unwrap().name, "ana");
        let (bits, mac) = value.split_once('.').unwrap();
        let other = URL_SAFE_NO_PAD.encode([7; BITS]);
        for made_up in [bits.to_owned(), format!("{other}.{mac}"), format!("{bits}.{other}"), String::new(), ".".into()]
        {
            assert!(sign_in.shown(&ledger, &with_cookie(&made_up)).await.unwrap().is_none(), "{made_up}");
        }
        // Another process of the centre has the same key.
        assert!(SignIn::new(None).shown(&ledger, &with_cookie(&value)).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn the_word_of_a_change_belongs_to_its_session_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, sign_in) = (ledger(&folder).await, SignIn::new(None));
        let (one, two) = (Session([1; BITS]), Session([2; BITS]));
        let word = sign_in.csrf(&ledger, one).await.unwrap();
        let mut headers = HeaderMap::new();
        assert!(!sign_in.is_meant(&ledger, one, &headers).await.unwrap());
        headers.insert(CSRF, word.parse().unwrap());
        assert!(sign_in.is_meant(&ledger, one, &headers).await.unwrap());
        assert!(!sign_in.is_meant(&ledger, two, &headers).await.unwrap());
    }

    #[test]
    fn no_row_of_passwords_is_without_end() {
        let sign_in = SignIn::new(None);
        let row: Vec<_> = (0..IN_A_ROW).map_while(|_| sign_in.place_in_row().ok()).collect();
        assert_eq!(row.len(), IN_A_ROW);
        assert_eq!(sign_in.place_in_row().err(), Some(Wait(ROW_S)));
        drop(row);
        assert!(sign_in.place_in_row().is_ok());
    }

    #[test]
    fn the_directory_is_asked_by_a_few_at_once() {
        let sign_in = SignIn::new(None);
        let asking: Vec<_> = (0..ASKING_AT_ONCE).map_while(|_| sign_in.place_to_ask()).collect();
        assert_eq!(asking.len(), ASKING_AT_ONCE);
        assert!(sign_in.place_to_ask().is_none());
        drop(asking);
        assert!(sign_in.place_to_ask().is_some());
    }

    #[tokio::test]
    async fn what_was_sealed_is_opened_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, sign_in) = (ledger(&folder).await, SignIn::new(None));
        let sealed = sign_in.sealed(&ledger, "state.1").await.unwrap();
        assert_eq!(sign_in.opened(&ledger, &sealed).await.unwrap(), Some("state.1"));
        assert_eq!(sign_in.opened(&ledger, &sealed.replace("state.1", "state.2")).await.unwrap(), None);
    }
}
