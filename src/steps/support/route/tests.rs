//! Where routes land, and what comes along with the session call, in small apps of one shape each.

use std::fmt::Write;

use crate::answers::Answers;
use crate::catalog::Catalog;
use crate::fingerprint::fingerprint;
use crate::resolve::Program;
use crate::sites;
use crate::steps::{Area, StepContext, all};
use crate::workspace::Workspace;

/// What the steps for the portal and the balance leave of an app: each file they touch outside of the generated modules,
/// and what is left to do. Planned again on their own result they add nothing.
fn routes(files: &[(&str, &str)]) -> String {
    let catalog = Catalog::embedded().unwrap();
    let mut workspace = Workspace::in_memory(files.iter().copied());
    let mut touched = std::collections::BTreeSet::new();
    let mut left = String::new();
    for area in [Area::Key, Area::Customer, Area::Portal, Area::Balance, Area::Portal, Area::Balance] {
        let found = fingerprint(&workspace, &catalog);
        let program = Program::new(&workspace);
        let sites = sites::find(&program, &catalog, &found);
        let answers = Answers::default();
        let cx = StepContext {
            workspace: &workspace,
            program: &program,
            catalog: &catalog,
            app: &found.apps[0],
            sites: &sites,
            answers: &answers,
            asked_for: false,
        };
        let plan = all().iter().find(|s| s.area() == area).unwrap().plan(&cx);
        let outcome = plan.changes.outcome(&workspace).unwrap();
        if let Err(problems) = outcome.check() {
            panic!("{}: {problems:#?}", area.id());
        }
        if matches!(area, Area::Portal | Area::Balance) {
            touched.extend(outcome.files().iter().map(|f| f.path().to_owned()));
            for todo in plan.todo.iter().filter(|todo| todo.unmet || todo.file.is_some()) {
                writeln!(left, "left: {todo}").unwrap();
            }
        }
        workspace = workspace.with_changes(outcome.changes());
    }
    let mut shown = String::new();
    for path in touched.iter().filter(|path| !path.contains("credyt/")) {
        let text = workspace.text_at(path).map(|t| t.as_str().to_owned()).unwrap_or_default();
        writeln!(shown, "=== {path}\n{text}").unwrap();
    }
    shown + &left
}

fn has(shown: &str, parts: &[&str]) {
    let mut rest = shown;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("no `{part}` (after those before it) in:\n{shown}")
        };
        rest = after;
    }
}

