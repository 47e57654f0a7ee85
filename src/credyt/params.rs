//! Query strings: percent-encoding without a dependency of its own.

use std::fmt::Write as _;

/// `?name=value&…` for the given pairs, percent-encoded; empty when there are none.
pub fn query_string<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(&encode(name));
        text.push('=');
        text.push_str(&encode(value));
    }
    text
}

/// One path segment or query value, with everything but unreserved characters encoded.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_would_change_the_meaning() {
        assert_eq!(query_string([("external_id", "a b&c=d/é")]), "?external_id=a%20b%26c%3Dd%2F%C3%A9");
        assert_eq!(query_string([]), "");
        assert_eq!(encode("default:USD"), "default%3AUSD");
    }
}
