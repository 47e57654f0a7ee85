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

pub(super) fn app(picked: &[&str]) -> App {
    let entries = picked.iter().map(|p| (*p).to_owned()).collect();
    App { root: ".".to_owned(), entries, folders: vec![String::new()], ..App::default() }
}

/// One line a paid call: `file:line entry identity@where stream`.
pub(super) fn lines(workspace: &Workspace, picked: &[&str]) -> Vec<String> {
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

pub(super) fn memory(files: &[(&str, &str)]) -> Workspace {
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
        ("app.js", "const app = require('express')();\napp.use('/api', require('./routes'));"),
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
        ["app/work.py:4 pick('x').stream - -@none stream (shown)", "app/work.py:6 m.invoke - -@none (shown)"]
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
            "app/a.py:19 self.client.responses.create",
            "app/a.py:20 self.own.responses.create",
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

#[test]
fn a_client_made_on_first_need_is_followed_to_where_it_is_made() {
    let ws = memory(&[
        (
            "ai.js",
            "const OpenAI = require('openai');\nlet client = null;\nfunction open() {\n  return new OpenAI();\n}\nexports.draft = async () => {\n  if (!client) {\n    client = open();\n  }\n  return client.responses.create({ model: 'm' });\n};\n",
        ),
        (
            "ai.py",
            "from openai import OpenAI\n\nclient = None\nother = None\n\ndef ready():\n    global client\n    client = OpenAI()\n    other = OpenAI()\n\ndef draft():\n    client.responses.create()\n    other.responses.create()\n",
        ),
    ]);
    assert_eq!(
        lines(&ws, &[EXPRESS, FASTAPI].concat()),
        [
            "ai.js:10 client.responses.create - -@none (shown)",
            "ai.py:12 client.responses.create - -@none (shown)"
        ]
    );
}

#[test]
fn a_chain_spends_when_a_model_is_part_of_it() {
    let ws = memory(&[(
        "app/a.py",
        "from langchain_core.prompts import ChatPromptTemplate\nfrom langchain_core.output_parsers import StrOutputParser\nfrom langchain_openai import ChatOpenAI\nfrom langchain_ollama import ChatOllama\n\nprompt = ChatPromptTemplate.from_messages([])\n\ndef build(model):\n    return prompt | model | StrOutputParser()\n\ndef work():\n    prompt.invoke({})\n    StrOutputParser().invoke('x')\n    chain = {'a': 1} | prompt | ChatOpenAI()\n    chain.invoke({})\n    build(ChatOpenAI()).stream({})\n    (prompt | ChatOllama()).invoke({})\n    model = ChatOpenAI()\n    model([])\n    prompt([])\n",
    )]);
    let found: Vec<_> = lines(&ws, LANGCHAIN)
        .into_iter()
        .map(|l| l.split(" - ").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        found,
        ["app/a.py:15 chain.invoke", "app/a.py:16 build(ChatOpenAI()).stream", "app/a.py:19 model"]
    );
}

#[test]
fn the_first_of_several_models_tells_what_they_are() {
    let ws = memory(&[(
        "app/a.py",
        "from langchain_openai import ChatOpenAI\nfrom langchain_ollama import ChatOllama\n\ndef pick(kind):\n    if kind == 'hosted':\n        model = ChatOpenAI()\n    else:\n        model = ChatOllama()\n    return model\n\ndef work():\n    pick('x').invoke('a')\n    only = ChatOllama()\n    only.invoke('a')\n",
    )]);
    assert_eq!(lines(&ws, LANGCHAIN), ["app/a.py:12 pick('x').invoke - -@none (shown)"]);
}

#[test]
fn the_question_put_to_a_vector_store_is_shown_and_what_goes_into_it_is_chosen() {
    let ws = memory(&[(
        "app/api/a/route.ts",
        "import { MemoryVectorStore } from 'langchain/vectorstores/memory';\nexport async function POST() {\n  const store = await MemoryVectorStore.fromDocuments([], {});\n  await store.addDocuments([]);\n  return Response.json(await store.similaritySearch('q'));\n}\n",
    )]);
    let entry = "app/api/a/route.ts#POST -@none";
    assert_eq!(
        lines(&ws, &["frameworks/nextjs-app", "providers/langchain"]),
        [
            format!("app/api/a/route.ts:3 MemoryVectorStore.fromDocuments {entry}"),
            format!("app/api/a/route.ts:4 store.addDocuments {entry}"),
            format!("app/api/a/route.ts:5 store.similaritySearch {entry} (shown)"),
        ]
    );
}

const GRAPHENE: &[&str] = &["frameworks/django", "auth/django-auth", "providers/openai"];

#[test]
fn the_user_of_a_mutation_is_in_its_context() {
    let ws = memory(&[
        ("app/settings.py", "MIDDLEWARE = ['django.contrib.auth.middleware.AuthenticationMiddleware']\n"),
        (
            "app/mutations.py",
            "import graphene\nfrom openai import OpenAI\n\nclient = OpenAI()\n\nclass Ask(graphene.Mutation):\n    @classmethod\n    def mutate(cls, root, info, text):\n        user = info.context.user\n        if not user.is_authenticated:\n            return None\n        print(user.id)\n        client.responses.create()\n\nclass Open(graphene.Mutation):\n    def mutate(root, info):\n        client.responses.create()\n",
        ),
    ]);
    assert_eq!(
        lines(&ws, GRAPHENE),
        [
            "app/mutations.py:13 client.responses.create app/mutations.py#Ask.mutate user.id@call",
            "app/mutations.py:17 client.responses.create app/mutations.py#Open.mutate info.context.user.pk@call",
        ]
    );
}

#[test]
fn a_request_through_a_function_that_is_handed_the_whole_address_spends() {
    let script = "const CHAT = 'https://api.openai.com/v1/chat/completions';\nasync function withRetries(url: string, options: RequestInit) {\n  for (;;) {\n    const answer = await fetch(url, { ...options });\n    if (answer.ok) return answer;\n  }\n}\nexport async function POST() {\n  await withRetries('https://example.com/a', { method: 'POST' });\n  return withRetries(CHAT, { method: 'POST' });\n}\n";
    let ws = memory(&[("app/api/a/route.ts", script)]);
    assert_eq!(
        lines(&ws, &["frameworks/nextjs-app", "providers/openai"]),
        ["app/api/a/route.ts:10 withRetries app/api/a/route.ts#POST -@none"]
    );
    let python = |answer: &str| {
        let text = format!(
            "import requests\n\nclass Api:\n    def _post(self, url, body):\n        answer = requests.post(url, json=body)\n        return {answer}\n\n    def ask(self):\n        return self._post('https://api.openai.com/v1/chat/completions', {{}})\n"
        );
        lines(&memory(&[("app/api.py", &text)]), &["frameworks/fastapi", "providers/openai"])
    };
    assert_eq!(python("answer"), ["app/api.py:9 self._post - -@none (shown)"]);
    assert!(python("answer.json()['text']").is_empty(), "what it gives back says nothing of the answer");
}

#[test]
fn a_view_set_is_one_however_its_module_is_imported() {
    for (import, base) in [
        ("from rest_framework import viewsets", "viewsets.ModelViewSet"),
        ("from rest_framework.viewsets import ModelViewSet", "ModelViewSet"),
        ("import rest_framework.viewsets", "rest_framework.viewsets.ModelViewSet"),
    ] {
        let text = format!(
            "{import}\nfrom openai import OpenAI\n\nclient = OpenAI()\n\nclass Notes({base}):\n    def create(self, request):\n        client.responses.create()\n"
        );
        let ws = memory(&[("app/views.py", &text)]);
        let found = lines(&ws, &["frameworks/django", "frameworks/drf", "providers/openai"]);
        assert_eq!(found, ["app/views.py:8 client.responses.create app/views.py#Notes.create -@none"]);
    }
}

const FASTIFY: &[&str] = &["frameworks/fastify", "auth/jwt-custom", "providers/openai"];

#[test]
fn a_public_route_beside_guarded_ones_has_no_user() {
    let ws = memory(&[
        (
            "plugins/jwt.js",
            "module.exports = async (fastify) => {\n  fastify.decorate('signedIn', async (request) => {\n    await request.jwtVerify();\n  });\n};\n",
        ),
        (
            "routes/a.js",
            "const OpenAI = require('openai');\nconst ai = new OpenAI();\nasync function own(request) {\n  await ai.responses.create({ user: request.user.user_id });\n}\nasync function open(request) {\n  await ai.responses.create({});\n}\nmodule.exports = async (fastify) => {\n  fastify.post('/own', { onRequest: [fastify.signedIn] }, own);\n  fastify.post('/open', open);\n};\n",
        ),
    ]);
    assert_eq!(
        lines(&ws, FASTIFY),
        [
            "routes/a.js:4 ai.responses.create routes/a.js#own request.user.user_id@call",
            "routes/a.js:7 ai.responses.create routes/a.js#open -@none",
        ]
    );
    let catalog = Catalog::embedded().unwrap();
    let program = Program::new(&ws);
    let app = app(FASTIFY);
    let cx = Cx::new(&program, &catalog, &app);
    let Detail::Billable(own) = &billables(&cx)[0].detail else { unreachable!() };
    assert!(!own.plan.identity.as_ref().unwrap().nullable, "the guard put on the framework counts");
}

#[test]
fn guards_above_the_router_count() {
    let ws = memory(&[
        (
            "auth.js",
            "const jwt = require('jsonwebtoken');\nexports.signedIn = (req, res, next) => { req.user = { id: jwt.verify(req.get('a'), 's').sub }; next(); };",
        ),
        (
            "routes.js",
            "const { Router } = require('express');\nconst OpenAI = require('openai');\nconst ai = new OpenAI();\nconst router = Router();\nrouter.post('/draft', async (req, res) => {\n  res.json(await ai.responses.create({ user: req.user.id }));\n});\nmodule.exports = router;",
        ),
        (
            "app.js",
            "const express = require('express');\nconst { signedIn } = require('./auth');\nconst routes = require('./routes');\nconst app = express();\napp.use('/api', signedIn);\napp.use('/api/drafts', routes);\n",
        ),
    ]);
    let catalog = Catalog::embedded().unwrap();
    let program = Program::new(&ws);
    let app = app(EXPRESS);
    let cx = Cx::new(&program, &catalog, &app);
    let Detail::Billable(paid) = &billables(&cx)[0].detail else { unreachable!() };
    assert!(!paid.plan.identity.as_ref().unwrap().nullable, "{:?}", paid.plan.identity);
}

/// What is selected and what each covered call is covered by.
fn settled(workspace: &Workspace, picked: &[&str]) -> Vec<String> {
    let catalog = Catalog::embedded().unwrap();
    let program = Program::new(workspace);
    let app = app(picked);
    let cx = Cx::new(&program, &catalog, &app);
    let line = |site: &Site| {
        let Detail::Billable(b) = &site.detail else { unreachable!() };
        let covered = b.covered_by.as_ref().map(|id| format!(" covered by {id}")).unwrap_or_default();
        format!("{} {}{covered}", site.line, if site.selected { "selected" } else { "shown" })
    };
    billables(&cx).iter().map(line).collect()
}

/// A graph whose node calls the model, run by a route; `node` and `route` are the bodies that differ.
fn graph(node: &str, call: &str) -> Workspace {
    let text = format!(
        "import jwt
from fastapi import Depends, FastAPI
from langchain_openai import ChatOpenAI
from langgraph.graph import StateGraph

app = FastAPI()
llm = ChatOpenAI()

def current_user_id(token: str) -> str:
    return jwt.decode(token, 's')['sub']

{node}

builder = StateGraph(dict)
builder.add_node('chat', chat)
graph = builder.compile()

@app.post('/ask')
async def ask(text: str{call}
"
    );
    memory(&[("main.py", &text)])
}

const GRAPH: &[&str] = &["frameworks/fastapi", "auth/jwt-custom", "providers/langchain"];

#[test]
fn a_run_of_a_graph_is_billed_where_the_payer_is_known_and_its_model_call_is_covered() {
    let node = "async def chat(state):\n    return await llm.ainvoke(state['text'])";
    let known = graph(
        node,
        ", user_id: str = Depends(current_user_id)):\n    return await graph.ainvoke({'text': text})",
    );
    assert_eq!(settled(&known, GRAPH), ["13 shown covered by billable:main.py#ask:0", "21 selected"]);
    // With nobody to charge anywhere, the call nearest to the money is the one to look at.
    let unknown = graph(node, "):\n    return await graph.ainvoke({'text': text})");
    assert_eq!(settled(&unknown, GRAPH), ["13 shown", "21 shown covered by billable:main.py#chat:0"]);
}

#[test]
fn a_function_that_spends_and_calls_another_that_spends_makes_two_spends() {
    let ws = memory(&[(
        "main.py",
        "import jwt\nfrom fastapi import Depends, FastAPI\nfrom openai import OpenAI\n\napp = FastAPI()\nclient = OpenAI()\n\ndef current_user_id(token: str) -> str:\n    return jwt.decode(token, 's')['sub']\n\ndef title(user_id, text):\n    return client.responses.create(model='m', input=text)\n\n@app.post('/ask')\ndef ask(text: str, user_id: str = Depends(current_user_id)):\n    answer = client.responses.create(model='m', input=text)\n    return answer, title(user_id, text)\n",
    )]);
    assert_eq!(settled(&ws, FASTAPI), ["12 selected", "16 selected"]);
}

#[test]
fn a_shared_wrapper_counts_once_whoever_calls_it() {
    let ws = memory(&[(
        "main.py",
        "import jwt\nfrom fastapi import Depends, FastAPI\nfrom openai import OpenAI\n\napp = FastAPI()\nclient = OpenAI()\n\ndef current_user_id(token: str) -> str:\n    return jwt.decode(token, 's')['sub']\n\ndef complete(user_id, text):\n    return client.responses.create(model='m', input=text)\n\n@app.post('/a')\ndef a(text: str, user_id: str = Depends(current_user_id)):\n    return complete(user_id, text)\n\n@app.post('/b')\ndef b(text: str, user_id: str = Depends(current_user_id)):\n    return complete(user_id, text)\n",
    )]);
    assert_eq!(settled(&ws, FASTAPI), ["12 selected"]);
}

const OWNERS: &[&str] = &["frameworks/fastify", "auth/jwt-custom", "orm/prisma", "providers/openai"];
const SHOPS: &str = "model User {\n  id Int @id\n  email String\n}\n\nmodel Shop {\n  id String @id\n  keeperId Int\n  keeper User @relation(fields: [keeperId], references: [id])\n}\n\nmodel Note {\n  id String @id\n}\n";

#[test]
fn where_visitors_spend_the_owner_of_the_loaded_record_pays() {
    let ws = memory(&[
        ("prisma/schema.prisma", SHOPS),
        (
            "routes/a.js",
            "const OpenAI = require('openai');\nconst { PrismaClient } = require('@prisma/client');\nconst ai = new OpenAI();\nconst prisma = new PrismaClient();\nconst shopOf = (id) => prisma.shop.findUnique({ where: { id } });\nasync function ask(request) {\n  const shop = await shopOf(request.params.id);\n  if (!shop) return null;\n  return ai.responses.create({ input: request.body.userId });\n}\nasync function note(request) {\n  const note = await prisma.note.findUnique({ where: { id: request.params.id } });\n  return ai.responses.create({ input: note.text });\n}\nmodule.exports = async (fastify) => {\n  fastify.post('/ask', ask);\n  fastify.post('/note', note);\n};\n",
        ),
    ]);
    assert_eq!(
        lines(&ws, OWNERS),
        [
            "routes/a.js:9 ai.responses.create routes/a.js#ask shop.keeperId@call",
            "routes/a.js:13 ai.responses.create routes/a.js#note -@none",
        ]
    );
}

#[test]
fn a_record_that_the_request_has_just_made_says_nothing_of_the_payer() {
    let seen = |made: &str| {
        let code = format!(
            "const OpenAI = require('openai');\nconst {{ PrismaClient }} = require('@prisma/client');\nconst ai = new OpenAI();\nconst prisma = new PrismaClient();\nconst open = (id, keeperId) => prisma.shop.create({{ data: {{ id, keeperId }} }});\nasync function ask(request) {{\n  const id = request.params.id;\n  {made}\n  const shop = await prisma.shop.findUnique({{ where: {{ id }} }});\n  if (!shop) return null;\n  return ai.responses.create({{ input: 'x' }});\n}}\nmodule.exports = async (fastify) => {{\n  fastify.post('/ask', ask);\n}};\n"
        );
        let ws = memory(&[("prisma/schema.prisma", SHOPS), ("routes/a.js", code.as_str())]);
        lines(&ws, OWNERS).join("\n")
    };
    let of = |payer: &str| format!("routes/a.js:11 ai.responses.create routes/a.js#ask {payer}");
    assert_eq!(seen("const now = 1;"), of("shop.keeperId@call"));
    assert_eq!(
        seen("await prisma.shop.create({ data: { id, keeperId: request.body.keeper } });"),
        of("-@none")
    );
    assert_eq!(seen("await open(id, request.body.keeper);"), of("-@none"));
}

#[test]
fn a_bot_answers_in_the_function_that_knows_the_owner() {
    let ws = memory(&[
        ("prisma/schema.prisma", SHOPS),
        (
            "answer.js",
            "const OpenAI = require('openai');\nconst { PrismaClient } = require('@prisma/client');\nconst ai = new OpenAI();\nconst prisma = new PrismaClient();\nexports.answer = async (shopId, user_id, text) => {\n  const shop = await prisma.shop.findUniqueOrThrow({ where: { id: shopId } });\n  return ai.responses.create({ input: text });\n};\n",
        ),
        (
            "bot.js",
            "const { Bot } = require('grammy');\nconst { answer } = require('./answer');\nexports.start = (shopId, token) => {\n  const bot = new Bot(token);\n  bot.on('message:text', async (ctx) => ctx.reply(await answer(shopId, ctx.from.id, ctx.message.text)));\n};\n",
        ),
    ]);
    assert_eq!(
        lines(&ws, &[OWNERS, &["workers/grammy"]].concat()),
        ["answer.js:7 ai.responses.create answer.js#answer shop.keeperId@call"]
    );
}

#[test]
fn whoever_puts_a_job_into_a_queue_reaches_what_it_spends() {
    let ws = memory(&[
        (
            "app/tasks.py",
            "from celery import shared_task\nfrom openai import OpenAI\n\nclient = OpenAI()\n\n@shared_task\ndef draw(text):\n    client.images.generate()\n\n@shared_task\ndef speak(text):\n    client.audio.speech.create()\n\n@shared_task\ndef unused(text):\n    client.images.generate()\n",
        ),
        (
            "app/main.py",
            "from fastapi import FastAPI\nfrom app.tasks import draw\nfrom app.queue import queue\n\napp = FastAPI()\n\n@app.post('/draw')\ndef start(text: str):\n    draw.delay(text)\n\n@app.post('/speak')\ndef later(text: str):\n    queue.send_task('app.tasks.speak', args=[text])\n",
        ),
    ]);
    assert_eq!(
        lines(&ws, &[FASTAPI, &["workers/celery"]].concat()),
        [
            "app/tasks.py:8 client.images.generate app/main.py#start -@none",
            "app/tasks.py:12 client.audio.speech.create app/main.py#later -@none",
            "app/tasks.py:16 client.images.generate - -@none (shown)",
        ]
    );
    let ws = memory(&[
        (
            "queue.ts",
            "import { Queue, Worker, Job } from 'bullmq';\nimport OpenAI from 'openai';\nconst ai = new OpenAI();\nexport const films = new Queue('films');\nexport const other = new Queue('other');\nnew Worker('films', async (job: Job) => ai.images.generate({ prompt: job.data }));\n",
        ),
        (
            "routes.ts",
            "import express from 'express';\nimport { films, other } from './queue';\nconst app = express();\napp.post('/other', async (req, res) => { await other.add('x', {}); res.end(); });\napp.post('/film', async (req, res) => { await films.add('x', {}); res.end(); });\n",
        ),
    ]);
    assert_eq!(
        lines(&ws, &[EXPRESS, &["workers/bullmq"]].concat()),
        ["queue.ts:6 ai.images.generate routes.ts#POST /film -@none"]
    );
}

#[test]
fn an_own_function_that_makes_the_request_is_a_client() {
    let ws = memory(&[(
        "app/api/a/route.ts",
        "const base = () => `https://api.openai.com/v1`;\nasync function request(path: string, { method }: { method: string }) {\n  return fetch(`${base()}${path}`, { method });\n}\nexport async function POST() {\n  await request('/models', { method: 'GET' });\n  return request('/chat/completions', { method: 'POST' });\n}\n",
    )]);
    assert_eq!(lines(&ws, NEXT), ["app/api/a/route.ts:7 request app/api/a/route.ts#POST -@none"]);
}

#[test]
fn a_signed_in_object_has_only_the_members_that_the_app_declares() {
    let user = |members: &str| {
        let ws = memory(&[(
            "app.py",
            &format!(
                "from flask import Flask\nfrom flask_login import UserMixin, current_user, login_required\nfrom openai import OpenAI\n\napp = Flask(__name__)\nclient = OpenAI()\n\nclass User(UserMixin):\n    id = 1\n{members}\n@app.post('/ask')\n@login_required\ndef ask():\n    return client.responses.create(model='m', input='x').output_text\n"
            ),
        )]);
        let catalog = Catalog::embedded().unwrap();
        let program = Program::new(&ws);
        let app = app(&["frameworks/flask", "auth/flask-login", "providers/openai"]);
        let cx = Cx::new(&program, &catalog, &app);
        let Detail::Billable(paid) = &billables(&cx)[0].detail else { unreachable!() };
        let identity = paid.plan.identity.clone().unwrap();
        (identity.email, identity.name)
    };
    assert_eq!(user(""), (None, None));
    assert_eq!(user("    email = ''\n"), (Some("current_user.email".to_owned()), None));
    assert_eq!(
        user("\nclass Shop(Base):\n    name = ''\n    email = ''\n"),
        (None, None),
        "a shop is no user"
    );
}

const JOBS: &[&str] = &["frameworks/express", "auth/jwt-custom", "providers/openai", "workers/bullmq"];
const GUARD: (&str, &str) = (
    "auth.js",
    "const jwt = require('jsonwebtoken');\nexports.requireAuth = (req, res, next) => { req.user = jwt.verify(req.get('a'), 's'); next(); };",
);

/// A queue, its worker, and a route that puts a job into it.
fn queue(worker: &str, jobs: &str) -> Workspace {
    let routes = format!(
        "const app = require('express')();\nconst {{ queue }} = require('./queue');\nconst {{ requireAuth }} = require('./auth');\n{jobs}\n"
    );
    let worker = format!(
        "const {{ Worker }} = require('bullmq');\nconst OpenAI = require('openai');\nconst ai = new OpenAI();\n{worker}\n"
    );
    memory(&[
        GUARD,
        ("queue.js", "const { Queue } = require('bullmq');\nexports.queue = new Queue('ask');"),
        ("app.js", &routes),
        ("worker.js", &worker),
    ])
}

#[test]
fn the_payer_of_a_job_is_in_its_payload() {
    let add = "app.post('/ask', requireAuth, async (req, res) => {\n  await queue.add('ask', { owner: req.user.id, text: req.body.text });\n});";
    for (worker, payer) in [
        (
            "new Worker('ask', async (job) => {\n  await ai.responses.create({ input: job.data.text });\n});",
            "job.data.owner",
        ),
        (
            "new Worker('ask', async ({ data: { owner, text } }) => {\n  await ai.responses.create({ input: text });\n});",
            "owner",
        ),
        (
            "const work = async (who, text) => ai.responses.create({ input: text });\nnew Worker('ask', async (job) => {\n  const { owner, text } = job.data;\n  await work(owner, text);\n});",
            "who",
        ),
    ] {
        let found = lines(&queue(worker, add), JOBS);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with(&format!(" {payer}@call")), "{payer}: {found:?}");
    }
}

/// A module of a framework with decorators: a service that fills two queues, and a class that works for one of them.
fn decorated_queue(add: &str) -> Workspace {
    let jobs = format!(
        "import {{ Injectable }} from '@nestjs/common';\nimport {{ InjectQueue }} from '@nestjs/bull';\nimport type {{ Queue }} from 'bull';\n@Injectable()\nexport class Jobs {{\n  constructor(@InjectQueue('mail') private readonly mail: Queue, @InjectQueue('ask') private readonly asks: Queue) {{}}\n  greet(to: string) {{ return this.mail.add('draw', {{ to }}); }}\n  count(to: string) {{ return this.asks.add('count', {{ to }}); }}\n  ask(data: {{ owner: string; text: string }}) {{ return this.asks.add('draw', {add}); }}\n}}\n"
    );
    memory(&[
        ("jobs.ts", &jobs),
        (
            "asks.controller.ts",
            "import { Body, Controller, Post, Req, UseGuards } from '@nestjs/common';\nimport { AuthGuard } from '@nestjs/passport';\nimport { Jobs } from './jobs';\n@Controller('asks')\n@UseGuards(AuthGuard('jwt'))\nexport class AsksController {\n  constructor(private readonly jobs: Jobs) {}\n  @Post()\n  async ask(@Body() body: { text: string }, @Req() req) {\n    await this.jobs.ask({ owner: req.user.id, text: body.text });\n  }\n}\n",
        ),
        (
            "asks.processor.ts",
            "import { Processor, Process } from '@nestjs/bull';\nimport type { Job } from 'bull';\nimport OpenAI from 'openai';\nconst ai = new OpenAI();\n@Processor('ask')\nexport class Asks {\n  @Process('draw')\n  async draw(job: Job) {\n    const { text, owner } = job.data;\n    return ai.responses.create({ model: 'm', input: text + owner });\n  }\n}\n",
        ),
        (
            "jwt.strategy.ts",
            "import { PassportStrategy } from '@nestjs/passport';\nimport { Strategy } from 'passport-jwt';\nexport class JwtStrategy extends PassportStrategy(Strategy) {\n  async validate(payload: { sub: string }) { return { id: payload.sub }; }\n}\n",
        ),
    ])
}

#[test]
fn a_class_that_works_for_a_queue_is_called_by_what_fills_it() {
    let picked = &["frameworks/nestjs", "auth/passport", "providers/openai", "workers/bullmq"];
    let found = lines(&decorated_queue("data"), picked);
    assert!(matches!(found.as_slice(), [one] if one.ends_with(" job.data.owner@call")), "{found:?}");
    let found = lines(&decorated_queue("{ text: data.text, owner: data.owner }"), picked);
    assert!(matches!(found.as_slice(), [one] if one.ends_with(" job.data.owner@call")), "{found:?}");
    let found = lines(&decorated_queue("{ text: data.text }"), picked);
    assert!(matches!(found.as_slice(), [one] if !one.contains("@call")), "{found:?}");
}

#[test]
fn a_payload_that_somebody_fills_from_the_request_names_no_payer() {
    let worker =
        "new Worker('ask', async (job) => {\n  await ai.responses.create({ input: job.data.text });\n});";
    let mine = "app.post('/ask', requireAuth, async (req, res) => {\n  await queue.add('ask', { owner: req.user.id });\n});";
    for other in ["{ owner: req.body.owner }", "{ owner: 'everybody' }", "{ text: 'x' }"] {
        let jobs = format!(
            "{mine}\napp.post('/any', async (req, res) => {{\n  await queue.add('ask', {other});\n}});"
        );
        let found = lines(&queue(worker, &jobs), JOBS);
        assert!(found[0].ends_with(" req.user.id@entry"), "{other}: {found:?}");
    }
}

#[test]
fn arguments_of_a_task_are_packed_or_not() {
    const CELERY: &[&str] = &["frameworks/fastapi", "auth/jwt-custom", "providers/openai", "workers/celery"];
    for call in [
        "ask.delay(user_id, 'x')",
        "ask.apply_async((user_id, 'x'))",
        "ask.apply_async(args=[user_id, 'x'], countdown=3)",
        "ask.apply_async(kwargs={'owner': user_id, 'text': 'x'})",
        "celery.send_task('tasks.ask', args=[user_id, 'x'])",
    ] {
        let main = format!(
            "from fastapi import Depends, FastAPI\nfrom auth import current_user_id\nfrom tasks import ask, celery\napp = FastAPI()\n@app.post('/a')\ndef a(user_id: str = Depends(current_user_id)):\n    {call}\n"
        );
        let ws = memory(&[
            (
                "auth.py",
                "import jwt\ndef current_user_id(token: str) -> str:\n    return jwt.decode(token, 's')['sub']\n",
            ),
            (
                "tasks.py",
                "from celery import Celery\nfrom openai import OpenAI\ncelery = Celery()\nclient = OpenAI()\n@celery.task(bind=True)\ndef ask(self, owner, text):\n    return client.responses.create(model='m', input=text)\n",
            ),
            ("main.py", &main),
        ]);
        assert_eq!(lines(&ws, CELERY), ["tasks.py:7 client.responses.create main.py#a owner@call"], "{call}");
    }
}

#[test]
fn a_route_on_a_router_that_nothing_mounts_is_dead() {
    let dead = "const { Router } = require('express');\nconst OpenAI = require('openai');\nconst { requireAuth } = require('./auth');\nconst ai = new OpenAI();\nconst router = Router();\nrouter.post('/', requireAuth, async (req, res) => res.json(await ai.responses.create({ input: req.user.id })));\nmodule.exports = router;\n";
    let found = |app: &str| lines(&memory(&[GUARD, ("old.js", dead), ("app.js", app)]), EXPRESS);
    let line = "old.js:6 ai.responses.create old.js#POST / req.user.id@call";
    assert_eq!(found("const app = require('express')();\napp.listen(1);"), [format!("{line} (shown)")]);
    assert_eq!(found("const app = require('express')();\napp.use('/old', require('./old'));"), [line]);
    // Routers found by their folder have no import.
    assert_eq!(
        found("const app = require('express')();\nfor (const f of fs.readdirSync('.')) app.use(require(f));"),
        [line]
    );
    let python = "from fastapi import APIRouter, Depends\nfrom openai import OpenAI\nfrom auth import current_user_id\nrouter = APIRouter()\nclient = OpenAI()\n@router.post('/a')\ndef a(user_id: str = Depends(current_user_id)):\n    return client.responses.create(model='m', input='x')\n";
    let auth =
        "import jwt\ndef current_user_id(token: str) -> str:\n    return jwt.decode(token, 's')['sub']\n";
    let found = |main: &str| {
        lines(&memory(&[("auth.py", auth), ("routers/old.py", python), ("main.py", main)]), FASTAPI)
    };
    let line = "routers/old.py:8 client.responses.create routers/old.py#a user_id@call";
    assert_eq!(found("from fastapi import FastAPI\napp = FastAPI()\n"), [format!("{line} (shown)")]);
    assert_eq!(
        found(
            "from fastapi import FastAPI\nfrom routers import old\napp = FastAPI()\napp.include_router(old.router)\n"
        ),
        [line]
    );
}

#[test]
fn a_list_of_records_belongs_to_nobody() {
    let db = "import { pgTable, text } from 'drizzle-orm/pg-core';\nexport const users = pgTable('users', { id: text('id').primaryKey() });\nexport const bots = pgTable('bots', { id: text('id').primaryKey(), userId: text('user_id').notNull().references(() => users.id) });\n";
    let route = |load: &str| {
        format!(
            "import OpenAI from 'openai';\nimport {{ db, bots }} from '../../../db';\nconst ai = new OpenAI();\nexport async function POST() {{\n  const {load} = await db.select().from(bots);\n  return Response.json(await ai.responses.create({{ input: 'x' }}));\n}}\n"
        )
    };
    let seen = |load: &str| {
        let route = route(load);
        let ws = memory(&[("db.ts", db), ("app/api/a/route.ts", &route)]);
        lines(&ws, &[NEXT, &["orm/drizzle"]].concat()).remove(0)
    };
    assert!(seen("all").contains(" -@none"), "{}", seen("all"));
    assert!(seen("[bot]").contains(" bot.userId@call"), "{}", seen("[bot]"));
}

#[test]
fn an_address_is_put_together_as_the_code_does() {
    let base = "const HOST = 'https://api.openai.com';\nconst V1 = `${HOST}/v1`;\nconst paths = { chat: '/chat/completions' };\n";
    for call in [
        "fetch(V1 + paths.chat, { method: 'POST' })",
        "fetch(new URL('/v1/chat/completions', HOST), { method: 'POST' })",
        "axios.create({ baseURL: V1 }).post('/chat/completions')",
    ] {
        let text =
            format!("{base}export async function POST() {{\n  return Response.json(await {call});\n}}\n");
        let found = lines(&memory(&[("app/api/a/route.ts", &text)]), NEXT);
        assert_eq!(found.len(), 1, "{call}: {found:?}");
    }
    let polled =
        format!("{base}export async function GET() {{\n  return fetch(`${{V1}}/chat/completions`);\n}}\n");
    assert_eq!(lines(&memory(&[("app/api/a/route.ts", &polled)]), NEXT), [""; 0]);
}

#[test]
fn a_python_client_knows_where_its_addresses_begin() {
    let text = "import httpx\nfrom fastapi import FastAPI\napp = FastAPI()\nPATH = '/images/{what}'\n@app.post('/a')\nasync def a():\n    async with httpx.AsyncClient(base_url='https://api.openai.com/v1') as client:\n        await client.get('/models')\n        await client.post(PATH.format(what='edits'))\n";
    assert_eq!(lines(&memory(&[("main.py", text)]), FASTAPI), ["main.py:9 client.post main.py#a -@none"]);
}

#[test]
fn a_client_and_a_user_come_through_dependencies_of_dependencies() {
    let deps = "from typing import Annotated\nimport jwt\nfrom fastapi import Depends\nfrom openai import OpenAI\nclass User:\n    id: str\ndef claims(token: str) -> dict:\n    return jwt.decode(token, 's')\ndef user(c: Annotated[dict, Depends(claims)]) -> User:\n    return User()\ndef member(u: Annotated[User, Depends(user)]) -> User:\n    return u\ndef client() -> OpenAI:\n    return OpenAI()\nMember = Annotated[User, Depends(member)]\n";
    for (parameters, payer) in [
        ("who: Member, ai: Annotated[OpenAI, Depends(client)]", "who.id"),
        ("who: Annotated[User, Depends(member)], ai=Depends(client)", "who.id"),
        ("ai: OpenAI = Depends(client)", "-"),
    ] {
        let main = format!(
            "from typing import Annotated\nfrom fastapi import Depends, FastAPI\nfrom openai import OpenAI\nfrom deps import Member, User, client, member\napp = FastAPI()\n@app.post('/a')\ndef a({parameters}):\n    return ai.responses.create(model='m', input='x')\n"
        );
        let found = lines(&memory(&[("deps.py", deps), ("main.py", &main)]), FASTAPI);
        assert_eq!(found.len(), 1, "{parameters}");
        assert!(found[0].contains(&format!("main.py#a {payer}@")), "{parameters}: {found:?}");
    }
}

#[test]
fn a_header_that_is_handed_down_names_no_payer() {
    for header in ["user_id: Annotated[str, Header()]", "user_id: str = Header()", "user_id: str"] {
        let main = format!(
            "from typing import Annotated\nfrom fastapi import Depends, FastAPI, Header\nfrom auth import current_user_id\nfrom ai import ask\napp = FastAPI()\n@app.post('/a')\ndef a(user_id: str = Depends(current_user_id)):\n    return ask(user_id)\n@app.post('/b')\ndef b({header}):\n    return ask(user_id)\n"
        );
        let ws = memory(&[
            (
                "auth.py",
                "import jwt\ndef current_user_id(token: str) -> str:\n    return jwt.decode(token, 's')['sub']\n",
            ),
            (
                "ai.py",
                "from openai import OpenAI\nclient = OpenAI()\ndef ask(who):\n    return client.responses.create(model='m', input='x')\n",
            ),
            ("main.py", &main),
        ]);
        assert_eq!(
            lines(&ws, FASTAPI),
            ["ai.py:4 client.responses.create main.py#a user_id@entry"],
            "{header}"
        );
    }
}

#[test]
fn a_tool_is_reached_through_the_call_that_is_given_it() {
    let ws = memory(&[
        ("auth.ts", "import NextAuth from 'next-auth';\nexport const { auth } = NextAuth({ adapter });"),
        (
            "tool.ts",
            "import { generateText, tool } from 'ai';\nexport const sum = tool({ execute: async ({ text }) => generateText({ prompt: text }) });",
        ),
        (
            "app/api/a/route.ts",
            "import { streamText } from 'ai';\nimport { auth } from '../../../auth';\nimport { sum } from '../../../tool';\nexport async function POST() {\n  const session = await auth();\n  if (!session?.user?.id) return new Response(null, { status: 401 });\n  return streamText({ tools: { sum } }).toTextStreamResponse();\n}",
        ),
    ]);
    assert!(
        lines(&ws, NEXT)
            .contains(&"tool.ts:2 generateText app/api/a/route.ts#POST session.user.id@entry".to_owned()),
        "{:?}",
        lines(&ws, NEXT)
    );
}

#[test]
fn an_id_on_the_request_counts_when_the_check_puts_it_there() {
    let app = "const app = require('express')();\nconst OpenAI = require('openai');\nconst { requireAuth } = require('./auth');\nconst ai = new OpenAI();\napp.post('/ask', requireAuth, async (req, res) => {\n  res.json(await ai.responses.create({ input: req.userId }));\n});";
    let found = |auth: &str| lines(&memory(&[("auth.js", auth), ("app.js", app)]), EXPRESS).remove(0);
    let set = GUARD.1.replace("req.user =", "req.userId =");
    assert!(found(&set).ends_with(" req.userId@call"), "{}", found(&set));
    assert!(!found(GUARD.1).contains("req.userId"), "{}", found(GUARD.1));
}

#[test]
fn a_model_says_who_is_paid_where_any_can_be_used() {
    let ws = memory(&[(
        "app/api/a/route.ts",
        "import { generateText } from 'ai';\nimport { createOpenAI, openai } from '@ai-sdk/openai';\nconst other = createOpenAI({ baseURL: 'https://models.example.com/v1' });\nimport { anthropic } from '@ai-sdk/anthropic';\nconst small = openai('gpt-5-nano');\nexport async function POST(req) {\n  await generateText({ model: openai.chat('gpt-5'), prompt: 'a' });\n  await generateText({ model: small, prompt: 'b' });\n  await generateText({ model: req.fast ? openai('gpt-5') : anthropic('claude'), prompt: 'c' });\n  await generateText({ model: other('gpt-5'), prompt: 'd' });\n  await generateText({ model: createOpenAI({ baseURL: env.OPENAI_BASE_URL })('gpt-5'), prompt: 'e' });\n  await generateText({ model: createOpenAI({ baseURL: env.MODELS_URL })('gpt-5'), prompt: 'f' });\n  await generateText({ model: openai(process.env.MODEL || 'gpt-5'), prompt: 'g' });\n}",
    )]);
    let catalog = Catalog::embedded().unwrap();
    let program = Program::new(&ws);
    let app = app(NEXT);
    let cx = Cx::new(&program, &catalog, &app);
    let sites = billables(&cx);
    let made: Vec<_> = sites
        .iter()
        .map(|site| {
            let Detail::Billable(b) = &site.detail else { unreachable!() };
            let paid_to = match &b.plan.paid_to {
                PaidTo::Entry(id) => Some(id.as_str()),
                PaidTo::Provider | PaidTo::Unknown => None,
            };
            (paid_to, b.plan.model.as_deref())
        })
        .collect();
    let openai = Some("providers/openai");
    assert_eq!(made[..2], [(openai, Some("\"gpt-5\"")), (openai, Some("\"gpt-5-nano\""))]);
    assert_eq!(made[2].0, None, "it depends");
    assert_eq!(made[3], (None, Some("\"gpt-5\"")), "whoever answers at that address charges");
    assert_eq!(made[4].0, openai, "the setting says whose address it is");
    assert_eq!(made[5].0, None, "it may be anybody's");
    assert_eq!(made[6], (openai, None), "the setting may name another model");
}

/// The paid calls of a file, each with whether it is selected and the last that speaks for or against it.
fn judged(file: &str, text: &str, picked: &[&str]) -> Vec<(bool, String)> {
    let workspace = memory(&[(file, text)]);
    let (catalog, program) = (Catalog::embedded().unwrap(), Program::new(&workspace));
    let app = app(picked);
    let cx = Cx::new(&program, &catalog, &app);
    let judge = |site: Site| (site.selected, site.evidence.last().cloned().unwrap_or_default());
    billables(&cx).into_iter().map(judge).collect()
}

#[test]
fn a_client_that_is_assigned_is_of_the_users_key_when_each_choice_is() {
    let route = |other: &str| {
        format!(
            "import {{ generateText }} from 'ai';\nimport {{ createOpenAI }} from '@ai-sdk/openai';\nimport {{ auth }} from '@/auth';\nexport async function POST(req: Request) {{\n  const session = await auth();\n  if (!session?.user) return new Response(null, {{ status: 401 }});\n  const {{ apiKey, kind, model }} = await req.json();\n  let provider;\n  switch (kind) {{\n    case 'a':\n      provider = createOpenAI({{ apiKey }});\n      break;\n    default:\n      provider = createOpenAI({{ apiKey{other}, baseURL: 'https://b.example/v1' }});\n  }}\n  return Response.json(await generateText({{ model: provider.chat(model), prompt: session.user.id }}));\n}}"
        )
    };
    let seen = |other: &str| judged("app/api/a/route.ts", &route(other), NEXT);
    for (other, partly) in [("", false), (": process.env.KEY", true)] {
        let calls = seen(other);
        let [(false, why)] = calls.as_slice() else { panic!("{calls:?}") };
        assert!(why.contains("uses the user's own key"), "{why}");
        assert_eq!(why.contains("the app may pay"), partly, "{why}");
    }
    let own = route("").replace("{ apiKey", "{ apiKey: process.env.KEY");
    let calls = judged("app/api/a/route.ts", &own, NEXT);
    assert!(matches!(calls.as_slice(), [(true, _)]), "{calls:?}");
}

#[test]
fn a_client_of_the_users_key_in_either_branch_is_not_the_apps_in_python() {
    let main = |second: &str| {
        format!(
            "from fastapi import Depends, FastAPI\nfrom openai import OpenAI\nfrom pydantic import BaseModel\nfrom auth import current_user\n\napp = FastAPI()\n\n\nclass Ask(BaseModel):\n    api_key: str\n    fast: bool\n\n\n@app.post('/a')\ndef ask(body: Ask, user=Depends(current_user)):\n    if body.fast:\n        client = OpenAI(api_key=body.api_key)\n    else:\n        client = OpenAI(api_key={second}, base_url='https://b.example/v1')\n    return client.responses.create(model='m', input='x')\n"
        )
    };
    for (second, partly) in [("body.api_key", false), ("KEY", true)] {
        let calls = judged("main.py", &main(second), FASTAPI);
        let [(false, why)] = calls.as_slice() else { panic!("{calls:?}") };
        assert!(why.contains("uses the user's own key"), "{why}");
        assert_eq!(why.contains("the app may pay"), partly, "{why}");
    }
}

#[test]
fn a_client_that_may_be_an_object_of_the_apps_own_is_shown_with_the_reason() {
    let service = |other: &str| {
        format!(
            "from fastapi import FastAPI\n\napp = FastAPI()\n\n\nclass Own:\n    def __init__(self, key):\n        self.messages = self\n\n    def create(self, **asked):\n        return asked\n\n\nclass Service:\n    def __init__(self, key: str):\n        self.client = self._build(key)\n\n    def _build(self, key: str):\n        if key:\n            from anthropic import Anthropic\n\n            return Anthropic(api_key=key)\n        return {other}\n\n    def tell(self, text: str):\n        return self.client.messages.create(model='m', messages=[text])\n\n\nservice = Service(KEY)\n\n\n@app.post('/a')\ndef ask(text: str):\n    return service.tell(text)\n"
        )
    };
    let picked = &["frameworks/fastapi", "providers/anthropic"];
    let calls = judged("main.py", &service("Own(key)"), picked);
    let [(false, why)] = calls.as_slice() else { panic!("{calls:?}") };
    assert!(why.contains("may be `Own` (main.py:"), "{why}");
    let calls = judged("main.py", &service("None"), picked);
    assert!(matches!(calls.as_slice(), [(_, why)] if !why.contains("may be")), "{calls:?}");
}

#[test]
fn who_answers_at_the_address_of_a_client_is_paid() {
    let paid = |made: &str| {
        let route = format!(
            "import OpenAI, {{ AzureOpenAI }} from 'openai';\nconst ai = {made};\nexport async function POST() {{\n  return Response.json(await ai.chat.completions.create({{ model: 'm', messages: [] }}));\n}}"
        );
        let workspace = memory(&[("app/api/a/route.ts", &route)]);
        let (catalog, program) = (Catalog::embedded().unwrap(), Program::new(&workspace));
        let app = app(NEXT);
        let sites = billables(&Cx::new(&program, &catalog, &app));
        let [Site { detail: Detail::Billable(b), .. }] = sites.as_slice() else { panic!("{made}") };
        b.plan.paid_to.clone()
    };
    let at = |address: &str| paid(&format!("new OpenAI({{ baseURL: '{address}' }})"));
    let entry = |name: &str| PaidTo::Entry(format!("providers/{name}"));
    assert_eq!(at("https://generativelanguage.googleapis.com/v1beta/openai/"), entry("google"));
    assert_eq!(at("https://openrouter.ai/api/v1"), entry("openrouter"));
    assert_eq!(at("https://api.groq.com/openai/v1"), entry("groq"));
    assert_eq!(at("https://models.example.com/v1"), PaidTo::Unknown);
    assert_eq!(at("https://api.openai.com/v1"), PaidTo::Provider);
    assert_eq!(paid("new OpenAI({ baseURL: process.env.AI_URL })"), PaidTo::Provider);
    assert_eq!(paid("new AzureOpenAI({ apiVersion: 'v' })"), entry("azure"));
}

#[test]
fn a_client_that_is_kept_on_the_global_object_is_what_makes_it() {
    let kept = [
        "const g = globalThis as unknown as { c: OpenAI };\nexport const client = g.c ?? new OpenAI();\nif (dev) g.c = client;",
        "export const client = global.c || (global.c = new OpenAI());",
        "const g = globalThis as unknown as { c?: OpenAI };\nexport const client = (g.c ??= new OpenAI());",
        "const make = () => new OpenAI();\ndeclare const globalThis: { c: ReturnType<typeof make> } & typeof global;\nconst client = globalThis.c ?? make();\nexport { client };",
    ];
    for text in kept {
        let lib = format!("import OpenAI from 'openai';\n{text}\n");
        let route = "import { client } from '../../../lib/ai';\nexport async function POST() {\n  return Response.json(await client.chat.completions.create({ model: 'm', messages: [] }));\n}\n";
        let workspace = memory(&[("lib/ai.ts", &lib), ("app/api/a/route.ts", route)]);
        let found = lines(&workspace, NEXT);
        assert!(
            matches!(found.as_slice(), [one] if one.contains("client.chat.completions.create")),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_default_export_in_a_wrapper_that_vouches_is_a_handler_with_a_user() {
    let route = |wrapper: &str| {
        format!(
            "import {{ getSession, withApiAuthRequired }} from '@auth0/nextjs-auth0';\nimport OpenAI from 'openai';\nconst ai = new OpenAI();\nexport default {wrapper}(async function handler(req, res) {{\n  const {{ user }} = await getSession(req, res);\n  res.json(await ai.responses.create({{ input: req.body.q, user: user.sub }}));\n}});\n"
        )
    };
    let picked = &["frameworks/nextjs-pages", "auth/auth0", "providers/openai"];
    let found = |text: &str| lines(&memory(&[("pages/api/ask.js", text)]), picked).remove(0);
    let vouched = found(&route("withApiAuthRequired"));
    assert!(vouched.ends_with(" user.sub@call"), "{vouched}");
}

#[test]
fn a_user_whom_the_handler_itself_falls_back_from_may_be_missing() {
    let app = |ask: &str| {
        format!(
            "const app = require('express')();\nconst OpenAI = require('openai');\nconst {{ requireAuth }} = require('./auth');\nconst ai = new OpenAI();\napp.post('/ask', requireAuth, async (req, res) => {{\n  const owner = {ask};\n  res.json(await ai.responses.create({{ input: req.user.id, user: owner }}));\n}});"
        )
    };
    let may_be_missing = |ask: &str| {
        let (catalog, program) =
            (Catalog::embedded().unwrap(), Program::new(&memory(&[GUARD, ("app.js", &app(ask))])));
        let about = self::app(EXPRESS);
        let cx = Cx::new(&program, &catalog, &about);
        let Detail::Billable(billable) = &billables(&cx)[0].detail else { unreachable!() };
        let identity = billable.plan.identity.clone().unwrap();
        assert_eq!(identity.id, "req.user.id");
        identity.nullable
    };
    for sure in ["req.user.id", "req.user.id || req.user._id", "req.user.id || ''"] {
        assert!(!may_be_missing(sure), "{sure}");
    }
    assert!(may_be_missing("req.user?.id || req.session?.userId"));
}
