//! Routes call OpenAI through the AI SDK, streamed, and Replicate; Auth.js with a password and a cookie.

use crate::app::{Action, App, Body, Call, Portal, Refusal, Streams, Take};

pub(crate) const APP: App = App {
    name: "nextjs-authjs-prisma",
    fixture: "nextjs-authjs-prisma",
    answers: "",
    env: &[
        ("DATABASE_URL", "file:<home>/data/app.db"),
        ("AUTH_SECRET", "only-for-tests-only-for-tests-only"),
        ("OPENAI_API_KEY", "only-for-tests"),
        ("OPENAI_BASE_URL", "<provider>/v1"),
        ("REPLICATE_API_TOKEN", "only-for-tests"),
        ("REPLICATE_BASE_URL", "<provider>/v1"),
    ],
    build: &[
        &["npm", "run", "--silent", "db:generate"],
        &["node", "node_modules/next/dist/bin/next", "build"],
    ],
    migrate: &[&["node", "scripts/migrate.mjs"]],
    start: &["node", "node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", "<port>"],
    ready: "/login",
    sign_up: &[
        Call {
            method: "POST",
            path: "/api/register",
            body: Body::Json(r#"{"name": "<name>", "email": "<email>", "password": "<password>"}"#),
            status: 201,
            take: &[("user_id", Take::Json("/id"))],
        },
        Call {
            method: "GET",
            path: "/api/auth/csrf",
            body: Body::None,
            status: 200,
            take: &[("csrf", Take::Json("/csrfToken"))],
        },
        Call {
            method: "POST",
            path: "/api/auth/callback/credentials",
            body: Body::Form(&[("csrfToken", "<csrf>"), ("email", "<email>"), ("password", "<password>")]),
            status: 302,
            take: &[],
        },
    ],
    who: None,
    counts_ids: false,
    actions: &[
        Action {
            name: "chat",
            before: &[],
            call: Call {
                method: "POST",
                path: "/api/chat",
                body: Body::Json(
                    r#"{"id": "<uuid>", "messages": [{"id": "m1", "role": "user", "parts": [{"type": "text", "text": "A lighthouse"}]}]}"#,
                ),
                status: 200,
                take: &[],
            },
            streams: Streams::ToItsEnd,
            event: "completion_finished",
            data: r#"{"input_tokens": 120, "output_tokens": 34, "total_tokens": 154, "model": "gpt-5-mini"}"#,
            fee: "0.00154",
            cost: Some(("openai", "0.000098")),
            refusal: REFUSAL,
        },
        Action {
            name: "image",
            before: &[],
            call: Call {
                method: "POST",
                path: "/api/image",
                body: Body::Json(r#"{"prompt": "A lighthouse, but friendly"}"#),
                status: 200,
                take: &[],
            },
            streams: Streams::No,
            event: "image_generated",
            data: r#"{"images": 1, "model": "black-forest-labs/flux-schnell"}"#,
            fee: "0.05",
            cost: None,
            refusal: REFUSAL,
        },
    ],
    portal: ("/api/billing/portal", Portal::Redirect),
    balance: "/api/billing/balance",
    page: Some(("/chat", &["/api/billing/portal"])),
    plan: None,
};

const REFUSAL: Refusal = Refusal {
    status: 402,
    says: &[r#""error":"This needs 0.01 USD"#, r#""top_up_url":"/api/billing/portal""#],
};
