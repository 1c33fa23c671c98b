//! Id tokens: JSON Web Tokens signed by RS256 or ES256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value;

use super::DirectoryError;

/// By so much the clocks of two machines may differ.
const LEEWAY_S: i64 = 60;

fn bad(what: &str) -> DirectoryError {
    DirectoryError::Answer(format!("the id token {what}"))
}

/// What a token says, if one of these keys signed it.
pub(super) fn claims(token: &str, keys: &Value) -> Result<Value, DirectoryError> {
    let (signed, signature) = token.rsplit_once('.').ok_or_else(|| bad("has no signature"))?;
    let (head, body) = signed.split_once('.').ok_or_else(|| bad("has no body"))?;
    let head = part(head)?;
    let signature = decoded(signature)?;
    let named = head.get("kid").and_then(Value::as_str);
    let algorithm = head.get("alg").and_then(Value::as_str).unwrap_or("");
    let keys = keys.get("keys").and_then(Value::as_array).into_iter().flatten();
    let mut candidates =
        keys.filter(|key| named.is_none_or(|named| key.get("kid").and_then(Value::as_str) == Some(named)));
    if candidates.any(|key| has_signed(key, algorithm, signed.as_bytes(), &signature)) {
        part(body)
    } else {
        Err(bad("is not signed by the directory, or not by RS256 or ES256"))
    }
}

fn has_signed(key: &Value, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
    let number = |name: &str| key.get(name).and_then(Value::as_str).and_then(|text| decoded(text).ok());
    match (algorithm, key.get("kty").and_then(Value::as_str)) {
        ("RS256", Some("RSA")) => {
            let (Some(n), Some(e)) = (number("n"), number("e")) else { return false };
            RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
        }
        ("ES256", Some("EC")) => {
            let (Some(x), Some(y)) = (number("x"), number("y")) else { return false };
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
        }
        _other_or_none => false,
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, DirectoryError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_no_base64| bad("can't be read"))
}

fn part(text: &str) -> Result<Value, DirectoryError> {
    serde_json::from_slice(&decoded(text)?).map_err(|_no_json| bad("can't be read"))
}

/// Whether it was made by this issuer, for us, now, for this sign-in.
pub(super) fn check(
    claims: &Value,
    issuer: &str,
    client_id: &str,
    nonce: &str,
    now_s: i64,
) -> Result<(), DirectoryError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss").map(|iss| iss.trim_end_matches('/')) != Some(issuer.trim_end_matches('/')) {
        return Err(bad("is of another issuer"));
    }
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(many)) => {
            many.iter().any(|one| one.as_str() == Some(client_id))
                && (many.len() == 1 || text("azp") == Some(client_id))
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    };
    if !for_us {
        return Err(bad("is for somebody else"));
    }
    if claims.get("exp").and_then(Value::as_i64).is_none_or(|exp| exp.saturating_add(LEEWAY_S) <= now_s) {
        return Err(bad("is too old; look at the clocks of both machines"));
    }
    if text("nonce") == Some(nonce) { Ok(()) } else { Err(bad("is of another sign-in")) }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    fn encoded(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn key() -> (EcdsaKeyPair, Value) {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = (encoded(point.get(1..33).unwrap()), encoded(point.get(33..).unwrap()));
        (pair, json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k1", "x": x, "y": y}]}))
    }

    fn signed(pair: &EcdsaKeyPair, algorithm: &str, claims: &Value) -> String {
        let head = encoded(json!({"alg": algorithm, "kid": "k1"}).to_string().as_bytes());
        let text = format!("{head}.{}", encoded(claims.to_string().as_bytes()));
        let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", encoded(signature.as_ref()))
    }

    #[test]
    fn a_token_is_believed_only_if_the_directory_signed_it() {
        let (pair, keys) = key();
        let told = json!({"sub": "ana"});
        let token = signed(&pair, "ES256", &told);
        assert_eq!(claims(&token, &keys).unwrap(), told);
        let (_, others) = key();
        assert!(claims(&token, &others).is_err());
        assert!(claims(&signed(&pair, "none", &told), &keys).is_err());
        assert!(claims(&signed(&pair, "HS256", &told), &keys).is_err());
        let (head, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let changed = format!("{head}.{}.{signature}", encoded(b"{\"sub\":\"eve\"}"));
        for forged in
            [changed, format!("{head}..{signature}"), token.rsplit_once('.').unwrap().0.to_owned(), String::new()]
        {
            assert!(claims(&forged, &keys).is_err(), "{forged}");
        }
    }

    #[test]
    fn a_token_of_another_place_time_or_sign_in_is_refused() {
        let good = json!({"iss": "https://login.example", "aud": "tidemark", "exp": 1_000, "nonce": "n"});
        let judged = |claims: &Value| check(claims, "https://login.example/", "tidemark", "n", 1_000);
        assert_eq!(judged(&good), Ok(()));
        for (name, value) in [
            ("iss", json!("https://evil.example")),
            ("aud", json!("other")),
            ("aud", json!(["tidemark", "other"])),
            ("exp", json!(900)),
            ("exp", Value::Null),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
        ] {
            let mut claims = good.clone();
            claims[name] = value;
            assert!(judged(&claims).is_err(), "{claims}");
        }
        let mut shared = good.clone();
        (shared["aud"], shared["azp"]) = (json!(["tidemark", "other"]), json!("tidemark"));
        assert_eq!(judged(&shared), Ok(()));
    }
}