const NEXT: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "openai": "6", "@supabase/ssr": "1", "better-auth": "1"}}"#,
);
const TSCONFIG: (&str, &str) =
    ("tsconfig.json", r#"{"compilerOptions": {"paths": {"@/*": ["./*"]}}, "include": ["**/*.ts"]}"#);
const PAGE: (&str, &str) = ("app/page.tsx", "export default function Page() {\n  return <main />;\n}\n");

fn next(route: &str, more: &[(&str, &str)]) -> String {
    let chat = [("app/api/chat/route.ts", route)];
    let files: Vec<_> = [NEXT, TSCONFIG, PAGE].into_iter().chain(chat).chain(more.iter().copied()).collect();
    routes(&files)
}

#[test]
fn the_client_of_a_session_comes_along_with_its_import() {
    let server = (
        "lib/supabase/server.ts",
        "import { createServerClient } from \"@supabase/ssr\";\nimport { cookies } from \"next/headers\";\n\nexport async function createClient() {\n  const store = await cookies();\n  return createServerClient(\"u\", \"k\", { cookies: { getAll: () => store.getAll() } });\n}\n",
    );
    let shown = next(
        "import { createClient } from \"@/lib/supabase/server\";\n\nexport async function POST(request: Request) {\n  const supabase = await createClient();\n  const { data: { user } } = await supabase.auth.getUser();\n  if (!user) return new Response(null, { status: 401 });\n  return Response.json({ id: user.id, email: user.email });\n}\n",
        &[server],
    );
    has(
        &shown,
        &[
            "=== app/api/billing/portal/route.ts",
            "import { createClient } from ",
            "  const supabase = await createClient();\n  const { data: { user } } = await supabase.auth.getUser();\n  if (!user?.id) {",
        ],
    );
    assert!(!shown.contains("from \"\""), "{shown}");
}

#[test]
fn a_client_that_is_made_in_the_handler_comes_along_whole() {
    let shown = next(
        "import { createServerClient } from \"@supabase/ssr\";\nimport { cookies } from \"next/headers\";\n\nexport async function POST(request: Request) {\n  const store = await cookies();\n  const supabase = createServerClient(process.env.URL!, process.env.KEY!, {\n    cookies: { getAll: () => store.getAll() },\n  });\n  const { data: { user } } = await supabase.auth.getUser();\n  if (!user) return new Response(null, { status: 401 });\n  return Response.json({ id: user.id });\n}\n",
        &[],
    );
    has(
        &shown,
        &[
            "=== app/api/billing/portal/route.ts",
            "  const store = await cookies();\n  const supabase = createServerClient(process.env.URL!, process.env.KEY!, {\n    cookies: { getAll: () => store.getAll() },\n  });\n  const { data: { user } } = await supabase.auth.getUser();",
        ],
    );
    has(&shown, &["import { cookies } from \"next/headers\";"]);
}

const BETTER_AUTH: (&str, &str) = (
    "lib/auth.ts",
    "import { betterAuth } from \"better-auth\";\n\nexport const auth = betterAuth({ emailAndPassword: { enabled: true } });\n",
);

#[test]
fn the_names_of_a_session_call_are_not_those_of_the_route() {
    let shown = next(
        "import { headers } from \"next/headers\";\nimport { auth } from \"@/lib/auth\";\n\nexport async function POST(request: Request) {\n  const url = await headers();\n  const session = await auth.api.getSession({ headers: url });\n  if (!session) return new Response(null, { status: 401 });\n  return Response.json({ id: session.user.id });\n}\n",
        &[BETTER_AUTH],
    );
    has(
        &shown,
        &[
            "=== app/api/billing/portal/route.ts",
            "import { headers } from \"next/headers\";",
            "const url = await headers();",
            "let billingUrl: string;",
            "return Response.redirect(billingUrl, 303);",
        ],
    );
    assert!(!shown.contains("const { headers }"), "{shown}");
}

#[test]
fn a_session_call_that_reads_the_request_gets_it() {
    let shown = next(
        "import { auth } from \"@/lib/auth\";\n\nexport async function POST(req: Request) {\n  const session = await auth.api.getSession({ headers: req.headers });\n  if (!session) return new Response(null, { status: 401 });\n  return Response.json({ id: session.user.id });\n}\n",
        &[BETTER_AUTH],
    );
    has(&shown, &["=== app/api/billing/balance/route.ts", "GET(req: Request)", "headers: req.headers"]);
    has(&shown, &["=== app/api/billing/portal/route.ts", "GET(req: Request)", "req.headers.get(\"host\")"]);
}

#[test]
fn what_one_request_asks_for_names_nobody_in_another() {
    let package = (
        "package.json",
        r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "openai": "6", "next-auth": "5", "@prisma/client": "6"}}"#,
    );
    let data = (
        "lib/data.ts",
        "import { PrismaClient } from \"@prisma/client\";\nimport { auth } from \"@/auth\";\nexport const prisma = new PrismaClient();\nexport async function ownNote(id: string) {\n  const session = await auth();\n  if (!session?.user?.id) throw new Error(\"no\");\n  return prisma.note.findFirstOrThrow({ where: { id, userId: session.user.id } });\n}\n",
    );
    let auth = (
        "auth.ts",
        "import NextAuth from \"next-auth\";\nexport const { handlers, auth } = NextAuth({ providers: [], callbacks: { session({ session, token }) { session.user.id = token.sub; return session; } } });\n",
    );
    let route = "import OpenAI from \"openai\";\nimport { ownNote } from \"@/lib/data\";\n\nconst ai = new OpenAI();\n\nexport async function POST(request: Request) {\n  const body = await request.json();\n  const note = await ownNote(body.id);\n  const made = await ai.responses.create({ model: \"m\", input: note.text });\n  return Response.json({ text: made.output_text, by: note.userId });\n}\n";
    let files = [package, TSCONFIG, PAGE, auth, data, ("app/api/chat/route.ts", route)];
    let shown = routes(&files);
    assert!(!shown.contains("=== app/api/billing/portal/route.ts"), "{shown}");
    has(&shown, &["left: "]);
}

#[test]
fn a_page_that_shows_the_balance_already_shows_it_once() {
    let layout = (
        "components/header.tsx",
        "import { CreditBalance } from \"./credit-balance\";\n\nexport function Header() {\n  return (\n    <header>\n      <CreditBalance />\n      <button>Sign out</button>\n    </header>\n  );\n}\n",
    );
    let route = "import { createServerClient } from \"@supabase/ssr\";\n\nexport async function POST(request: Request) {\n  const supabase = createServerClient(\"u\", \"k\", {});\n  const { data: { user } } = await supabase.auth.getUser();\n  if (!user) return new Response(null, { status: 401 });\n  return Response.json({ id: user.id });\n}\n";
    let shown = next(route, &[layout]);
    has(&shown, &["=== components/credit-balance.tsx", "=== components/header.tsx", "<CreditBalance />"]);
    assert_eq!(shown.matches("<CreditBalance />").count(), 1, "{shown}");
}

#[test]
fn options_that_only_a_route_file_has_are_left_to_a_person() {
    let package = (
        "package.json",
        r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "openai": "6", "next-auth": "4"}}"#,
    );
    let route = (
        "app/api/chat/route.ts",
        "import { getServerSession } from \"next-auth\";\n\nconst options = { providers: [] };\n\nexport async function POST(request: Request) {\n  const session = await getServerSession(options);\n  if (!session?.user?.id) return new Response(null, { status: 401 });\n  return Response.json({ id: session.user.id });\n}\n",
    );
    let types = (
        "types/next-auth.d.ts",
        "declare module \"next-auth\" {\n  interface Session {\n    user: { id: string };\n  }\n}\n",
    );
    let shown = routes(&[package, TSCONFIG, PAGE, types, route]);
    assert!(!shown.contains("==="), "{shown}");
    has(&shown, &["left: ", "`options`, by which the signed-in user is known, is local to this file"]);
}

