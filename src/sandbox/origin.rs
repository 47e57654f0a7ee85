//! Who may talk to a sandbox that listens on this machine only: programs here, and pages that were opened from here.
//!
//! A page of any site can make a browser send requests to loopback. One that resolves its own name to 127.0.0.1 sends that
//! name as the host; any other sends its own origin. Both are refused. With a public address, names are not looked at, and
//! the page may come from there, too.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::refusal::Refusal;
use crate::credyt::KEY_HEADER;

pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let refuse = |detail: &str| Refusal::other(StatusCode::FORBIDDEN, detail).into_response();
    if app.loopback() && !app.is_public() && !text(request.headers(), header::HOST).is_some_and(is_local) {
        return refuse("The sandbox answers only requests to localhost.");
    }
    if let Some(origin) = text(request.headers(), header::ORIGIN)
        && app.loopback()
        && !is_ours(&app, origin)
        && !has_its_own_guard(request.uri().path(), origin, request.headers())
    {
        return refuse("The sandbox answers no pages of other sites.");
    }
    next.run(request).await
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a host, with or without a port, is a name of this machine that nobody else can give to theirs. The names by
/// which containers call the machine they run on are.
fn is_local(host: &str) -> bool {
    let host = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name)
        .to_ascii_lowercase();
    matches!(
        host.as_str(),
        "localhost" | "127.0.0.1" | "[::1]" | "host.docker.internal" | "host.containers.internal"
    ) || host
        .strip_suffix(".localhost")
        .is_some_and(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')))
}

/// Whether a page of this origin was opened from this machine, or from the sandbox's public address.
fn is_ours(app: &App, origin: &str) -> bool {
    let Ok(origin_uri) = origin.parse::<Uri>() else { return false };
    let Some(authority) = origin_uri.authority() else { return false };
    let public = app.base().parse::<Uri>().ok().and_then(|base| base.authority().cloned());
    is_local(authority.as_str()) || (app.is_public() && public.as_ref() == Some(authority))
}

/// The portal's forms carry a token that no other site knows, and their origin is kept to themselves; an API request
/// without a key is refused as one.
fn has_its_own_guard(path: &str, origin: &str, headers: &HeaderMap) -> bool {
    if matches!(path, "/portal" | "/pay") {
        return origin == "null";
    }
    !path.starts_with("/_sandbox") && !headers.contains_key(KEY_HEADER)
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_names_that_nobody_else_can_have_are_local() {
        for host in [
            "localhost",
            "localhost:8787",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:8787",
            "a.localhost:3",
            "LOCALHOST",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example:80",
            "127.0.0.1.evil.example",
            "evil.example#localhost",
            "x@localhost",
            "evil.example/.localhost",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
