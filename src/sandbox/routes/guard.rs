//! What happens to an API request before and after its route: the switched failures, the key, the record of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::credyt::{Environment, KEY_HEADER, key_environment};
use crate::sandbox::app::App;
use crate::sandbox::behaviour::{Behaviour, Outage};
use crate::sandbox::feed::RequestLine;
use crate::sandbox::refusal::{Reason, Refusal};

/// The longest that the hanging outage keeps a connection.
const HANG: Duration = Duration::from_mins(1);

pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().to_string();
    let path = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let has_events = request.method() == Method::POST && request.uri().path() == "/events";
    let response = match gate(&app, check_key(&request)).await {
        Ok(()) if has_events && count_down(&app, |b| &mut b.refused_events) => {
            down(StatusCode::SERVICE_UNAVAILABLE)
        }
        Ok(()) => next.run(request).await,
        Err(response) => *response,
    };
    let is_lost = has_events && response.status().is_success() && count_down(&app, |b| &mut b.lost_events);
    let status = response.status().as_u16();
    let reason = if is_lost {
        Some("taken, but the answer was not sent".to_owned())
    } else {
        response.extensions().get::<Reason>().map(|reason| reason.0.clone())
    };
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let why = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    app.log(&format!("{method} {path} {status}{why}"));
    let line = RequestLine { at: Timestamp::now(), method, path, status, took, reason };
    app.record(|feed| feed.request(line));
    if is_lost { Response::new(Body::from_stream(ClosedConnection)) } else { response }
}

/// Takes one from a switch that counts requests; `false` when nothing was left of it.
fn count_down(app: &App, switch: fn(&mut Behaviour) -> &mut u32) -> bool {
    app.write(|store, _| {
        let left = switch(&mut store.behaviour);
        let any = *left > 0;
        *left = left.saturating_sub(1);
        any
    })
}

fn down(status: StatusCode) -> Response {
    Refusal::other(status, "The sandbox was told to be down.").into_response()
}

/// A body that fails at once, so that the connection closes before anything was sent.
struct ClosedConnection;

impl futures_core::Stream for ClosedConnection {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }
}

/// Whether the request gets to its route.
async fn gate(app: &App, key: Result<(), &'static str>) -> Result<(), Box<Response>> {
    let limited = app.read(|store, _| store.behaviour.rate_limited > 0);
    let behaviour = if limited {
        app.write(|store, _| {
            let before = store.behaviour.clone();
            store.behaviour.rate_limited = before.rate_limited.saturating_sub(1);
            before
        })
    } else {
        app.read(|store, _| store.behaviour.clone())
    };
    if behaviour.response_delay_ms > 0 {
        wait(app, Duration::from_millis(u64::from(behaviour.response_delay_ms))).await;
    }
    let outage = |status| Err(Box::new(down(status)));
    match behaviour.outage {
        Outage::None => {}
        Outage::Unavailable => return outage(StatusCode::SERVICE_UNAVAILABLE),
        Outage::Error => return outage(StatusCode::INTERNAL_SERVER_ERROR),
        Outage::Hang => {
            wait(app, HANG).await;
            return outage(StatusCode::GATEWAY_TIMEOUT);
        }
    }
    if behaviour.rate_limited > 0 {
        let refusal =
            Refusal::other(StatusCode::TOO_MANY_REQUESTS, "The sandbox was told to limit the rate.");
        let mut response = refusal.into_response();
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(behaviour.retry_after));
        return Err(Box::new(response));
    }
    key.map_err(|reason| Box::new(Refusal::unauthorized(reason).into_response()))
}

fn check_key(request: &Request) -> Result<(), &'static str> {
    let Some(key) = request.headers().get(KEY_HEADER) else {
        return Err(if request.headers().contains_key(header::AUTHORIZATION) {
            "the key belongs in the X-CREDYT-API-KEY header, not in Authorization"
        } else {
            "no X-CREDYT-API-KEY header; is CREDYT_API_KEY set in the app's environment?"
        });
    };
    match key.to_str().map(|key| key_environment(key.trim())) {
        Ok(Environment::Test) => Ok(()),
        Ok(Environment::Live) => {
            Err("a live key was sent to the sandbox; it takes keys that start with key_test_")
        }
        _ => Err("not a key; the sandbox takes any key that starts with key_test_"),
    }
}

async fn wait(app: &App, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = app.stopping() => {}
    }
}