#[test]
fn a_session_without_an_id_is_not_an_app_that_knows_nobody() {
    let package = (
        "package.json",
        r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "openai": "6", "next-auth": "5"}}"#,
    );
    let auth = (
        "auth.ts",
        "import NextAuth from \"next-auth\";\nexport const { handlers, auth } = NextAuth({ session: { strategy: \"jwt\" }, providers: [] });\n",
    );
    let route = (
        "app/api/chat/route.ts",
        "import OpenAI from \"openai\";\nimport { auth } from \"@/auth\";\n\nconst ai = new OpenAI();\n\nexport async function POST(request: Request) {\n  const session = await auth();\n  if (!session?.user) return new Response(null, { status: 401 });\n  const r = await ai.responses.create({ model: \"m\", input: session.user.email });\n  return Response.json({ t: r.output_text });\n}\n",
    );
    let shown = routes(&[package, TSCONFIG, PAGE, auth, route]);
    assert!(!shown.contains("==="), "{shown}");
    for what in ["billing portal", "balance display"] {
        has(
            &shown,
            &[&format!(
                "left: app/api/chat/route.ts:9: add a route for {what}: `session.user.id` may be nobody's"
            )],
        );
    }
}

#[test]
fn a_list_of_routes_that_no_setting_names_is_told_with_its_place() {
    let shown = routes(&[
        ("requirements.txt", "django\nopenai\n"),
        ("manage.py", "import django\n"),
        ("site1/__init__.py", ""),
        ("site1/settings.py", "INSTALLED_APPS = [\"django.contrib.auth\"]\n"),
        (
            "site1/urls.py",
            "from django.urls import path\nfrom . import views\n\nurlpatterns = [path(\"a\", views.ask)]\n",
        ),
        (
            "site1/views.py",
            "from django.contrib.auth.decorators import login_required\nfrom django.http import JsonResponse\n\n\n@login_required\ndef ask(request):\n    return JsonResponse({\"id\": request.user.id})\n",
        ),
    ]);
    has(
        &shown,
        &["left: site1/urls.py:4: add a route for billing portal: ", "no setting `ROOT_URLCONF` names it"],
    );
}

#[test]
fn users_of_another_kind_than_the_portals_are_told_of() {
    let guard = |reads: &str| {
        format!(
            "const jwt = require('jsonwebtoken');\n\nfunction GUARD(req, res, next) {{\n  req.userId = jwt.verify({reads}, 's').sub;\n  next();\n}}\n\nmodule.exports = {{ GUARD }};\n"
        )
    };
    let cookie = guard("req.cookies.session").replace("GUARD", "byCookie");
    let header = guard("req.header('Authorization')").replace("GUARD", "byToken");
    let app = |paid: &str, other: &str| {
        format!(
            "const express = require('express');\nconst OpenAI = require('openai');\nconst {{ byCookie }} = require('./cookie');\nconst {{ byToken }} = require('./token');\n\nconst ai = new OpenAI();\nconst app = express();\napp.get('/me', {other}, (req, res) => res.json({{ id: req.userId }}));\napp.get('/us', {other}, (req, res) => res.json({{ id: req.userId }}));\napp.get('/it', {other}, (req, res) => res.json({{ id: req.userId }}));\napp.get('/all', {other}, (req, res) => res.json({{ id: req.userId }}));\napp.post('/ask', {paid}, async (req, res) => {{\n  const r = await ai.responses.create({{ model: 'm', input: req.userId }});\n  res.json(r);\n}});\napp.listen(3000);\n"
        )
    };
    let package = (
        "package.json",
        r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9"}}"#,
    );
    let shown = |paid: &str, other: &str| {
        routes(&[package, ("cookie.js", &cookie), ("token.js", &header), ("app.js", &app(paid, other))])
    };
    has(
        &shown("byToken", "byCookie"),
        &[
            "users get here with a header (`byToken`), and GET /billing/portal is behind `byCookie`, which reads a cookie",
        ],
    );
    assert!(!shown("byToken", "byToken").contains("users get here"));
}

const EXPRESS: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "type": "module", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9"}}"#,
);
const ONE_FILE: &str = "import express from \"express\";\nimport jwt from \"jsonwebtoken\";\n\nconst app = express();\napp.use(express.json());\n\nfunction requireUser(req, res, next) {\n  req.user = { id: jwt.verify(req.get(\"a\"), \"s\").sub };\n  next();\n}\n\napp.post(\"/api/signup\", (req, res) => res.json({ token: jwt.sign({ sub: \"1\" }, \"s\") }));\n\napp.post(\"/api/ask\", requireUser, async (req, res) => {\n  res.json({ id: req.user.id });\n});\n\napp.use((req, res) => res.status(404).end());\n\napp.listen(3000);\n";

