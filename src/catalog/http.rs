//! What an entry says about a client of raw HTTP requests: which of its calls make one.

use serde::Deserialize;

/// The HTTP part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Calls that make a request. They are told by the last name alone, since clients are passed around; whether one
    /// spends is told by its address.
    pub calls: Vec<Request>,
}

/// A call that makes a request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The function or method.
    pub name: String,
    /// The method it sends, unless its options say another.
    #[serde(default = "get")]
    pub method: String,
    /// Its first argument may name the method.
    #[serde(default)]
    pub names_method: bool,
}

fn get() -> String {
    "GET".to_owned()
}
