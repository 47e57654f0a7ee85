//! Messages, whole and streamed.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::sse::{self, Event};
use super::{Calls, INPUT_TOKENS, OUTPUT_TOKENS, WORDS};

pub(super) fn router() -> Router<Calls> {
    Router::new().route("/v1/messages", post(messages))
}

async fn messages(State(calls): State<Calls>, axum::Json(request): axum::Json<Value>) -> Response {
    let mode = match calls.begin() {
        Ok(mode) => mode,
        Err(refusal) => return *refusal,
    };
    let message = |content: Value, output: u32, reason: Value| {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": request["model"], "content": content,
            "stop_reason": reason, "stop_sequence": null,
            "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": output,
                      "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0},
        })
    };
    if request["stream"] != true {
        let content = json!([{"type": "text", "text": WORDS.concat()}]);
        return axum::Json(message(content, OUTPUT_TOKENS, json!("end_turn"))).into_response();
    }
    let event = |name: &'static str, mut data: Value| -> Event {
        data["type"] = json!(name);
        (Some(name), data)
    };
    let word = |text: &str| {
        event("content_block_delta", json!({"index": 0, "delta": {"type": "text_delta", "text": text}}))
    };
    let first = [
        event("message_start", json!({"message": message(json!([]), 1, Value::Null)})),
        event("content_block_start", json!({"index": 0, "content_block": {"type": "text", "text": ""}})),
        word(WORDS[0]),
        word(WORDS[1]),
    ];
    let rest = [
        word(WORDS[2]),
        word(WORDS[3]),
        event("content_block_stop", json!({"index": 0})),
        event(
            "message_delta",
            json!({"delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": {"output_tokens": OUTPUT_TOKENS}}),
        ),
        event("message_stop", json!({})),
    ];
    sse::respond(&calls, mode, &first, &rest, "")
}
