//! Synchronous routes call OpenAI, whole and streamed; bearer tokens from a form.

use crate::app::{Action, App, Body, Call, Plan, Portal, Refusal, Streams, Take};

pub(crate) const APP: App = App {
    name: "fastapi-sqlmodel-jwt",
    fixture: "fastapi-sqlmodel-jwt",
    answers: "",
    env: &[
        ("DATABASE_URL", "sqlite:///<home>/data/app.db"),
        ("SECRET_KEY", "only-for-tests-only-for-tests-only"),
        ("OPENAI_API_KEY", "only-for-tests"),
        ("OPENAI_BASE_URL", "<provider>/v1"),
    ],
    build: &[],
    migrate: &[&["../venv/bin/alembic", "upgrade", "head"]],
    start: &["../venv/bin/uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", "<port>"],
    ready: "/health",
    sign_up: &[
        Call {
            method: "POST",
            path: "/api/auth/register",
            body: Body::Json(r#"{"email": "<email>", "password": "<password>"}"#),
            status: 201,
            take: &[("user_id", Take::Json("/id"))],
        },
        Call {
            method: "POST",
            path: "/api/auth/token",
            body: Body::Form(&[("username", "<email>"), ("password", "<password>")]),
            status: 200,
            take: &[("token", Take::Json("/access_token"))],
        },
    ],
    who: None,
    counts_ids: false,
    actions: &[
        Action {
            name: "chat",
            before: &[],
            call: Call { method: "POST", path: "/api/chat", body: ASK, status: 200, take: &[] },
            streams: Streams::No,
            event: "completion_finished",
            data: USED,
            fee: "0.00154",
            cost: Some(("openai", "0.0000384")),
            refusal: REFUSAL,
        },
        Action {
            name: "stream",
            before: &[],
            call: Call { method: "POST", path: "/api/chat/stream", body: ASK, status: 200, take: &[] },
            streams: Streams::Yes,
            event: "completion_finished",
            data: USED,
            fee: "0.00154",
            cost: Some(("openai", "0.0000384")),
            refusal: REFUSAL,
        },
    ],
    portal: ("/api/billing/portal", Portal::Json),
    balance: "/api/billing/balance",
    page: None,
    plan: None,
};

const ASK: Body = Body::Json(r#"{"messages": [{"role": "user", "content": "Say hello."}]}"#);

const USED: &str =
    r#"{"input_tokens": 120, "output_tokens": 34, "total_tokens": 154, "model": "gpt-4o-mini"}"#;

/// The same app, whose owner gives nothing away while billing is down.
pub(crate) const BLOCK: App =
    App { name: "fastapi-sqlmodel-jwt-block", answers: "on_unavailable = \"block\"\n", ..APP };

/// The same app with a plan that is paid monthly.
pub(crate) const MONTHLY: App = App {
    name: "fastapi-sqlmodel-jwt-monthly",
    answers: Plan::MONTHLY,
    plan: Some(Plan::monthly("/api/webhooks/credyt")),
    start: &["../venv/bin/python", "-c", START],
    ..APP
};

/// Shows what is logged for information, which Python does not by itself.
const START: &str = "
import logging, uvicorn
logging.basicConfig(level=logging.INFO)
uvicorn.run('app.main:app', host='127.0.0.1', port=<port>)
";

const REFUSAL: Refusal = Refusal {
    status: 402,
    says: &[r#""detail":{"#, r#""error":"This needs 0.01 USD"#, r#""top_up_url":"/api/billing/portal""#],
};
