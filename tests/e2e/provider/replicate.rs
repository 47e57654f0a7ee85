//! Predictions that are finished at once.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::Calls;

/// The file that every prediction makes, as an address that needs no server.
const PICTURE: &str = "data:image/webp;base64,UklGRgAAAABXRUJQ";

pub(super) fn router() -> Router<Calls> {
    Router::new().route("/v1/models/{owner}/{name}/predictions", post(predict))
}

async fn predict(
    State(calls): State<Calls>,
    Path((owner, name)): Path<(String, String)>,
    axum::Json(request): axum::Json<Value>,
) -> Response {
    if let Err(refusal) = calls.begin() {
        return *refusal;
    }
    let model = format!("{owner}/{name}");
    let count = request["input"]["num_outputs"].as_u64().unwrap_or(1);
    let output =
        if model.contains("upscale") { json!(PICTURE) } else { (0..count).map(|_| json!(PICTURE)).collect() };
    let prediction = json!({
        "id": "p1", "model": model, "version": "v1", "input": request["input"], "output": output, "status": "succeeded",
        "logs": "", "error": null, "created_at": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T00:00:00Z",
        "completed_at": "2026-01-01T00:00:01Z", "metrics": {"predict_time": 0.5},
        "urls": {},
    });
    (StatusCode::CREATED, axum::Json(prediction)).into_response()
}