#[test]
fn routes_go_into_the_file_that_alone_knows_their_guard() {
    let shown = routes(&[EXPRESS, ("index.js", ONE_FILE)]);
    has(
        &shown,
        &[
            "=== index.js",
            "import { createPortalUrl } from \"./credyt/portal.js\";",
            "app.post(\"/api/ask\"",
            "app.get(\"/api/billing/portal\", requireUser, async (req, res) => {",
            "app.get(\"/api/billing/balance\", requireUser, async (req, res) => {",
            "app.use((req, res) => res.status(404).end());",
        ],
    );
    assert_eq!(shown.matches("=== ").count(), 1, "{shown}");
}

#[test]
fn the_same_in_a_file_that_requires() {
    let package = (
        "package.json",
        r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9"}}"#,
    );
    let file = ONE_FILE
        .replace("import express from \"express\";", "const express = require(\"express\");")
        .replace("import jwt from \"jsonwebtoken\";", "const jwt = require(\"jsonwebtoken\");");
    let shown = routes(&[package, ("index.js", &file)]);
    has(
        &shown,
        &[
            "const { createPortalUrl } = require(\"./credyt/portal\");",
            "app.get(\"/api/billing/portal\", requireUser,",
        ],
    );
}

const GUARD: (&str, &str) = (
    "guard.js",
    "import jwt from \"jsonwebtoken\";\n\nexport const sign = (id) => jwt.sign({ sub: id }, \"s\");\n\nexport function requireUser(req, res, next) {\n  req.user = { id: jwt.verify(req.get(\"a\"), \"s\").sub };\n  next();\n}\n",
);

fn router(name: &str, up: &str) -> String {
    format!(
        "import {{ Router }} from \"express\";\nimport {{ requireUser }} from \"{up}/guard.js\";\n\nexport const {name} = Router();\n\n{name}.post(\"/\", requireUser, (req, res) => res.json({{ id: req.user.id }}));\n"
    )
}

#[test]
fn a_router_is_not_mounted_in_a_branch() {
    let server = "import express from \"express\";\nimport { chats } from \"./routes/chats.js\";\nimport { tools } from \"./routes/tools.js\";\n\nconst app = express();\napp.use(\"/api/chats\", chats);\nif (process.env.NODE_ENV !== \"production\") {\n  app.use(\"/dev\", tools);\n}\n\napp.listen(3000);\n";
    let shown = routes(&[
        EXPRESS,
        GUARD,
        ("server.js", server),
        ("routes/chats.js", &router("chats", "..")),
        ("routes/tools.js", &router("tools", "..")),
    ]);
    has(
        &shown,
        &["app.use(\"/api/chats\", chats);\napp.use(\"/api/billing\", billingRoutes);\nif (process.env"],
    );
}

#[test]
fn a_router_gets_a_folder_of_its_own_where_each_has_one() {
    let server = "import express from \"express\";\nimport { chats } from \"./features/chats/chats.routes.js\";\nimport { notes } from \"./features/notes/notes.routes.js\";\n\nconst app = express();\napp.use(\"/chats\", chats);\napp.use(\"/notes\", notes);\n\napp.listen(3000);\n";
    let shown = routes(&[
        EXPRESS,
        GUARD,
        ("server.js", server),
        ("features/chats/chats.routes.js", &router("chats", "../..")),
        ("features/notes/notes.routes.js", &router("notes", "../..")),
    ]);
    has(&shown, &["=== features/billing/billing.routes.js", "from \"../../guard.js\""]);
}

#[test]
fn people_come_back_to_the_address_that_the_app_has_in_a_setting() {
    let server = "import express from \"express\";\nimport cors from \"cors\";\nimport { chats } from \"./routes/chats.js\";\n\nconst app = express();\napp.use(cors({ origin: process.env.WEB_ORIGIN }));\napp.use(\"/api/chats\", chats);\n\napp.listen(3000);\n";
    let shown = routes(&[EXPRESS, GUARD, ("server.js", server), ("routes/chats.js", &router("chats", ".."))]);
    has(&shown, &["=== routes/billing.js", "process.env.WEB_ORIGIN ||"]);
}

#[test]
fn settings_are_imported_only_by_the_route_that_reads_them() {
    let env = (
        "lib/env.ts",
        "import { z } from \"zod\";\n\nexport const env = z\n  .object({ OPENAI_API_KEY: z.string(), APP_URL: z.string() })\n  .parse(process.env);\n",
    );
    let route = "import { createClient } from \"@/lib/supabase/server\";\nimport { env } from \"@/lib/env\";\n\nexport async function POST(request: Request) {\n  const supabase = await createClient();\n  const { data: { user } } = await supabase.auth.getUser();\n  if (!user) return new Response(null, { status: 401 });\n  return Response.json({ id: user.id, back: `${env.APP_URL}/x` });\n}\n";
    let server = (
        "lib/supabase/server.ts",
        "import { createServerClient } from \"@supabase/ssr\";\nimport { cookies } from \"next/headers\";\n\nexport async function createClient() {\n  const store = await cookies();\n  return createServerClient(\"u\", \"k\", { cookies: { getAll: () => store.getAll() } });\n}\n",
    );
    let package = (
        "package.json",
        r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "zod": "4", "openai": "6", "@supabase/ssr": "1"}}"#,
    );
    let shown = routes(&[package, TSCONFIG, PAGE, ("app/api/chat/route.ts", route), env, server]);
    let route_of = |name: &str| {
        let (_, after) =
            shown.split_once(&format!("=== app/api/billing/{name}/route.ts")).expect("the route");
        after.split("\n=== ").next().unwrap_or_default().to_owned()
    };
    assert!(
        route_of("portal").contains("lib/env\"") && route_of("portal").contains("env.APP_URL"),
        "{shown}"
    );
    assert!(!route_of("balance").contains("lib/env"), "{shown}");
}

