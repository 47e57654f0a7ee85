use camino::Utf8Path;

use super::billable::billables;
use super::cx::Cx;
use super::*;
use crate::catalog::Catalog;
use crate::fingerprint::App;
use crate::resolve::Program;
use crate::workspace::Workspace;

const NEXT: &[&str] = &[
    "frameworks/nextjs-app",
    "auth/jwt-custom",
    "auth/authjs",
    "providers/openai",
    "providers/vercel-ai-sdk",
];
const EXPRESS: &[&str] = &["frameworks/express", "auth/passport", "auth/jwt-custom", "providers/openai"];
const FASTAPI: &[&str] = &["frameworks/fastapi", "auth/jwt-custom", "providers/openai"];

fn app(picked: &[&str]) -> App {
    let entries = picked.iter().map(|p| (*p).to_owned()).collect();
    App { root: ".".to_owned(), entries, folders: vec![String::new()], ..App::default() }
}

/// One line a paid call: `file:line entry identity@where stream`.
fn lines(workspace: &Workspace, picked: &[&str]) -> Vec<String> {
    let catalog = Catalog::embedded().unwrap();
    let program = Program::new(workspace);
    let app = app(picked);
    let cx = Cx::new(&program, &catalog, &app);
    let line = |site: &Site| {
        let Detail::Billable(b) = &site.detail else { unreachable!() };
        let entry = b.entry.as_ref().map_or_else(|| "-".to_owned(), |e| format!("{}#{}", e.file, e.symbol));
        let identity = b.identity.expr.clone().unwrap_or_else(|| "-".to_owned());
        let at = format!("{:?}", b.identity.at).to_lowercase();
        let marks = format!(
            "{}{}",
            if b.streaming { " stream" } else { "" },
            if site.selected { "" } else { " (shown)" }
        );
        format!("{}:{} {} {entry} {identity}@{at}{marks}", site.file, site.line, b.call)
    };
    billables(&cx).iter().map(line).collect()
}

