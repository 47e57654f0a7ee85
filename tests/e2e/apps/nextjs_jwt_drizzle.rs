//! A server action and a streamed route call OpenAI; forms that work without scripts, and a cookie.

use crate::app::{Action, App, Body, Call, Portal, Refusal, Streams, Take};

pub(crate) const APP: App = App {
    name: "nextjs-jwt-drizzle",
    fixture: "nextjs-jwt-drizzle",
    answers: "",
    env: &[
        ("DATABASE_URL", "file:<home>/data/app.db"),
        ("SESSION_SECRET", "only-for-tests"),
        ("OPENAI_API_KEY", "only-for-tests"),
        ("OPENAI_BASE_URL", "<provider>/v1"),
    ],
    build: &[&["node", "node_modules/next/dist/bin/next", "build"]],
    migrate: &[&["node_modules/.bin/drizzle-kit", "migrate"]],
    start: &["node", "node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", "<port>"],
    ready: "/login",
    sign_up: &[Call {
        method: "POST",
        path: "/signup",
        body: Body::PageForm(&[("name", "<name>"), ("email", "<email>"), ("password", "<password>")]),
        status: 303,
        take: &[("user_id", Take::Claim("gistpad_session", "sub"))],
    }],
    who: None,
    counts_ids: true,
    actions: &[
        Action {
            name: "summarize",
            before: &[],
            call: SUMMARIZE,
            streams: Streams::No,
            event: "completion_finished",
            data: USED,
            fee: "0.00154",
            cost: Some(("openai", "0.000098")),
            // The action answers with the page, which shows what it returned.
            refusal: Refusal { status: 200, says: &["This needs 0.01 USD"] },
        },
        Action {
            name: "ask",
            before: &[
                SUMMARIZE,
                Call {
                    method: "GET",
                    path: "/",
                    body: Body::None,
                    status: 200,
                    take: &[("note", Take::Between("/ask?note=", "\""))],
                },
            ],
            call: Call {
                method: "POST",
                path: "/api/ask",
                body: Body::Json(r#"{"summaryId": <note>, "question": "Who rows?"}"#),
                status: 200,
                take: &[],
            },
            streams: Streams::Yes,
            event: "completion_finished",
            data: USED,
            fee: "0.00154",
            cost: Some(("openai", "0.000098")),
            refusal: Refusal {
                status: 402,
                says: &[r#""error":"This needs 0.01 USD"#, r#""top_up_url":"/api/billing/portal""#],
            },
        },
    ],
    portal: ("/api/billing/portal", Portal::Redirect),
    balance: "/api/billing/balance",
    page: Some(("/", &["/api/billing/portal"])),
    plan: None,
};

const SUMMARIZE: Call = Call {
    method: "POST",
    path: "/",
    body: Body::PageForm(&[(
        "source",
        "Two small boats row home at dusk, and nobody on the shore knows which of them is ahead.",
    )]),
    status: 200,
    take: &[],
};

const USED: &str =
    r#"{"input_tokens": 120, "output_tokens": 34, "total_tokens": 154, "model": "gpt-5-mini"}"#;