const FASTAPI: (&str, &str) = ("requirements.txt", "fastapi\nopenai\npython-jose\n");
const PY_AUTH: (&str, &str) = (
    "app/auth.py",
    "from fastapi import Header\nfrom jose import jwt\nfrom pydantic import BaseModel\n\n\nclass User(BaseModel):\n    id: str\n    email: str\n\n\ndef get_current_user(token: str = Header()) -> User:\n    return User(**jwt.decode(token, \"s\"))\n\n\ndef sign(user: User) -> str:\n    return jwt.encode({\"sub\": user.id}, \"s\")\n",
);

#[test]
fn a_router_is_mounted_where_an_app_of_one_file_is_set_up() {
    let main = "from fastapi import Depends, FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\n\nfrom app.auth import User, get_current_user\n\napp = FastAPI()\napp.add_middleware(CORSMiddleware)\n\n\n@app.post(\"/ask\")\ndef ask(user: User = Depends(get_current_user)):\n    return {\"id\": user.id}\n";
    let shown = routes(&[FASTAPI, PY_AUTH, ("app/__init__.py", ""), ("app/main.py", main)]);
    has(
        &shown,
        &["=== app/billing.py", "def open_portal(request: Request, user: User = Depends(get_current_user))"],
    );
    has(
        &shown,
        &[
            "=== app/main.py",
            "app.add_middleware(CORSMiddleware)\napp.include_router(billing_router, prefix=\"/billing\", tags=[\"billing\"])\n",
            "@app.post(\"/ask\")",
        ],
    );
}

#[test]
fn a_router_under_another_name_is_a_neighbour() {
    let main = "from fastapi import FastAPI\n\nfrom app.routers import ping as ping_router\n\napp = FastAPI()\napp.include_router(ping_router.router)\n";
    let ping = "from fastapi import APIRouter, Depends\n\nfrom app.auth import User, get_current_user\n\nrouter = APIRouter(prefix=\"/ping\")\n\n\n@router.post(\"/\")\ndef ping(user: User = Depends(get_current_user)):\n    return {\"id\": user.id}\n";
    let shown = routes(&[
        FASTAPI,
        PY_AUTH,
        ("app/__init__.py", ""),
        ("app/main.py", main),
        ("app/routers/__init__.py", ""),
        ("app/routers/ping.py", ping),
    ]);
    has(&shown, &["app.include_router(ping_router.router)\napp.include_router(billing_router)"]);
    has(
        &shown,
        &["=== app/routers/billing.py", "router = APIRouter(prefix=\"/billing\", tags=[\"billing\"])"],
    );
}

#[test]
fn a_dependency_of_the_same_file_keeps_the_routes_there() {
    let main = "from fastapi import Depends, FastAPI, Header\nfrom jose import jwt\nfrom pydantic import BaseModel\n\napp = FastAPI()\n\n\nclass User(BaseModel):\n    id: str\n\n\ndef current_user(token: str = Header()) -> User:\n    return User(**jwt.decode(token, \"s\"))\n\n\ndef sign(user: User) -> str:\n    return jwt.encode({\"sub\": user.id}, \"s\")\n\n\n@app.post(\"/ask\")\ndef ask(user: User = Depends(current_user)):\n    return {\"id\": user.id}\n\n\n@app.get(\"/{path:path}\")\ndef page(path: str):\n    return path\n";
    let shown = routes(&[FASTAPI, ("main.py", main)]);
    has(
        &shown,
        &[
            "=== main.py",
            "@app.post(\"/ask\")",
            "\n\n\n@app.get(\"/billing/portal\")\n",
            "user: User = Depends(current_user)) -> dict[str, str]:",
            "@app.get(\"/billing/balance\")",
            "@app.get(\"/{path:path}\")",
        ],
    );
    assert_eq!(shown.matches("=== ").count(), 1, "{shown}");
}

const FLASK: (&str, &str) = ("requirements.txt", "flask\nflask-login\nopenai\n");
const FLASK_APP: &str = "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n\n    from app.chat import chat\n\n    app.register_blueprint(chat, url_prefix=\"/api/chat\")\n    return app\n";

fn flask(view: &str) -> String {
    let chat = format!(
        "from flask import Blueprint, jsonify\nfrom flask_login import current_user, login_required\n\nchat = Blueprint(\"chat\", __name__)\n\n\n{view}"
    );
    routes(&[FLASK, ("app/__init__.py", FLASK_APP), ("app/chat.py", &chat)])
}

