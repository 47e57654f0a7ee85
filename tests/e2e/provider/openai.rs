//! Chat completions, whole and streamed, and images.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::sse::{self, Event};
use super::{Calls, INPUT_TOKENS, OUTPUT_TOKENS, WORDS};

/// A picture of one grey pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

pub(super) fn router() -> Router<Calls> {
    Router::new().route("/v1/chat/completions", post(chat)).route("/v1/images/generations", post(images))
}

fn usage() -> Value {
    json!({"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS, "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS})
}

async fn chat(State(calls): State<Calls>, axum::Json(request): axum::Json<Value>) -> Response {
    let mode = match calls.begin() {
        Ok(mode) => mode,
        Err(refusal) => return *refusal,
    };
    let model = &request["model"];
    if request["stream"] != true {
        return axum::Json(json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": WORDS.concat()}}],
            "usage": usage(),
        }))
        .into_response();
    }
    let chunk = |choices: Value, usage: Value| -> Event {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model,
            "choices": choices, "usage": usage,
        });
        (None, chunk)
    };
    let word = |text: &str| {
        let choice =
            json!([{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": null}]);
        chunk(choice, Value::Null)
    };
    let words: Vec<Event> = WORDS.iter().map(|text| word(text)).collect();
    let (first, last) = words.split_at(2);
    let mut rest = last.to_vec();
    rest.push(chunk(json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]), Value::Null));
    // As with the provider itself, usage comes only when asked for.
    if request["stream_options"]["include_usage"] == true {
        rest.push(chunk(json!([]), usage()));
    }
    sse::respond(&calls, mode, first, &rest, "data: [DONE]\n\n")
}

async fn images(State(calls): State<Calls>, axum::Json(request): axum::Json<Value>) -> Response {
    if let Err(refusal) = calls.begin() {
        return *refusal;
    }
    let count = request["n"].as_u64().unwrap_or(1);
    let data: Vec<Value> = (0..count).map(|_| json!({"b64_json": PNG})).collect();
    let usage = json!({"input_tokens": 40, "output_tokens": 1056, "total_tokens": 1096});
    axum::Json(json!({"created": 1, "data": data, "usage": usage})).into_response()
}
