//! The organisation pays: a server action that a wrapper of the app gives the team.
//!
//! Nobody is invited here, so each person has one team, made with the account: their numbers run alike.

use crate::app::{Action, App, Body, Call, Portal, Refusal, Streams, Take};

pub(crate) const APP: App = App {
    name: "nextjs-teams-drizzle",
    fixture: "nextjs-teams-drizzle",
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
        take: &[("user_id", Take::Claim("minutely", "userId"))],
    }],
    who: None,
    counts_ids: true,
    actions: &[Action {
        name: "minutes",
        before: &[],
        call: Call {
            method: "POST",
            path: "/",
            body: Body::PageForm(&[("notes", "Rowers met at dusk; nobody knew which boat was ahead.")]),
            status: 200,
            take: &[],
        },
        streams: Streams::No,
        event: "completion_finished",
        data: r#"{"input_tokens": 120, "output_tokens": 34, "total_tokens": 154, "model": "gpt-5-mini"}"#,
        fee: "0.00154",
        cost: Some(("openai", "0.000098")),
        refusal: Refusal { status: 200, says: &["This needs 0.01 USD"] },
    }],
    portal: ("/api/billing/portal", Portal::Redirect),
    balance: "/api/billing/balance",
    page: Some(("/", &["/api/billing/portal"])),
    plan: None,
};