#[test]
fn a_blueprint_is_imported_where_its_neighbours_are() {
    let shown =
        flask("@chat.post(\"/\")\n@login_required\ndef ask():\n    return jsonify(user=current_user.id)\n");
    has(
        &shown,
        &[
            "    from app.chat import chat\n    from app.billing import bp as billing_bp\n",
            "    app.register_blueprint(billing_bp, url_prefix=\"/api/billing\")\n    return app\n",
            "=== app/billing.py",
            "bp = Blueprint(\"billing\", __name__)\n",
            "@bp.route(\"/portal\")\ndef open_portal() -> ResponseReturnValue:\n    if not current_user.is_authenticated:\n",
            "return jsonify({\"error\": \"Sign in first\"}), 401",
            "@bp.route(\"/balance\")",
        ],
    );
}

#[test]
fn an_id_that_was_sent_makes_no_route() {
    let shown = routes(&[
        FLASK,
        ("app/__init__.py", FLASK_APP),
        (
            "app/chat.py",
            "from flask import Blueprint, jsonify, request\n\nchat = Blueprint(\"chat\", __name__)\n\n\n@chat.post(\"/\")\ndef ask():\n    return jsonify(user=request.json[\"user_id\"])\n",
        ),
    ]);
    assert!(!shown.contains("==="), "{shown}");
}

fn django(requirements: &str, views: &str) -> String {
    routes(&[
        ("requirements.txt", requirements),
        ("manage.py", "from django.core.management import execute_from_command_line\n"),
        ("config/__init__.py", ""),
        (
            "config/settings.py",
            "import os\n\nINSTALLED_APPS = [\"django.contrib.auth\"]\nMIDDLEWARE = [\"django.contrib.auth.middleware.AuthenticationMiddleware\"]\nROOT_URLCONF = \"config.urls\"\n",
        ),
        (
            "config/urls.py",
            "from django.urls import include, path, re_path\n\nfrom chat.views import page\n\nurlpatterns = [\n    path(\"api/\", include(\"chat.urls\")),\n    re_path(r\"^.*$\", page),\n]\n",
        ),
        ("chat/__init__.py", ""),
        (
            "chat/urls.py",
            "from django.urls import path\n\nfrom . import views\n\nurlpatterns = [path(\"ask/\", views.ask)]\n",
        ),
        ("chat/views.py", views),
    ])
}

const DJANGO_VIEWS: &str = "from django.contrib.auth.decorators import login_required\nfrom django.http import JsonResponse\n\n\ndef page(request):\n    return JsonResponse({})\n\n\n@login_required\ndef ask(request):\n    return JsonResponse({\"id\": request.user.pk})\n";

#[test]
fn a_view_is_listed_in_front_of_what_answers_the_rest() {
    let shown = django("django\nopenai\n", DJANGO_VIEWS);
    has(
        &shown,
        &[
            "=== config/billing.py",
            "@require_GET\ndef open_portal(request: HttpRequest) -> HttpResponse:\n    if not request.user.is_authenticated:\n        return JsonResponse({\"error\": \"Sign in first\"}, status=401)\n",
        ],
    );
    has(
        &shown,
        &[
            "=== config/urls.py",
            "include(\"chat.urls\")),\n    path(\"api/billing/portal/\", billing.open_portal, name=\"billing-portal\"),\n",
            "re_path(r\"^.*$\", page),",
        ],
    );
}

#[test]
fn a_view_of_an_api_lets_in_by_the_token_of_its_neighbours() {
    let shown = django(
        "django\ndjangorestframework\ndjangorestframework-simplejwt\nopenai\n",
        "from rest_framework.permissions import IsAuthenticated\nfrom rest_framework.response import Response\nfrom rest_framework.views import APIView\nfrom rest_framework_simplejwt.authentication import JWTAuthentication\n\n\ndef page(request):\n    return Response({})\n\n\nclass Ask(APIView):\n    authentication_classes = [JWTAuthentication]\n    permission_classes = [IsAuthenticated]\n\n    def post(self, request):\n        return Response({\"id\": request.user.pk})\n\n\nask = Ask.as_view()\n",
    );
    has(
        &shown,
        &[
            "=== config/billing.py",
            "from rest_framework_simplejwt.authentication import JWTAuthentication",
            "@api_view([\"GET\"])\n@authentication_classes([JWTAuthentication])\n@permission_classes([IsAuthenticated])\ndef open_portal(",
        ],
    );
}

const NEST: &[(&str, &str)] = &[
    (
        "package.json",
        r#"{"name": "a", "dependencies": {"@nestjs/common": "11", "@nestjs/core": "11", "@nestjs/jwt": "11", "openai": "6"}}"#,
    ),
    (
        "src/auth.guard.ts",
        "import { CanActivate, ExecutionContext, Injectable } from \"@nestjs/common\";\nimport { JwtService } from \"@nestjs/jwt\";\n\nexport interface AuthedRequest {\n  user: { sub: string };\n}\n\n@Injectable()\nexport class AuthGuard implements CanActivate {\n  constructor(private readonly jwt: JwtService) {}\n\n  sign(sub: string) {\n    return this.jwt.signAsync({ sub });\n  }\n\n  async canActivate(context: ExecutionContext): Promise<boolean> {\n    const request = context.switchToHttp().getRequest();\n    request.user = await this.jwt.verifyAsync(request.headers.authorization);\n    return true;\n  }\n}\n",
    ),
    (
        "src/chat/chat.module.ts",
        "import { Module } from \"@nestjs/common\";\nimport { ChatController } from \"./chat.controller\";\n\n@Module({ controllers: [ChatController] })\nexport class ChatModule {}\n",
    ),
];

