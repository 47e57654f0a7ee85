//! A service class calls Anthropic, whole and streamed; bearer tokens.

use crate::app::{Action, App, Body, Call, Plan, Portal, Refusal, Streams, Take};

pub(crate) const APP: App = App {
    name: "express-jwt-prisma",
    fixture: "express-jwt-prisma",
    answers: "",
    env: &[
        ("PORT", "<port>"),
        ("DATABASE_URL", "file:<home>/data/app.db"),
        ("JWT_SECRET", "only-for-tests"),
        ("ANTHROPIC_API_KEY", "only-for-tests"),
        ("ANTHROPIC_BASE_URL", "<provider>"),
    ],
    build: &[&["npm", "run", "--silent", "db:generate"], &["npm", "run", "--silent", "build"]],
    migrate: &[&["node", "scripts/migrate.js"]],
    start: &["node", "dist/server.js"],
    ready: "/health",
    sign_up: &[Call {
        method: "POST",
        path: "/api/auth/register",
        body: Body::Json(r#"{"email": "<email>", "password": "<password>"}"#),
        status: 201,
        take: &[("token", Take::Json("/token")), ("user_id", Take::Json("/user/id"))],
    }],
    who: None,
    counts_ids: false,
    actions: &[
        Action {
            name: "draft",
            before: &[],
            call: Call {
                method: "POST",
                path: "/api/drafts",
                body: Body::Json(r#"{"product": "A lamp that dims itself"}"#),
                status: 201,
                take: &[],
            },
            streams: Streams::No,
            event: "completion_finished",
            data: r#"{"input_tokens": 120, "output_tokens": 34, "total_tokens": 154, "model": "claude-haiku-4-5"}"#,
            fee: "0.00154",
            cost: Some(("anthropic", "0.00029")),
            refusal: REFUSAL,
        },
        Action {
            name: "stream",
            before: &[],
            call: Call {
                method: "POST",
                path: "/api/drafts/stream",
                body: Body::Json(r#"{"product": "A lamp that dims itself"}"#),
                status: 200,
                take: &[],
            },
            streams: Streams::Yes,
            event: "completion_finished",
            data: r#"{"input_tokens": 120, "output_tokens": 34, "total_tokens": 154, "model": "claude-haiku-4-5"}"#,
            fee: "0.00154",
            cost: Some(("anthropic", "0.00029")),
            refusal: REFUSAL,
        },
    ],
    portal: ("/api/billing/portal", Portal::Json),
    balance: "/api/billing/balance",
    page: None,
    plan: None,
};

/// The same app, whose owner gives nothing away while billing is down.
pub(crate) const BLOCK: App =
    App { name: "express-jwt-prisma-block", answers: "on_unavailable = \"block\"\n", ..APP };

/// The same app with a plan that is paid monthly.
pub(crate) const MONTHLY: App = App {
    name: "express-jwt-prisma-monthly",
    answers: Plan::MONTHLY,
    plan: Some(Plan::monthly("/api/webhooks/credyt")),
    ..APP
};

const REFUSAL: Refusal = Refusal {
    status: 402,
    says: &[
        r#""error":"This needs 0.01 USD"#,
        r#""code":"insufficient_balance""#,
        r#""top_up_url":"/api/billing/portal""#,
    ],
};
