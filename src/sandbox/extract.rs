//! Request parts, checked: JSON bodies against their type, query parameters by name.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::app::App;
use super::feed::Note;
use super::refusal::{Faults, Refusal};
use super::store::Period;
use crate::credyt::types::Page;
use crate::credyt::{Check, Shape};

/// The largest body that is read.
pub(crate) const BODY_LIMIT: usize = 2 * 1024 * 1024;
/// Page sizes.
const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 100;

/// A JSON body that has the shape of a `T`.
pub(crate) struct Body<T>(pub(crate) T);

/// Whether the body is said to be JSON; `None` when nothing is said. The type alone counts: a browser sends
/// `text/plain; x=json` anywhere without being asked.
pub(crate) fn says_json(headers: &HeaderMap) -> Option<bool> {
    let kind = headers.get(CONTENT_TYPE)?;
    let essence = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    Some(essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")))
}

/// Any JSON body.
pub(crate) struct AnyJson(pub(crate) Value);

impl FromRequest<App> for AnyJson {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        if says_json(request.headers()) == Some(false) {
            return Err(Refusal::malformed("The body must be sent as application/json."));
        }
        let bytes = Bytes::from_request(request, app).await.map_err(|_| Refusal::too_large(BODY_LIMIT))?;
        if bytes.is_empty() {
            return Err(Refusal::malformed("A JSON body is required."));
        }
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Refusal::malformed(format!("The body is not valid JSON: {error}.")))
    }
}

impl<T: Shape + DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let about = format!("{} {}", request.method(), request.uri().path());
        let AnyJson(value) = AnyJson::from_request(request, app).await?;
        if !value.is_object() {
            return Err(Refusal::malformed("The body must be a JSON object."));
        }
        let findings = Check::document::<T>(&value);
        for text in &findings.notes {
            app.log(&format!("doubt: {about}: {text}"));
            let note = Note { at: app.read(|_, now| now), about: about.clone(), text: text.clone() };
            app.record(|feed| feed.note(note));
        }
        Faults::from(findings).done()?;
        serde_json::from_value(value)
            .map(Self)
            .map_err(|error| Refusal::malformed(format!("The body cannot be read: {error}.")))
    }
}

/// The query parameters.
pub(crate) struct Params(BTreeMap<String, String>);

impl FromRequestParts<App> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(map)| Self(map))
            .map_err(|_| Refusal::malformed("The query string cannot be read."))
    }
}

impl Params {
    /// A parameter as it is; blank ones count as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A parameter of a type with a text form.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(
        &self,
        name: &str,
        what: &str,
    ) -> Result<Option<T>, Refusal> {
        self.text(name)
            .map(|text| text.parse().map_err(|_| Refusal::field(name, format!("Expected {what}."))))
            .transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.parsed(name, "true or false")
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        self.parsed(name, "an RFC 3339 time")
    }

    pub(crate) fn period(&self) -> Result<Period, Refusal> {
        let what = "a date such as 2026-05-01";
        Ok(Period { from: self.parsed("period_from", what)?, to: self.parsed("period_to", what)? })
    }

    pub(crate) fn limit(&self) -> Result<usize, Refusal> {
        let limit = self.parsed("limit", "a whole number")?.unwrap_or(LIMIT_DEFAULT);
        if limit == 0 {
            return Err(Refusal::field("limit", "Must be at least 1."));
        }
        Ok(limit.min(LIMIT_MAX))
    }

    /// The wanted page of all matching objects.
    pub(crate) fn page<I, T>(&self, all: I, view: impl Fn(I::Item) -> T) -> Result<Page<T>, Refusal>
    where
        I: Iterator + Clone,
    {
        let limit = self.limit()?;
        let offset = self.parsed("offset", "a whole number")?.unwrap_or(0);
        let total_count = all.clone().count();
        let items = all.skip(offset).take(limit).map(view).collect();
        Ok(Page { items, total_count, limit, offset })
    }
}