fn nest(guard: &str) -> String {
    let chat = format!(
        "import {{ Controller, Post, Req, UseGuards }} from \"@nestjs/common\";\nimport {{ AuthGuard, AuthedRequest }} from \"../auth.guard\";\n\n@Controller(\"chat\")\n{guard}export class ChatController {{\n  @Post()\n  ask(@Req() req: AuthedRequest) {{\n    return {{ id: req.user.sub }};\n  }}\n}}\n"
    );
    let own = [("src/chat/chat.controller.ts", chat.as_str())];
    let files: Vec<_> = NEST.iter().copied().chain(own).collect();
    routes(&files)
}

#[test]
fn a_controller_is_guarded_and_registered_as_its_neighbour_is() {
    let shown = nest("@UseGuards(AuthGuard)\n");
    has(
        &shown,
        &[
            "=== src/billing/billing.controller.ts",
            "@Controller(\"billing\")\nexport class BillingController {\n  @Get(\"portal\")\n  @UseGuards(AuthGuard)\n  async openPortal(\n    @Req() req: AuthedRequest,\n",
            "async readBalance(@Req() req: AuthedRequest) {",
        ],
    );
    has(&shown, &["=== src/chat/chat.module.ts", "controllers: [ChatController, BillingController]"]);
}

#[test]
fn the_guard_comes_along_with_a_parameter_that_a_decorator_fills() {
    let decorator = (
        "src/user.decorator.ts",
        "import { createParamDecorator, ExecutionContext } from \"@nestjs/common\";\n\nexport const UserId = createParamDecorator((_: unknown, context: ExecutionContext): string => {\n  return context.switchToHttp().getRequest().user.sub;\n});\n",
    );
    let chat = (
        "src/chat/chat.controller.ts",
        "import { Controller, Get, UseGuards } from \"@nestjs/common\";\nimport { AuthGuard } from \"../auth.guard\";\nimport { UserId } from \"../user.decorator\";\n\n@Controller(\"chat\")\n@UseGuards(AuthGuard)\nexport class ChatController {\n  @Get()\n  who(@UserId() userId: string) {\n    return { userId };\n  }\n}\n",
    );
    let files: Vec<_> = NEST.iter().copied().chain([decorator, chat]).collect();
    has(&routes(&files), &["@UseGuards(AuthGuard)\n  async readBalance(@UserId() userId: string) {"]);
}

#[test]
fn a_token_that_is_not_genuine_is_refused_and_not_an_error() {
    let token = (
        "src/token.ts",
        "import jwt from \"jsonwebtoken\";\n\nexport function verifyToken(token: string): { userId: number } {\n  return jwt.verify(token, \"s\") as { userId: number };\n}\n\nexport const sign = (userId: number) => jwt.sign({ userId }, \"s\");\n",
    );
    let chat = (
        "src/chat.ts",
        "import { Router } from \"express\";\nimport OpenAI from \"openai\";\nimport { verifyToken } from \"./token.js\";\n\nexport const chat = Router();\n\nchat.post(\"/\", async (req, res) => {\n  const token: string | undefined = req.cookies.token;\n  if (!token) {\n    res.status(401).end();\n    return;\n  }\n  try {\n    const payload = verifyToken(token);\n    const answer = await new OpenAI().chat.completions.create({ model: \"gpt-4o\", messages: [] });\n    res.json({ id: payload.userId, answer });\n  } catch {\n    res.status(401).end();\n  }\n});\n",
    );
    let server = (
        "src/index.ts",
        "import express from \"express\";\nimport { chat } from \"./chat.js\";\n\nconst app = express();\napp.use(\"/chat\", chat);\napp.listen(3000);\n",
    );
    let shown = routes(&[EXPRESS, token, chat, server]);
    has(
        &shown,
        &[
            "=== src/billing.ts",
            "  const token: string | undefined = req.cookies.token;\n  if (!token) {\n    res.status(401)",
            "  let payload;\n  try {\n    payload = verifyToken(token);\n  } catch {\n    res.status(401)",
            "createPortalUrl({ id: String(payload.userId) }, origin)",
        ],
    );
}

