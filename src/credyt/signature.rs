//! The webhook signature: `Credyt-Signature: t=<unix seconds>,v0=<hex>`.
//!
//! The signed text is the time, a dot and the raw body; the key is the whole secret, `whsec_` included. During a secret's
//! rotation several signatures may follow one `v0=`, separated by commas.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header's name.
pub const SIGNATURE_HEADER: &str = "Credyt-Signature";
/// How far the signed time may be from now.
pub const SIGNATURE_TOLERANCE_SECONDS: i64 = 300;

/// The header's value for a body sent at `unix_seconds`.
pub fn sign(secret: &str, unix_seconds: i64, body: &[u8]) -> String {
    let bytes = mac(secret, &unix_seconds.to_string(), body).finalize().into_bytes();
    let mut header = format!("t={unix_seconds},v0=");
    for byte in bytes {
        write!(header, "{byte:02x}").expect("writing to a String cannot fail");
    }
    header
}

/// Whether `header` signs `body` with `secret`, at a time near enough to `now`.
pub fn verify(secret: &str, header: &str, body: &[u8], now: i64) -> bool {
    let mut time = None;
    let mut signatures = Vec::new();
    let mut key = "";
    for part in header.split(',') {
        let value = match part.split_once('=') {
            Some((name, value)) => {
                key = name.trim();
                value.trim()
            }
            None => part.trim(),
        };
        match key {
            "t" => time = Some(value),
            "v0" => signatures.push(value),
            _ => {}
        }
    }
    let Some(time) = time.filter(|text| text.bytes().all(|b| b.is_ascii_digit())) else { return false };
    let Ok(sent) = time.parse::<i64>() else { return false };
    if now.checked_sub(sent).is_none_or(|age| age.unsigned_abs() > SIGNATURE_TOLERANCE_SECONDS.unsigned_abs())
    {
        return false;
    }
    signatures
        .iter()
        .filter_map(|hex| unhex(hex))
        // `verify_slice` compares in constant time.
        .any(|given| mac(secret, time, body).verify_slice(&given).is_ok())
}

fn mac(secret: &str, time: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_local_vector_key";
    const BODY: &[u8] = br#"{"id":"evt_1","type":"subscription.activated"}"#;
    const AT: i64 = 1_790_000_000;

    #[test]
    fn agrees_with_an_independent_implementation() {
        // printf '%s' '1790000000.{"id":"evt_1","type":"subscription.activated"}' | openssl dgst -sha256 -hmac whsec_local_vector_key
        assert_eq!(
            sign(SECRET, AT, BODY),
            "t=1790000000,v0=d0f29f3a37e9db374699ffd45607cfca02bd99e2922017d29763b0b994409a9d"
        );
    }

    #[test]
    fn accepts_its_own_and_any_of_several() {
        let header = sign(SECRET, AT, BODY);
        assert!(verify(SECRET, &header, BODY, AT + 300));
        let rotated = header.replace("v0=", &format!("v0={},", "ab".repeat(32)));
        assert!(verify(SECRET, &rotated, BODY, AT));
    }

    #[test]
    fn refuses_everything_else() {
        let header = sign(SECRET, AT, BODY);
        assert!(!verify(SECRET, &header, b"{}", AT), "changed body");
        assert!(!verify("whsec_other", &header, BODY, AT), "other secret");
        assert!(!verify(SECRET, &header, BODY, AT + 301), "too old");
        assert!(!verify(SECRET, &header, BODY, AT - 301), "from the future");
        assert!(!verify(SECRET, &header.replace("t=1790000000", "t=1790000001"), BODY, AT), "changed time");
        for broken in [
            "",
            "t=1790000000",
            "v0=00",
            "t=,v0=00",
            "t=x,v0=00",
            "t=99999999999999999999,v0=00",
            "t=1790000000,v0=é",
        ] {
            assert!(!verify(SECRET, broken, BODY, AT), "{broken}");
        }
        let cut = header.trim_end_matches(|c: char| c.is_ascii_hexdigit()).len() + 62;
        assert!(!verify(SECRET, header.get(..cut).unwrap(), BODY, AT), "cut short");
    }
}
