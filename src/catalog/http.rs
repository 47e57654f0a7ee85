//! What an entry says about a client of raw HTTP requests: which of its calls make one.

use serde::Deserialize;

/// The HTTP part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Calls that make a request. They are told by the last name alone, since clients are passed around; whether one
    /// spends is told by its address.
    pub calls: Vec<Request>,
    /// How an answer says that the request succeeded, where a failed one does not throw.
    #[serde(default)]
    pub succeeded: Vec<Succeeded>,
    /// Where the JSON of an answer is.
    #[serde(default)]
    pub answers: Vec<Answered>,
    /// Options of what makes a client that say where its relative addresses begin: `new Client({ baseURL })`.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Options of a request that hold its body, as an object or made to text of one; a number is the position of an argument.
    #[serde(default)]
    pub bodies: Vec<String>,
}

/// How an answer says that the request succeeded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Succeeded {
    /// Modules the client comes from; a client without a module (a global function) when empty.
    #[serde(default)]
    pub modules: Vec<String>,
    /// The member that says so: `ok`.
    pub member: String,
    /// Texts after the answer's name by which code makes sure of it: a call that throws, or a member it asks about.
    pub checks: Vec<String>,
}

/// Where the JSON of an answer is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// Modules the client comes from; a client without a module (a global function) when empty.
    #[serde(default)]
    pub modules: Vec<String>,
    /// The member that is the JSON, or with `()` the method that reads it.
    pub json: String,
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
