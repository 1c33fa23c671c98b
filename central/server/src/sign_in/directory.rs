//! Signing in by the company's own directory: OpenID Connect, the code flow
//! with PKCE, state and nonce. Who it is comes from the id token, whose
//! signature, issuer, audience, age and nonce are looked at; the role from a
//! claim of it.

mod token;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::api::Role;
use crate::escape::escaped;
use crate::settings::OidcSettings;

/// How long the directory may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const ANSWER_BYTES: u64 = 1024 * 1024;

/// The company's directory; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Directory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: OidcSettings,
    agent: ureq::Agent,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// As it is noted: marked, so that nobody takes it for a local user.
    pub(crate) name: String,
    /// The highest role the directory gives.
    pub(crate) role: Role,
}

/// What has to come back unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) state: String,
    nonce: String,
    verifier: String,
}

/// Why nobody was signed in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DirectoryError {
    /// It can't be reached.
    #[error("the directory at {issuer} does not answer: {cause}")]
    Away {
        /// Which.
        issuer: String,
        /// Why.
        cause: String,
    },
    /// It says something that can't be taken.
    #[error("the directory's answer can't be taken: {0}")]
    Answer(String),
    /// It knows the person, who may do nothing here.
    #[error("{name} has no role here: the claim `{claim}` names none")]
    NoRole {
        /// Who.
        name: String,
        /// Where roles are looked for.
        claim: String,
    },
    /// The configuration can't be used.
    #[error("{0}")]
    Settings(String),
}

impl Asked {
    /// With random words.
    pub(crate) fn new() -> Result<Self, super::SignInError> {
        let word = || super::random().map(|bits| URL_SAFE_NO_PAD.encode(bits));
        Ok(Self { state: word()?, nonce: word()?, verifier: word()? })
    }

    /// As the browser keeps it.
    pub(crate) fn text(&self) -> String {
        format!("{}~{}~{}", self.state, self.nonce, self.verifier)
    }

    /// As the browser kept it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('~').map(str::to_owned);
        let asked = Self { state: parts.next()?, nonce: parts.next()?, verifier: parts.next()? };
        parts.next().is_none().then_some(asked)
    }
}