fn fixture(name: &str) -> Workspace {
    Workspace::open(&Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap()
}

fn memory(files: &[(&str, &str)]) -> Workspace {
    Workspace::in_memory(files.iter().copied())
}

#[test]
fn own_jwt_session_is_followed_to_the_member_the_code_uses() {
    assert_eq!(
        lines(&fixture("nextjs-jwt-drizzle"), NEXT),
        [
            "src/app/api/ask/route.ts:33 openai.chat.completions.create src/app/api/ask/route.ts#POST session.userId@call stream",
            "src/app/summaries/actions.ts:29 openai.chat.completions.create src/app/summaries/actions.ts#summarize session.userId@call",
        ]
    );
}

#[test]
fn a_session_made_by_the_auth_library_in_another_file() {
    let found = lines(&fixture("nextjs-authjs-prisma"), NEXT);
    assert_eq!(
        found[0],
        "app/api/chat/route.ts:32 streamText app/api/chat/route.ts#POST session.user.id@call stream"
    );
}

#[test]
fn a_request_member_is_trusted_because_of_the_guard_on_the_route() {
    assert_eq!(
        lines(&fixture("express-passport-mongoose"), EXPRESS),
        ["controllers/images.js:32 openai.images.generate controllers/images.js#postImages req.user.id@call"]
    );
}

#[test]
fn an_injected_user_counts_when_the_dependency_checks_a_token() {
    assert_eq!(
        lines(&fixture("fastapi-sqlmodel-jwt"), FASTAPI),
        [
            "app/api/routes/chat.py:42 client.chat.completions.create app/api/routes/chat.py#chat current_user.id@call",
            "app/api/routes/chat.py:57 client.chat.completions.create app/api/routes/chat.py#chat_stream current_user.id@call stream",
        ]
    );
}

#[test]
fn nothing_is_billed_in_an_app_without_a_paid_call() {
    let everything = [NEXT, EXPRESS].concat();
    assert_eq!(lines(&fixture("refuse-no-paid-call"), &everything), [""; 0]);
}

#[test]
fn an_id_from_the_request_is_never_an_identity() {
    let ws = memory(&[(
        "app/api/a/route.ts",
        "import OpenAI from 'openai';\nconst client = new OpenAI();\nexport async function POST(req: Request) {\n  const { userId, user } = await req.json();\n  const id = req.headers.get('x-user-id');\n  return Response.json(await client.responses.create({ model: 'm', input: userId + user.id + id }));\n}",
    )]);
    assert_eq!(
        lines(&ws, NEXT),
        ["app/api/a/route.ts:6 client.responses.create app/api/a/route.ts#POST -@none"]
    );
}

#[test]
fn a_local_function_that_shadows_an_sdk_name_spends_nothing() {
    let ws = memory(&[
        (
            "lib/text.ts",
            "export function generateText(t: string) { return t; }\nexport const wrap = (streamText: (a: object) => void) => streamText({});",
        ),
        (
            "app/api/a/route.ts",
            "import { generateText } from '../../../lib/text';\nexport async function POST() { return Response.json(generateText('x')); }",
        ),
    ]);
    assert_eq!(lines(&ws, NEXT), [""; 0]);
}

#[test]
fn the_payer_is_followed_through_a_service_by_its_argument() {
    let ws = memory(&[
        (
            "service.js",
            "const OpenAI = require('openai');\nclass Writer {\n  constructor() { this.client = new OpenAI(); }\n  async draft(owner, text) { return this.client.responses.create({ model: 'm', input: text }); }\n}\nmodule.exports = new Writer();",
        ),
        (
            "auth.js",
            "const jwt = require('jsonwebtoken');\nexports.requireAuth = (req, res, next) => { req.user = jwt.verify(req.get('a'), 's'); next(); };",
        ),
        (
            "routes.js",
            "const express = require('express');\nconst writer = require('./service');\nconst { requireAuth } = require('./auth');\nconst router = express.Router();\nrouter.use(requireAuth);\nrouter.post('/draft', async (req, res) => {\n  res.json(await writer.draft(req.user.id, req.body.text));\n});\nmodule.exports = router;",
        ),
    ]);
    assert_eq!(
        lines(&ws, EXPRESS),
        ["service.js:4 this.client.responses.create routes.js#POST /draft owner@call"]
    );
}

#[test]
fn a_route_without_a_guard_leaves_the_user_unsure() {
    let ws = memory(&[(
        "app.js",
        "const express = require('express');\nconst OpenAI = require('openai');\nconst ai = new OpenAI();\nconst app = express();\napp.post('/ask', async (req, res) => {\n  const who = req.user ? req.user.id : null;\n  res.json(await ai.responses.create({ input: who }));\n});",
    )]);
    let catalog = Catalog::embedded().unwrap();
    let program = Program::new(&ws);
    let app = app(EXPRESS);
    let cx = Cx::new(&program, &catalog, &app);
    let sites = billables(&cx);
    let Detail::Billable(b) = &sites[0].detail else { unreachable!() };
    let identity = b.plan.identity.as_ref().unwrap();
    assert!(identity.nullable, "{:?}", identity.evidence);
}

const LANGCHAIN: &[&str] =
    &["frameworks/fastapi", "auth/jwt-custom", "providers/openai", "providers/langchain"];

#[test]
fn a_model_of_a_factory_that_picks_one_of_several_spends() {
    let ws = memory(&[
        (
            "app/models.py",
            "from langchain_openai import ChatOpenAI\nfrom langchain_anthropic import ChatAnthropic\n\ndef pick(kind):\n    if kind == 'small':\n        return ChatOpenAI()\n    return ChatAnthropic()\n\ndef chosen(kind):\n    if kind == 'a':\n        model = ChatOpenAI()\n    else:\n        model = ChatAnthropic()\n    return model\n\ndef mixed(kind):\n    if kind == 'a':\n        return ChatOpenAI()\n    return open('answers.txt')\n",
        ),
        (
            "app/work.py",
            "from app.models import chosen, mixed, pick\n\ndef work():\n    pick('x').stream('a')\n    m = chosen('x')\n    m.invoke('b')\n    mixed('x').stream('c')\n",
        ),
    ]);
    assert_eq!(
        lines(&ws, LANGCHAIN),
        ["app/work.py:4 ().stream - -@none stream (shown)", "app/work.py:6 m.invoke - -@none (shown)"]
    );
}

#[test]
fn a_paid_method_handed_to_a_wrapper_that_is_called_spends() {
    let ws = memory(&[
        (
            "app/a.py",
            "import openai\nfrom asgiref.sync import sync_to_async\nfrom app.local import later\n\nasync def work(**asked):\n    client = openai.OpenAI()\n    await sync_to_async(client.chat.completions.create)(**asked)\n    later(client.chat.completions.create)(**asked)\n",
        ),
        ("app/local.py", "def later(f):\n    return lambda **k: None\n"),
    ]);
    assert_eq!(lines(&ws, FASTAPI), ["app/a.py:7 client.chat.completions.create - -@none (shown)"]);
}

#[test]
fn a_client_is_followed_through_properties_later_assignments_and_parameters() {
    let ws = memory(&[(
        "app/a.py",
        "from openai import OpenAI\n\nclass Lazy:\n    _made = None\n\n    def __init__(self):\n        self.own = None\n\n    @property\n    def client(self):\n        if self._made is None:\n            self._made = OpenAI()\n        return self._made\n\n    def open(self):\n        self.own = OpenAI()\n\n    def work(self):\n        self.client.responses.create()\n        self.own.responses.create()\n        spend(self.client)\n        other(self.client)\n        other(self)\n\ndef spend(api):\n    api.responses.create()\n\ndef other(api):\n    api.responses.create()\n",
    )]);
    let found: Vec<_> = lines(&ws, FASTAPI)
        .into_iter()
        .map(|l| l.split(" - ").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        found,
        [
            "app/a.py:19 this.client.responses.create",
            "app/a.py:20 this.own.responses.create",
            "app/a.py:26 api.responses.create"
        ]
    );
}

#[test]
fn an_agent_object_spends_when_it_is_run() {
    let ws = memory(&[(
        "app/api/a/route.ts",
        "import { ToolLoopAgent, tool } from 'ai';\nexport async function POST() {\n  const agent = new ToolLoopAgent({ model: 'm' });\n  tool({}).stream();\n  return agent.stream({ prompt: 'x' });\n}",
    )]);
    assert_eq!(lines(&ws, NEXT), ["app/api/a/route.ts:5 agent.stream app/api/a/route.ts#POST -@none stream"]);
}

#[test]
fn mutations_are_handlers_and_threads_they_start_belong_to_them() {
    let ws = memory(&[
        (
            "app/mutations.py",
            "import graphene\nfrom threading import Thread\nfrom app.work import ask, later, unused\n\nclass Ask(graphene.relay.ClientIDMutation):\n    @classmethod\n    def mutate_and_get_payload(cls, root, info, text):\n        Thread(target=later, args=(text,)).start()\n        return ask(text)\n",
        ),
        (
            "app/work.py",
            "from openai import OpenAI\n\nclient = OpenAI()\n\ndef ask(text):\n    client.responses.create()\n\ndef later(text):\n    client.responses.create()\n\ndef unused(text):\n    client.responses.create()\n",
        ),
    ]);
    let entry = "app/mutations.py#Ask.mutate_and_get_payload";
    assert_eq!(
        lines(&ws, &["frameworks/django", "providers/openai"]),
        [
            format!("app/work.py:6 client.responses.create {entry} -@none"),
            format!("app/work.py:9 client.responses.create {entry} -@none"),
            "app/work.py:12 client.responses.create - -@none (shown)".to_owned(),
        ]
    );
}
