//! An asynchronous route calls Replicate; bearer tokens, users counted up from one.

use crate::app::{Action, App, Body, Call, Plan, Portal, Refusal, Streams, Take};

pub(crate) const APP: App = App {
    name: "fastapi-async-replicate",
    fixture: "fastapi-async-replicate",
    answers: "",
    env: &[
        ("DATABASE_URL", "sqlite+aiosqlite:///<home>/data/app.db"),
        ("MEDIA_DIR", "<home>/data/media"),
        ("JWT_SECRET", "only-for-tests"),
        ("REPLICATE_API_TOKEN", "only-for-tests"),
        ("REPLICATE_BASE_URL", "<provider>"),
    ],
    build: &[],
    migrate: &[],
    start: &["../venv/bin/uvicorn", "main:app", "--host", "127.0.0.1", "--port", "<port>"],
    ready: "/health",
    sign_up: &[Call {
        method: "POST",
        path: "/auth/signup",
        body: Body::Json(r#"{"email": "<email>", "password": "<password>"}"#),
        status: 201,
        take: &[("token", Take::Json("/access_token"))],
    }],
    who: Some(Call {
        method: "GET",
        path: "/auth/me",
        body: Body::None,
        status: 200,
        take: &[("user_id", Take::Json("/id"))],
    }),
    counts_ids: true,
    actions: &[Action {
        name: "images",
        before: &[],
        call: Call {
            method: "POST",
            path: "/images",
            body: Body::Json(r#"{"prompt": "Two boats at dusk"}"#),
            status: 201,
            take: &[],
        },
        streams: Streams::No,
        event: "image_generated",
        data: r#"{"images": 1, "model": "black-forest-labs/flux-schnell"}"#,
        fee: "0.05",
        cost: None,
        refusal: Refusal {
            status: 402,
            says: &[r#""detail":{"#, r#""error":"This needs 0.01 USD"#, r#""top_up_url":"/billing/portal""#],
        },
    }],
    portal: ("/billing/portal", Portal::Json),
    balance: "/billing/balance",
    page: None,
    plan: None,
};

/// The same app without the official package, with a plan that is paid monthly.
pub(crate) const MONTHLY: App = App {
    name: "fastapi-async-replicate-monthly",
    answers: "client = \"http\"\nproduct = \"pro_monthly\"\nasset = \"CREDITS\"\n",
    plan: Some(Plan::monthly("/webhooks/credyt")),
    start: &["../venv/bin/python", "-c", START],
    ..APP
};

/// Shows what is logged for information, which Python does not by itself.
const START: &str = "
import logging, uvicorn
logging.basicConfig(level=logging.INFO)
uvicorn.run('main:app', host='127.0.0.1', port=<port>)
";
