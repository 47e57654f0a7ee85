//! What the server answers when it does not do what was asked.
//!
//! The bodies are problem details; refused content also has `errors`, a map from field path to messages. Every refusal carries
//! its reason in words for the log and the dashboard, also where the answer itself has no body (401).

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::credyt::Findings;
use crate::credyt::types::Problem;

/// The media type of problem bodies.
const PROBLEM_JSON: &str = "application/problem+json";

/// A refused request.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    // Boxed because every operation returns this type.
    problem: Option<Box<Problem>>,
    reason: Reason,
}

/// Why a request was refused, in words; carried as a response extension.
#[derive(Clone, Debug)]
pub(crate) struct Reason(pub(crate) String);

impl Refusal {
    /// 400: the request could not be understood.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        let kind = "https://tools.ietf.org/html/rfc9110#section-15.5.1";
        Self::problem(StatusCode::BAD_REQUEST, kind, "Bad Request", detail.into())
    }

    /// 401, without a body as the service does it.
    pub(crate) fn unauthorized(reason: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, problem: None, reason: Reason(reason.to_owned()) }
    }

    /// 404: no such object.
    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        let kind = "https://tools.ietf.org/html/rfc9110#section-15.5.5";
        Self::problem(StatusCode::NOT_FOUND, kind, "Not Found", detail.into())
    }

    /// 409: the object exists already.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        let kind = "https://tools.ietf.org/html/rfc9110#section-15.5.10";
        Self::problem(StatusCode::CONFLICT, kind, "Conflict", detail.into())
    }

    /// 413: the body is over the limit.
    pub(crate) fn too_large(limit: usize) -> Self {
        let kind = "https://tools.ietf.org/html/rfc9110#section-15.5.14";
        Self::problem(
            StatusCode::PAYLOAD_TOO_LARGE,
            kind,
            "Content Too Large",
            format!("Bodies are limited to {limit} bytes here."),
        )
    }

    /// Any other status with a title and a detail.
    pub(crate) fn other(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::problem(status, "about:blank", status.canonical_reason().unwrap_or("Refused"), detail.into())
    }

    /// 422 on one field.
    pub(crate) fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields(BTreeMap::from([(path.into(), vec![message.into()])]))
    }

    /// 422 on several fields.
    pub(crate) fn fields(errors: BTreeMap<String, Vec<String>>) -> Self {
        let reason =
            errors
                .iter()
                .map(|(path, messages)| {
                    if path.is_empty() {
                        messages.join(" ")
                    } else {
                        format!("{path}: {}", messages.join(" "))
                    }
                })
                .collect::<Vec<_>>()
                .join("; ");
        let problem = Problem {
            kind: Some("https://tools.ietf.org/html/rfc4918#section-11.2".to_owned()),
            title: Some("One or more validation errors occurred.".to_owned()),
            status: Some(StatusCode::UNPROCESSABLE_ENTITY.as_u16()),
            detail: None,
            errors,
        };
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            problem: Some(Box::new(problem)),
            reason: Reason(reason),
        }
    }

    /// The status it answers.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Why, in words.
    pub(crate) fn reason(&self) -> &str {
        &self.reason.0
    }

    fn problem(status: StatusCode, kind: &str, title: &str, detail: String) -> Self {
        let problem = Problem {
            kind: Some(kind.to_owned()),
            title: Some(title.to_owned()),
            status: Some(status.as_u16()),
            detail: Some(detail.clone()),
            errors: BTreeMap::new(),
        };
        Self { status, problem: Some(Box::new(problem)), reason: Reason(detail) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = self
            .problem
            .map(|problem| serde_json::to_string(&problem).unwrap_or_default())
            .unwrap_or_default();
        let mut response = (self.status, body.clone()).into_response();
        if body.is_empty() {
            response.headers_mut().remove(header::CONTENT_TYPE);
        } else {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        }
        response.extensions_mut().insert(self.reason);
        response
    }
}

/// Several faults of one request, gathered so that all are answered at once.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<String, Vec<String>>);

impl Faults {
    /// Adds a fault.
    pub(crate) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.entry(path.into()).or_default().push(message.into());
    }

    /// Adds a fault when an optional text is there but blank.
    pub(crate) fn blank(&mut self, path: impl Into<String>, text: Option<&str>) {
        if text.is_some_and(|text| text.trim().is_empty()) {
            self.add(path, "Must not be empty.");
        }
    }

    /// Adds a fault when a text is no http address.
    pub(crate) fn address(&mut self, path: impl Into<String>, text: &str) {
        let usable = reqwest::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !usable {
            self.add(path, "Must be an absolute http or https address.");
        }
    }

    /// `Err` when there is any.
    pub(crate) fn done(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::fields(self.0)) }
    }
}

impl From<Findings> for Faults {
    fn from(findings: Findings) -> Self {
        Self(findings.errors)
    }
}
