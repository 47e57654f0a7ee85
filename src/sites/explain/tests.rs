use super::*;
use crate::fingerprint::fingerprint;
use crate::sites::{SiteKind, find};
use crate::workspace::Workspace;

/// The explanation of the first paid call of an app.
fn explained(files: &[(&str, &str)], kind: SiteKind) -> Explanation {
    let workspace = Workspace::in_memory(files.iter().copied());
    let catalog = Catalog::embedded().unwrap();
    let found = fingerprint(&workspace, &catalog);
    let program = Program::new(&workspace);
    let sites = find(&program, &catalog, &found);
    let explainer = Explainer { program: &program, catalog: &catalog, app: &found.apps[0], sites: &sites };
    explainer.explain(sites.iter().find(|s| s.kind == kind).unwrap())
}

fn lines(explanation: &Explanation) -> Vec<String> {
    explanation.lost.iter().map(|l| format!("{} ({}:{}) {}", l.name, l.file, l.line, l.why)).collect()
}

const EXPRESS: (&str, &str) =
    ("package.json", r#"{"dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9"}}"#);

const AUTH: (&str, &str) = (
    "auth.js",
    "const jwt = require('jsonwebtoken');\nexports.sign = (u) => jwt.sign({ id: u.id }, 's');\nexports.requireAuth = (req, res, next) => { req.user = jwt.verify(req.get('a'), 's'); next(); };",
);

#[test]
fn the_way_leads_from_the_route_through_the_service_and_ids_of_the_body_are_named() {
    let explanation = explained(
        &[
            EXPRESS,
            AUTH,
            (
                "service.js",
                "const OpenAI = require('openai');\nconst client = new OpenAI();\nexports.draft = async (owner, text) => client.responses.create({ model: 'm', input: text });",
            ),
            (
                "app.js",
                "const express = require('express');\nconst { draft } = require('./service');\nconst { requireAuth } = require('./auth');\nconst app = express();\napp.post('/draft', requireAuth, async (req, res) => {\n  const { userId } = req.body;\n  log(req.headers.get, req.query.teamId, userId);\n  res.json(await draft(req.user.id, req.body.text));\n});\napp.post('/again', requireAuth, async (req, res) => res.json(await draft(req.user.id, '')));",
            ),
        ],
        SiteKind::Billable,
    );
    let way: Vec<_> = explanation.chain.iter().map(|l| (l.what, l.line, l.symbol.as_str())).collect();
    assert_eq!(
        way,
        [
            (LinkKind::Entry, 5, "POST /draft"),
            (LinkKind::Call, 8, "draft"),
            (LinkKind::Site, 3, "client.responses.create")
        ]
    );
    let payer = explanation.payer.as_ref().unwrap();
    assert_eq!((payer.expr.as_deref(), payer.at), (Some("owner"), IdentityAt::Call));
    assert!(payer.evidence.iter().any(|e| e.contains("requireAuth")), "{:?}", payer.evidence);
    assert_eq!(
        lines(&explanation),
        [
            "userId (app.js:6) comes from the request's body, which the sender sets",
            "req.query.teamId (app.js:7) comes from the request's query, which the sender sets",
            "POST /again (app.js:10) reaches the call too, just as near; the first in the order of files is named",
        ]
    );
    assert!((ScorePart::sum(&explanation.score.parts) - explanation.score.total).abs() < 1e-9);
}

#[test]
fn arguments_that_a_browser_sends_are_no_payer() {
    let explanation = explained(
        &[
            ("package.json", r#"{"dependencies": {"next": "16", "openai": "6"}}"#),
            ("app/page.tsx", "export default function Page() { return null; }"),
            (
                "app/actions.ts",
                "'use server';\nimport OpenAI from 'openai';\nconst client = new OpenAI();\nexport async function ask(ownerId: string) {\n  return client.responses.create({ model: 'm', input: ownerId });\n}",
            ),
        ],
        SiteKind::Billable,
    );
    assert_eq!(explanation.payer.as_ref().unwrap().expr, None);
    assert_eq!(
        lines(&explanation),
        ["ownerId (app/actions.ts:4) comes from an argument of the request, which the sender sets"]
    );
}

#[test]
fn a_field_of_the_body_is_no_payer_and_an_injected_user_is_not_called_sent() {
    let explanation = explained(
        &[
            ("requirements.txt", "fastapi==0.116\nopenai==2.0\npyjwt==2.9\n"),
            (
                "main.py",
                "import jwt\nfrom fastapi import Depends, FastAPI\nfrom openai import OpenAI\nfrom pydantic import BaseModel\n\napp = FastAPI()\nclient = OpenAI()\n\nclass Ask(BaseModel):\n    user_id: str\n    text: str\n\ndef sign(user):\n    return jwt.encode({'sub': user}, 's')\n\ndef current_user_id(token: str) -> str:\n    return jwt.decode(token, 's')['sub']\n\n@app.post('/ask')\ndef ask(ask: Ask, user_id: str = Depends(current_user_id)):\n    print(ask.user_id)\n    return client.responses.create(model='m', input=ask.text)\n",
            ),
        ],
        SiteKind::Billable,
    );
    assert_eq!(explanation.payer.as_ref().unwrap().expr.as_deref(), Some("user_id"));
    assert_eq!(
        lines(&explanation),
        ["ask.user_id (main.py:21) comes from the request's body, which the sender sets"]
    );
}

#[test]
fn a_sign_up_that_lost_is_named_with_its_reason() {
    let explanation = explained(
        &[
            (
                "package.json",
                r#"{"dependencies": {"express": "5", "@prisma/client": "7", "jsonwebtoken": "9"}}"#,
            ),
            AUTH,
            ("prisma/schema.prisma", "model User {\n  id    String @id\n  email String\n}\n"),
            (
                "app.js",
                "const express = require('express');\nconst { PrismaClient } = require('@prisma/client');\nconst prisma = new PrismaClient();\nconst app = express();\napp.post('/register', async (req, res) => {\n  const user = await prisma.user.create({ data: { email: req.body.email } });\n  res.json(user);\n});\nasync function fillDemo() {\n  await prisma.user.create({ data: { email: 'a@example.com' } });\n}\nmodule.exports = { fillDemo };",
            ),
        ],
        SiteKind::Signup,
    );
    let way: Vec<_> = explanation.chain.iter().map(|l| (l.what, l.line)).collect();
    assert_eq!(way, [(LinkKind::Entry, 5), (LinkKind::Site, 6)]);
    assert_eq!(explanation.lost.len(), 1, "{:?}", explanation.lost);
    assert!(explanation.lost[0].why.starts_with("scores 0.30"), "{:?}", explanation.lost);
    assert!((ScorePart::sum(&explanation.score.parts) - explanation.score.total).abs() < 1e-9);
}