impl Directory {
    /// Of a configuration; nothing is asked yet.
    pub(crate) fn new(settings: OidcSettings) -> Result<Self, DirectoryError> {
        let told = |what: String| DirectoryError::Settings(what);
        if !is_safe(&settings.issuer) || !is_safe(&settings.url) {
            return Err(told("`oidc.issuer` and `oidc.url` begin with https://, or are on this machine".to_owned()));
        }
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_WITHIN))
            .max_redirects(0)
            .http_status_as_error(false);
        if let Some(file) = &settings.authorities {
            let read = std::fs::read(file).map_err(|error| told(format!("{}: {error}", file.display())))?;
            let authority = ureq::tls::Certificate::from_pem(&read).map_err(|error| told(error.to_string()))?;
            let roots = ureq::tls::RootCerts::new_with_certs(&[authority]);
            config = config.tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build());
        }
        Ok(Self(Arc::new(Inner { settings, agent: config.build().into() })))
    }

    /// Where a browser is sent to.
    pub(crate) fn way(&self, asked: &Asked) -> Result<String, DirectoryError> {
        let settings = &self.0.settings;
        let found = self.discover()?;
        let challenge = ring::digest::digest(&ring::digest::SHA256, asked.verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(challenge.as_ref());
        let redirect = self.redirect();
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &settings.client_id),
            ("redirect_uri", &redirect),
            ("scope", "openid profile email"),
            ("state", &asked.state),
            ("nonce", &asked.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let to = member(&found, "authorization_endpoint")?;
        Ok(format!("{to}{}{query}", if to.contains('?') { '&' } else { '?' }))
    }

    /// Who came back with a code.
    pub(crate) fn person(&self, asked: &Asked, code: &str, now_s: i64) -> Result<Person, DirectoryError> {
        let settings = &self.0.settings;
        let found = self.discover()?;
        let redirect = self.redirect();
        let body = form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("client_id", &settings.client_id),
            ("code_verifier", &asked.verifier),
        ]);
        let known = form(&[("", &settings.client_id)]);
        let secret = form(&[("", settings.secret.expose())]);
        let pair = format!("{}:{}", known.trim_start_matches('='), secret.trim_start_matches('='));
        let request = self.0.agent.post(member(&found, "token_endpoint")?);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .header("authorization", format!("Basic {}", STANDARD.encode(pair)));
        let told = self.json(request.send(body.as_bytes()))?;
        let token = member(&told, "id_token")?;
        let keys = self.json(self.0.agent.get(member(&found, "jwks_uri")?).call())?;
        let claims = token::claims(token, &keys)?;
        token::check(&claims, &settings.issuer, &settings.client_id, &asked.nonce, now_s)?;
        self.of_claims(&claims)
    }

    fn of_claims(&self, claims: &Value) -> Result<Person, DirectoryError> {
        let settings = &self.0.settings;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = text("preferred_username").or_else(|| text("email")).or_else(|| text("sub"));
        let name = name.ok_or_else(|| DirectoryError::Answer("the id token names nobody".to_owned()))?;
        let name: String = name.chars().filter(|character| !character.is_control()).take(100).collect();
        let claim = claims.pointer(&format!("/{}", settings.role_claim.replace('.', "/")));
        let words: Vec<&str> = match claim {
            Some(Value::String(word)) => word.split_whitespace().collect(),
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
        };
        let roles = words.iter().filter_map(|word| word.strip_prefix(&settings.role_prefix)?.parse::<Role>().ok());
        let no_role = || DirectoryError::NoRole { name: name.clone(), claim: settings.role_claim.clone() };
        Ok(Person { role: roles.max().ok_or_else(no_role)?, name: format!("oidc:{name}") })
    }

    fn redirect(&self) -> String {
        format!("{}/v1/session/callback", self.0.settings.url.trim_end_matches('/'))
    }

    fn discover(&self) -> Result<Value, DirectoryError> {
        let issuer = self.0.settings.issuer.trim_end_matches('/');
        let found = self.json(self.0.agent.get(format!("{issuer}/.well-known/openid-configuration")).call())?;
        if member(&found, "issuer")?.trim_end_matches('/') != issuer {
            return Err(DirectoryError::Answer("it says that it is another issuer".to_owned()));
        }
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            if !is_safe(member(&found, name)?) {
                return Err(DirectoryError::Answer(format!("its `{name}` is no https address")));
            }
        }
        Ok(found)
    }

    fn json(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, DirectoryError> {
        let issuer = &self.0.settings.issuer;
        let away = |error: ureq::Error| DirectoryError::Away { issuer: issuer.clone(), cause: error.to_string() };
        let mut answer = answer.map_err(away)?;
        let status = answer.status();
        let text = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_string().map_err(away)?;
        let json: Option<Value> = serde_json::from_str(&text).ok();
        if status.is_success() {
            return json.ok_or_else(|| DirectoryError::Answer("it is no JSON".to_owned()));
        }
        let told = json.as_ref().and_then(|json| json.get("error")).and_then(Value::as_str).unwrap_or("no reason");
        if status.is_server_error() {
            return Err(DirectoryError::Away { issuer: issuer.clone(), cause: format!("it answered {status}") });
        }
        Err(DirectoryError::Answer(format!("it answered {status}: {told}")))
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Result<&'v str, DirectoryError> {
    let found = value.get(name).and_then(Value::as_str);
    found.ok_or_else(|| DirectoryError::Answer(format!("it has no `{name}`")))
}

/// Whether nobody can listen: TLS, or this machine.
fn is_safe(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Pairs as a form or a query.
fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests;
