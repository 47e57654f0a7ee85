//! Sends webhooks: signed, with a short timeout, repeated a few times when the receiver does not answer 2xx.

use std::time::Duration;

use jiff::Timestamp;

use super::app::App;
use super::store::Outgoing;
use crate::credyt::{SIGNATURE_HEADER, sign};

/// Attempts per delivery.
const ATTEMPTS: u32 = 4;
const TIMEOUT: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The HTTP client for deliveries.
pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    crate::credyt::http_builder().timeout(TIMEOUT).build()
}

/// Delivers one event to one destination and records every attempt.
pub(crate) async fn deliver(app: App, outgoing: Outgoing) {
    let body = outgoing.body.to_string();
    for attempt in 1..=ATTEMPTS {
        // Receivers compare the time with their own clock, so it is the machine's, whatever the sandbox's was set to.
        let header = sign(&outgoing.secret, Timestamp::now().as_second(), body.as_bytes());
        let request = app
            .http()
            .post(&outgoing.url)
            .header("content-type", "application/json")
            .header(SIGNATURE_HEADER, header)
            .body(body.clone());
        let outcome = match request.send().await {
            Ok(response) => Ok(response.status().as_u16()),
            Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
            Err(error) if error.is_connect() => Err("nothing listens there".to_owned()),
            Err(_) => Err("the connection broke".to_owned()),
        };
        let worked = outcome.as_ref().is_ok_and(|status| (200..300).contains(status));
        let said = outcome.as_ref().map_or_else(Clone::clone, u16::to_string);
        app.log(&format!("webhook {} -> {} {said} (attempt {attempt})", outgoing.topic, outgoing.url));
        let pause = app.write(|store, now| {
            store.record_delivery(&outgoing, attempt, &outcome, now);
            store.behaviour.webhook_retry_ms
        });
        if worked || attempt == ATTEMPTS {
            return;
        }
        let pause = Duration::from_millis(u64::from(pause)) * 2_u32.pow(attempt - 1);
        tokio::select! {
            () = tokio::time::sleep(pause.min(LONGEST_PAUSE)) => {}
            () = app.stopping() => return,
        }
    }
}
