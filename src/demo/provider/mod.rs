//! A stand-in for the AI providers that the sample apps call: no key, no network, no cost, and the shapes of the real ones.
//!
//! Answers are made from the question, so that what comes back is recognisable; token counts follow the lengths of the texts.
//! Streams come word by word, with their usage at the end. It is for the demo, not for tests of an SDK.

mod picture;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The pause between two words of a stream.
const PAUSE: Duration = Duration::from_millis(35);
/// The longest question that is repeated in an answer.
const REPEATED: usize = 120;

/// A running stand-in; dropping it stops it.
#[derive(Debug)]
pub struct Provider {
    addr: SocketAddr,
    serving: JoinHandle<()>,
}

impl Provider {
    /// Starts on a free loopback port.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let router = Router::new()
            .route("/openai/v1/chat/completions", post(chat_completion))
            .route("/anthropic/v1/messages", post(message))
            .route("/replicate/v1/predictions", post(prediction))
            .route("/replicate/v1/models/{owner}/{name}/predictions", post(prediction))
            .route("/replicate/v1/predictions/{id}", get(no_prediction));
        let serving = tokio::spawn(async move {
            // It ends with the demo.
            drop(axum::serve(listener, router).await);
        });
        Ok(Self { addr, serving })
    }

    /// Its address; each provider has a path below it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A question and its answer.
struct Turn {
    model: String,
    answer: String,
    asked_tokens: usize,
    answer_tokens: usize,
    stream: bool,
}

impl Turn {
    fn of(request: &Value) -> Self {
        let messages = request["messages"].as_array().cloned().unwrap_or_default();
        let texts: Vec<String> = messages.iter().map(|message| text_of(&message["content"])).collect();
        let question = texts.last().map_or("", String::as_str).trim();
        let shown: String = question.chars().take(REPEATED).collect();
        let answer = format!(
            "You asked: \u{201c}{shown}\u{201d}. No model is behind this: it is the demo's stand-in for the provider, and it \
             counts tokens as one would. What you just used is an event in the sandbox, with its price."
        );
        let asked: usize = texts.iter().map(String::len).sum::<usize>() + text_of(&request["system"]).len();
        Self {
            model: request["model"].as_str().unwrap_or("stand-in").to_owned(),
            asked_tokens: tokens(asked),
            answer_tokens: tokens(answer.len()),
            answer,
            stream: request["stream"].as_bool().unwrap_or(false),
        }
    }

    /// The answer in pieces that put together are the answer.
    fn words(&self) -> Vec<String> {
        self.answer.split_inclusive(' ').map(str::to_owned).collect()
    }
}

/// Text, or the text parts of a list of parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// About four characters make a token.
fn tokens(characters: usize) -> usize {
    characters.div_ceil(4).max(1)
}

async fn chat_completion(Json(request): Json<Value>) -> Response {
    let turn = Turn::of(&request);
    let usage = json!({
        "prompt_tokens": turn.asked_tokens,
        "completion_tokens": turn.answer_tokens,
        "total_tokens": turn.asked_tokens + turn.answer_tokens,
    });
    let object = |kind: &str, choices: Value| json!({"id": new_id("chatcmpl-"), "object": kind, "created": 0, "model": turn.model, "choices": choices});
    if !turn.stream {
        let said = json!({"role": "assistant", "content": turn.answer});
        let mut body =
            object("chat.completion", json!([{"index": 0, "message": said, "finish_reason": "stop"}]));
        body["usage"] = usage;
        return Json(body).into_response();
    }
    let chunk = |delta: Value, end: Value| {
        object("chat.completion.chunk", json!([{"index": 0, "delta": delta, "finish_reason": end}]))
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(turn.words().into_iter().map(|word| chunk(json!({"content": word}), Value::Null)));
    events.push(chunk(json!({}), json!("stop")));
    if request["stream_options"]["include_usage"] == true {
        let mut last = object("chat.completion.chunk", json!([]));
        last["usage"] = usage;
        events.push(last);
    }
    let mut events: Vec<Event> =
        events.iter().map(|event| Event::default().data(event.to_string())).collect();
    events.push(Event::default().data("[DONE]"));
    stream(events)
}

async fn message(Json(request): Json<Value>) -> Response {
    let turn = Turn::of(&request);
    let mut body = json!({
        "id": new_id("msg_"), "type": "message", "role": "assistant", "model": turn.model,
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": turn.asked_tokens, "output_tokens": 1},
    });
    if !turn.stream {
        body["content"] = json!([{"type": "text", "text": turn.answer}]);
        body["stop_reason"] = json!("end_turn");
        body["usage"]["output_tokens"] = json!(turn.answer_tokens);
        return Json(body).into_response();
    }
    let mut events = vec![
        json!({"type": "message_start", "message": body}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    ];
    events.extend(turn.words().into_iter().map(
        |word| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}),
    ));
    events.extend([
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
               "usage": {"output_tokens": turn.answer_tokens}}),
        json!({"type": "message_stop"}),
    ]);
    let named = |event: &Value| {
        Event::default().event(event["type"].as_str().unwrap_or_default()).data(event.to_string())
    };
    stream(events.iter().map(named).collect())
}

async fn prediction(Json(request): Json<Value>) -> Response {
    let input = &request["input"];
    let prompt = input["prompt"].as_str().unwrap_or("a picture");
    let count = input["num_outputs"].as_u64().unwrap_or(1).clamp(1, 4);
    let pictures: Vec<String> = (0..count).map(|number| picture::data_url(prompt, number)).collect();
    // A model that changes one picture answers one, not a list.
    let output = if input["prompt"].is_string() { json!(pictures) } else { json!(pictures.first()) };
    let id = new_id("pred_");
    let body = json!({
        "id": id, "model": "stand-in", "version": "stand-in", "status": "succeeded", "input": input, "output": output,
        "error": null, "logs": "", "metrics": {"predict_time": 0.4}, "created_at": "2026-01-01T00:00:00Z",
        "started_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-01T00:00:00Z",
        "urls": {"get": format!("/replicate/v1/predictions/{id}"), "cancel": ""},
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

/// Predictions are ready when they are made, so nobody needs to ask again.
async fn no_prediction(Path(id): Path<String>) -> Response {
    let body = json!({"title": "Not found", "detail": format!("There is no prediction {id}.")});
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

fn new_id(prefix: &str) -> String {
    format!("{prefix}{}", uuid::Uuid::now_v7().simple())
}

/// Events one after the other; ends early when nobody listens any more.
fn stream(events: Vec<Event>) -> Response {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for event in events {
            if sender.send(event).await.is_err() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    Sse::new(Events(receiver)).into_response()
}

/// The receiving half as a stream.
struct Events(mpsc::Receiver<Event>);

impl futures_core::Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

#[cfg(test)]
mod tests;