#[test]
fn what_makes_the_context_of_procedures_shows_how_the_user_is_known() {
    let package = r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "next-auth": "5.0.0-beta.25", "@trpc/server": "11", "openai": "6"}, "devDependencies": {"typescript": "5"}}"#;
    let auth = "import NextAuth from \"next-auth\";\n\nexport const { auth } = NextAuth({\n  callbacks: {\n    session: ({ session, token }) => ({ ...session, user: { ...session.user, id: token.sub } }),\n  },\n});\n";
    let context = "import { auth } from \"./auth\";\n\nexport const createContext = async () => {\n  const session = await auth();\n  return { session };\n};\n";
    let types = "declare module \"next-auth\" {\n  interface Session {\n    user: { id: string };\n  }\n}\n";
    let shown = routes(&[
        ("package.json", package),
        ("tsconfig.json", "{}"),
        ("server/auth.ts", auth),
        ("server/trpc.ts", context),
        ("types.d.ts", types),
        ("app/page.tsx", "export default function Page() {\n  return <main />;\n}\n"),
    ]);
    has(&shown, &["portal/route.ts", "const session = await auth();", "if (!session?.user?.id)"]);
    let own = context.replace("auth()", "auth(opts.req)").replace("async ()", "async (opts)");
    let shown = routes(&[
        ("package.json", package),
        ("tsconfig.json", "{}"),
        ("server/auth.ts", auth),
        ("server/trpc.ts", &own),
        ("types.d.ts", types),
        ("app/page.tsx", "export default function Page() {\n  return <main />;\n}\n"),
    ]);
    assert!(!shown.contains("is local to this file"), "{shown}");
}

#[test]
fn whoever_is_known_by_a_header_fetches_the_address() {
    let route = |found: &str| {
        format!(
            "import {{ createClient }} from \"@supabase/supabase-js\";\n\nconst supabase = createClient(process.env.URL!, process.env.KEY!);\n\nexport async function POST(request: Request) {{\n  const token = {found};\n  const {{ data: {{ user }} }} = await supabase.auth.getUser(token);\n  if (!user) return new Response(null, {{ status: 401 }});\n  return Response.json({{ id: user.id }});\n}}\n"
        )
    };
    let package = (
        "package.json",
        r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "openai": "6", "@supabase/supabase-js": "2"}}"#,
    );
    let shown = |found: &str| {
        let route = route(found);
        routes(&[package, TSCONFIG, PAGE, ("app/api/chat/route.ts", &route)])
    };
    let by_header = shown("request.headers.get(\"authorization\")?.replace(\"Bearer \", \"\")");
    has(&by_header, &["=== app/api/billing/portal/route.ts", "return Response.json({ url });"]);
    // The same header may be sent to somebody else.
    let by_session =
        shown("(await fetch(\"https://a.b\", { headers: { Authorization: \"k\" } })).statusText");
    has(&by_session, &["=== app/api/billing/portal/route.ts", "return Response.redirect(url, 303);"]);
    let by_cookie = shown("request.headers.get(\"cookie\")?.split(\"=\")[1]");
    has(&by_cookie, &["=== app/api/billing/portal/route.ts", "return Response.redirect(url, 303);"]);
}

#[test]
fn a_function_of_the_app_that_gives_the_user_is_asked_where_handlers_end_with_more() {
    let user = (
        "lib/user.ts",
        "import { auth } from \"@/lib/auth\";\nimport { prisma } from \"@/lib/prisma\";\nimport { headers } from \"next/headers\";\n\nexport async function currentUser() {\n  const session = await auth.api.getSession({ headers: await headers() });\n  if (!session) return null;\n  return prisma.user.findUnique({ where: { id: session.user.id } });\n}\n",
    );
    let prisma = (
        "lib/prisma.ts",
        "import { PrismaClient } from \"@prisma/client\";\nexport const prisma = new PrismaClient();\n",
    );
    let schema = (
        "prisma/schema.prisma",
        "model User {\n  id String @id\n  email String\n}\n\nmodel Letter {\n  id String @id\n  userId String\n}\n",
    );
    let shown = next(
        "import { currentUser } from \"@/lib/user\";\nimport { prisma } from \"@/lib/prisma\";\n\nexport async function POST(request: Request) {\n  const { id } = await request.json();\n  const user = await currentUser();\n  if (!user) return new Response(null, { status: 401 });\n  const letter = await prisma.letter.findUnique({ where: { id, userId: user.id } });\n  if (!letter) return new Response(null, { status: 404 });\n  return Response.json({ of: letter.userId });\n}\n",
        &[BETTER_AUTH, user, prisma, schema],
    );
    has(&shown, &["=== app/api/billing/portal/route.ts", "const user = await currentUser();", "id: user.id"]);
}

#[test]
fn a_dependency_that_lets_visitors_in_is_asked_whether_somebody_is_there() {
    let main = "import jwt\nfrom fastapi import Depends, FastAPI\nfrom openai import OpenAI\nfrom pydantic import BaseModel\n\napp = FastAPI()\nclient = OpenAI()\n\n\nclass User(BaseModel):\n    id: str\n\n\ndef sign(user: User) -> str:\n    return jwt.encode({\"sub\": user.id}, \"s\")\n\n\ndef user_or_none(token: str | None = None) -> User | None:\n    if token is None:\n        return None\n    return User(id=jwt.decode(token, \"s\")[\"sub\"])\n\n\n@app.post(\"/ask\")\ndef ask(text: str, user: User | None = Depends(user_or_none)):\n    answer = client.responses.create(model=\"m\", input=text)\n    return {\"text\": answer.output_text, \"by\": user.id if user else None}\n";
    let shown = routes(&[("requirements.txt", "fastapi\nopenai\npyjwt\n"), ("main.py", main)]);
    has(
        &shown,
        &["Depends(user_or_none)", "    if user is None:\n        raise HTTPException(401", "user.id"],
    );
}
