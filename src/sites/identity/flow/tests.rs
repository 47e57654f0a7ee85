//! Small apps in the plainest styles, each with a twin in which nobody vouches for who pays. All go through the
//! fingerprint: no entry is handed in.

use crate::catalog::Catalog;
use crate::fingerprint::fingerprint;
use crate::resolve::Program;
use crate::sites::{Detail, find};
use crate::workspace::Workspace;

/// Who pays at each paid call of an app, in order: the expression, with `?` where it may be missing; `-` for nobody.
pub(in crate::sites) fn payers(files: &[(&str, &str)]) -> Vec<String> {
    let workspace = Workspace::in_memory(files.iter().copied());
    let catalog = Catalog::embedded().expect("the catalogue");
    let print = fingerprint(&workspace, &catalog);
    let sites = find(&Program::new(&workspace), &catalog, &print);
    let mut found: Vec<(String, usize, String)> = Vec::new();
    for site in &sites {
        let Detail::Billable(paid) = &site.detail else { continue };
        let payer = paid.plan.identity.as_ref();
        let payer = payer
            .map_or_else(|| "-".to_owned(), |i| format!("{}{}", i.id, if i.nullable { "?" } else { "" }));
        found.push((site.file.clone(), site.line, payer));
    }
    found.sort();
    found.into_iter().map(|(.., payer)| payer).collect()
}

/// An app in one file of JavaScript, with a token that it signs itself.
#[track_caller]
fn script(packages: &str, code: &str, expected: &str) {
    assert_eq!(script_says(packages, code), expected, "{code}");
}

/// Who pays in such an app.
fn script_says(packages: &str, code: &str) -> String {
    let manifest = format!(
        "{{\"name\": \"app\", \"dependencies\": {{\"openai\": \"5\", \"jsonwebtoken\": \"9\", {packages}}}}}"
    );
    let sign = "import jwt from \"jsonwebtoken\";\nexport const issue = (u) => jwt.sign({ sub: u.id }, process.env.S);\n";
    let head =
        "import OpenAI from \"openai\";\nimport jwt from \"jsonwebtoken\";\nconst openai = new OpenAI();\n";
    let code = format!(
        "{head}{}",
        code.replace("SPEND", "openai.chat.completions.create({ model: \"m\", messages: [] })")
    );
    let files = [("package.json", manifest.as_str()), ("src/sign.js", sign), ("src/index.js", code.as_str())];
    payers(&files).join(" ")
}

#[track_caller]
fn express(code: &str, expected: &str) {
    let head = "import express from \"express\";\nconst app = express();\n";
    script("\"express\": \"4\"", &format!("{head}{code}"), expected);
}

#[track_caller]
fn python(packages: &str, code: &str, expected: &str) {
    let requirements = format!("openai\npyjwt\n{packages}\n");
    let head = "import jwt\nfrom openai import OpenAI\nclient = OpenAI()\n\ndef issue(sub):\n    return jwt.encode({\"sub\": sub}, \"s\")\n\n";
    let code = format!(
        "{head}{}",
        code.replace("SPEND", "client.chat.completions.create(model=\"m\", messages=[])")
    );
    let files = [("requirements.txt", requirements.as_str()), ("app.py", code.as_str())];
    assert_eq!(payers(&files).join(" "), expected, "{code}");
}

const VERIFY: &str = "jwt.verify(req.headers.authorization, process.env.S)";

#[test]
fn a_token_checked_in_the_handler() {
    let app = |lines: &str| {
        format!(
            "app.post(\"/a\", async (req, res) => {{\n  {}\n  const r = await SPEND;\n  res.json({{ r }});\n}});\n",
            lines.replace("VERIFY", VERIFY)
        )
    };
    express(&app("const { sub } = VERIFY;"), "sub");
    express(&app("const claims = VERIFY;\n  const id = claims.sub;"), "id");
    express(
        &app("let sub = null;\n  try { sub = VERIFY.sub; } catch { return res.status(401).end(); }"),
        "sub",
    );
    // A visitor goes on, the sender says who, or the token is only read.
    express(&app("let sub = null;\n  try { sub = VERIFY.sub; } catch {}"), "sub?");
    express(&app("{\n    const { sub } = VERIFY;\n    check(sub);\n  }"), "-");
    express(&app("const sub = req.body.sub;\n  {\n    const { sub } = VERIFY;\n    check(sub);\n  }"), "-");
    express(&app("let { sub } = VERIFY;\n  sub = req.body.as ?? sub;"), "-");
    express(&app("const { sub } = req.body;\n  VERIFY;"), "-");
    express(&app("const { sub } = jwt.decode(req.headers.authorization);"), "-");
}

#[test]
fn a_middleware_that_fills_the_request_or_the_response() {
    let app = |set: &str, read: &str| {
        let set = set.replace("VERIFY", VERIFY);
        format!(
            "function auth(req, res, next) {{\n  {set}\n}}\napp.post(\"/a\", auth, async (req, res) => {{\n  const r = await SPEND;\n  res.json({{ r, u: {read} }});\n}});\n"
        )
    };
    let locals = "try { res.locals.user = VERIFY; next(); } catch { res.status(401).end(); }";
    express(&app(locals, "res.locals.user.sub"), "res.locals.user.sub");
    let nested = "const payload = VERIFY;\n  req.auth = { accountId: payload.sub };\n  next();";
    express(&app(nested, "req.auth.accountId"), "req.auth.accountId");
    let callback = "jwt.verify(req.headers.authorization, process.env.S, (err, claims) => {\n    if (err) return res.status(401).end();\n    req.auth = claims;\n    next();\n  });";
    express(&app(callback, "req.auth.sub"), "req.auth.sub");
    // Who goes on without a token may be nobody.
    let optional = "try { res.locals.user = VERIFY; } catch {}\n  next();";
    express(&app(optional, "res.locals.user?.sub"), "res.locals.user?.sub?");
    // The sender says who.
    let sent = "VERIFY;\n  req.auth = { accountId: req.body.accountId };\n  next();";
    express(&app(sent, "req.auth.accountId"), "-");
    let either = "const payload = VERIFY;\n  req.auth = { accountId: payload.sub };\n  if (req.query.as) req.auth = { accountId: req.query.as };\n  next();";
    express(&app(either, "req.auth.accountId"), "-");
    // Another member than the one that is set.
    express(&app(nested, "req.auth.organisationId"), "req.auth.accountId");
}

#[test]
fn only_what_stands_in_front_of_the_route_counts() {
    let set = format!("function auth(req, res, next) {{ req.auth = {{ id: {VERIFY}.sub }}; next(); }}\n");
    let route = "app.post(\"/a\", async (req, res) => {\n  const r = await SPEND;\n  res.json({ r, u: req.auth.id });\n});\n";
    express(&format!("{set}app.use(auth);\n{route}"), "req.auth.id");
    express(&format!("{set}app.use(\"/b\", auth);\n{route}"), "-");
    express(&format!("{set}{route}app.use(auth);\n"), "-");
    express(&format!("{set}if (process.env.AUTH) app.use(auth);\n{route}"), "-");
    // One that another function makes, and a handler that is reached with and without one.
    let made = format!(
        "const auth = (role) => (req, res, next) => {{ req.auth = {{ id: {VERIFY}.sub }}; next(); }};\n"
    );
    express(&format!("{made}app.use(auth(\"writer\"));\n{route}"), "req.auth.id");
    let named =
        "async function ask(req, res) {\n  const r = await SPEND;\n  res.json({ r, u: req.auth.id });\n}\n";
    express(&format!("{set}{named}app.post(\"/a\", auth, ask);\n"), "req.auth.id");
    express(&format!("{set}{named}app.post(\"/a\", auth, ask);\napp.post(\"/b\", ask);\n"), "req.auth?.id?");
    // Whatever other code does with `next`, it may go on.
    let other = format!(
        "import {{ guard }} from \"guards\";\nfunction auth(req, res, next) {{\n  if (!req.headers.authorization) return guard(req, res, next);\n  req.auth = {{ id: {VERIFY}.sub }};\n  next();\n}}\n"
    );
    express(&format!("{other}app.use(auth);\n{route}"), "req.auth?.id?");
}

#[test]
fn hooks_state_and_context_of_other_frameworks() {
    let fastify = |set: &str| {
        format!(
            "import Fastify from \"fastify\";\nconst app = Fastify();\napp.addHook(\"onRequest\", async (request, reply) => {{\n  {set}\n}});\napp.post(\"/a\", async (request, reply) => {{\n  const r = await SPEND;\n  return {{ r, u: request.userId }};\n}});\n"
        )
    };
    let verify = VERIFY.replace("req.", "request.");
    let packages = "\"fastify\": \"5\"";
    script(
        packages,
        &fastify(&format!("const payload = {verify};\n  request.userId = payload.sub;")),
        "request.userId",
    );
    script(packages, &fastify(&format!("{verify};\n  request.userId = request.body.userId;")), "-");
    let koa = |set: &str| {
        format!(
            "import Koa from \"koa\";\nimport Router from \"@koa/router\";\nconst router = new Router();\nasync function auth(ctx, next) {{ ctx.state.user = {set}; await next(); }}\nrouter.post(\"/a\", auth, async (ctx) => {{\n  const r = await SPEND;\n  ctx.body = {{ r, u: ctx.state.user.sub }};\n}});\n"
        )
    };
    let packages = "\"koa\": \"2\", \"@koa/router\": \"13\"";
    script(packages, &koa("jwt.verify(ctx.get(\"authorization\"), process.env.S)"), "ctx.state.user.sub");
    script(packages, &koa("ctx.request.body"), "-");
    let hono = |read: &str| {
        format!(
            "import {{ Hono }} from \"hono\";\nconst app = new Hono();\napp.use(\"*\", async (c, next) => {{\n  c.set(\"user\", jwt.verify(c.req.header(\"authorization\"), process.env.S));\n  await next();\n}});\napp.post(\"/a\", async (c) => {{\n  {read}\n  const r = await SPEND;\n  return c.json({{ r, u: user.sub }});\n}});\n"
        )
    };
    let packages = "\"hono\": \"4\"";
    script(packages, &hono("const user = c.get(\"user\");"), "user.sub");
    script(packages, &hono("const user = c.var.user;"), "user.sub");
    script(packages, &hono("const user = await c.req.json();"), "c.var.user.sub");
}

#[test]
fn a_service_that_is_handed_the_user() {
    let app = |given: &str| {
        format!(
            "class Writer {{\n  async write({{ user, topic }}) {{\n    const r = await SPEND;\n    return {{ r, by: user.sub }};\n  }}\n}}\nconst writer = new Writer();\nfunction auth(req, res, next) {{ req.user = {VERIFY}; next(); }}\napp.post(\"/a\", auth, async (req, res) => {{ res.json(await writer.write({{ user: {given}, topic: req.body.topic }})); }});\n"
        )
    };
    express(&app("req.user"), "user.sub");
    // Whom the service is handed was sent; the guard says who is signed in.
    express(&app("req.body.user"), "req.user.sub");
    // The client is handed over as well, and nothing says of which class it is.
    let holds = |given: &str| {
        let made = app(given).replace("  async write", "  constructor(ai) { this.ai = ai; }\n  async write");
        made.replace("new Writer()", "new Writer(openai)")
            .replace("SPEND", "this.ai.chat.completions.create({ model: \"m\", messages: [] })")
    };
    express(&holds("req.user"), "user.sub");
    express(&holds("req.body.user"), "req.user.sub");
}

#[test]
fn the_request_globals_and_decorators_of_flask() {
    let head = "from functools import wraps\nfrom flask import Flask, g, jsonify, request\napp = Flask(__name__)\n\n";
    let hook = |set: &str, read: &str| {
        format!(
            "{head}@app.before_request\ndef load():\n    g.user_id = {set}\n\n@app.post(\"/a\")\ndef a():\n    r = SPEND\n    return jsonify(t=r, u={read})\n"
        )
    };
    let verify = "jwt.decode(request.headers[\"Authorization\"], \"s\", algorithms=[\"HS256\"])";
    python("flask", &hook(&format!("{verify}[\"sub\"]"), "g.user_id"), "g.user_id");
    python("flask", &hook("request.json[\"sub\"]", "g.user_id"), "-");
    let read =
        "jwt.decode(request.headers[\"Authorization\"], options={\"verify_signature\": False})[\"sub\"]";
    python("flask", &hook(read, "g.user_id"), "-");
    let decorator = |body: &str, params: &str, read: &str| {
        format!(
            "{head}def login_required(f):\n    @wraps(f)\n    def inner(*args, **kwargs):\n{body}\n    return inner\n\n@app.post(\"/a\")\n@login_required\ndef a({params}):\n    r = SPEND\n    return jsonify(t=r, u={read})\n"
        )
    };
    let checks = format!(
        "        try:\n            payload = {verify}\n        except jwt.PyJWTError:\n            return jsonify(error=\"no\"), 401\n        g.user_id = payload[\"sub\"]\n        return f(*args, **kwargs)"
    );
    python("flask", &decorator(&checks, "", "g.user_id"), "g.user_id");
    let hands = format!("        payload = {verify}\n        return f(payload[\"sub\"], *args, **kwargs)");
    python("flask", &decorator(&hands, "user_id", "user_id"), "user_id");
    let sent = "        return f(request.json[\"user_id\"], *args, **kwargs)";
    python("flask", &decorator(sent, "user_id", "user_id"), "-");
}

#[test]
fn a_dependency_a_state_and_a_dict_of_fastapi() {
    let head = "from fastapi import Depends, FastAPI, HTTPException, Request\napp = FastAPI()\n\nclass CurrentUser:\n    def __init__(self, sub: str):\n        self.sub = sub\n\n";
    let verify = "jwt.decode(request.headers[\"authorization\"], \"s\", algorithms=[\"HS256\"])";
    let depends = |given: &str| {
        format!(
            "{head}def current(request: Request) -> CurrentUser:\n    try:\n        claims = {verify}\n    except jwt.PyJWTError:\n        raise HTTPException(401)\n    return CurrentUser({given})\n\n@app.post(\"/a\")\ndef a(user: CurrentUser = Depends(current)):\n    r = SPEND\n    return {{\"t\": r, \"u\": user.sub}}\n"
        )
    };
    python("fastapi", &depends("claims[\"sub\"]"), "user.sub");
    let state = |set: &str| {
        format!(
            "{head}@app.post(\"/b\")\ndef b(request: Request):\n    user = request.state.user\n    r = SPEND\n    return {{\"t\": r, \"u\": user[\"sub\"]}}\n\n@app.middleware(\"http\")\nasync def auth(request: Request, call_next):\n    request.state.user = {set}\n    return await call_next(request)\n"
        )
    };
    python("fastapi", &state(verify), "user[\"sub\"]");
    python("fastapi", &state("await request.json()"), "-");
    let session = |check: &str| {
        format!(
            "{head}def current_session(request):\n    token = request.cookies.get(\"token\")\n    if not token:\n        return None\n    payload = jwt.decode(token, \"s\", algorithms=[\"HS256\"])\n    return {{\"user_id\": payload[\"sub\"]}}\n\n@app.post(\"/c\")\ndef c(request: Request, body: dict):\n    session = current_session(request)\n    {check}\n    r = SPEND\n    return {{\"t\": r, \"u\": session[\"user_id\"]}}\n"
        )
    };
    python("fastapi", &session("if not session:\n        raise HTTPException(401)"), "session[\"user_id\"]");
    python("fastapi", &session("if session:\n        print(1)"), "session[\"user_id\"]?");
    python("fastapi", &session("if not body:\n        raise HTTPException(401)"), "session[\"user_id\"]?");
}

#[test]
fn what_stands_around_a_django_view_says_that_somebody_is_signed_in() {
    let settings = "INSTALLED_APPS = [\"django.contrib.auth\", \"rest_framework\", \"chat\"]\nMIDDLEWARE = [\"django.contrib.auth.middleware.AuthenticationMiddleware\"]\nROOT_URLCONF = \"site1.urls\"\n";
    let urls = "from django.urls import path\nfrom chat import views\n\nurlpatterns = [path(\"ask\", views.ask), path(\"talk\", views.Talk.as_view())]\n";
    let seen = |of_function: &str, head: &str, fields: &str| {
        let views = format!(
            "from django.contrib.auth.decorators import login_required\nfrom django.contrib.auth.mixins import LoginRequiredMixin\nfrom django.http import JsonResponse\nfrom django.utils.decorators import method_decorator\nfrom django.views import View\nfrom openai import OpenAI\nfrom rest_framework.decorators import api_view, permission_classes\nfrom rest_framework.permissions import AllowAny, IsAuthenticated\nfrom rest_framework.views import APIView\n\nclient = OpenAI()\n\n\n{of_function}\ndef ask(request):\n    r = client.chat.completions.create(model=\"m\", messages=[])\n    return JsonResponse({{\"t\": r.id, \"u\": request.user.id}})\n\n\n{head}:\n    {fields}\n\n    def post(self, request):\n        r = client.chat.completions.create(model=\"m\", messages=[])\n        return JsonResponse({{\"t\": r.id, \"u\": request.user.id}})\n"
        );
        payers(&[
            ("requirements.txt", "django\ndjangorestframework\nopenai\n"),
            (
                "manage.py",
                "import os\n\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site1.settings\")\n",
            ),
            ("site1/settings.py", settings),
            ("site1/urls.py", urls),
            ("chat/__init__.py", ""),
            ("chat/views.py", views.as_str()),
        ])
        .join(" ")
    };
    let both = "request.user.id request.user.id";
    assert_eq!(seen("@login_required", "class Talk(LoginRequiredMixin, View)", "n = 1"), both);
    let drf = "@api_view([\"POST\"])\n@permission_classes([IsAuthenticated])";
    assert_eq!(seen(drf, "class Talk(APIView)", "permission_classes = [IsAuthenticated]"), both);
    let method = "@method_decorator(login_required, name=\"dispatch\")\nclass Talk(View)";
    assert_eq!(seen("@login_required", method, "n = 1"), both);
    // Nobody needs to be signed in for these.
    let open = "@api_view([\"POST\"])\n@permission_classes([AllowAny])";
    let nobody = "request.user.id? request.user.id?";
    assert_eq!(
        seen(open, "class Talk(APIView)", "permission_classes = [IsAuthenticated | AllowAny]"),
        nobody
    );
    let decides = "permission_classes = [IsAuthenticated]\n\n    def get_permissions(self):\n        return [AllowAny()]";
    assert_eq!(seen("", "class Talk(APIView)", decides), nobody);
}

#[test]
fn a_helper_that_lets_nobody_through_unless_it_is_asked_to() {
    let app = |helper: &str, call: &str| {
        format!(
            "{helper}\napp.post(\"/a\", async (req, res) => {{\n  const userId = {call};\n  const r = await SPEND;\n  res.json({{ r, userId }});\n}});\n"
        )
    };
    let helper = format!(
        "function whoIs(req, quietly) {{\n  try {{\n    return {VERIFY}.sub;\n  }} catch (error) {{\n    if (quietly) return null;\n    throw error;\n  }}\n}}"
    );
    express(&app(&helper, "whoIs(req)"), "userId");
    express(&app(&helper, "whoIs(req, false)"), "userId");
    express(&app(&helper, "whoIs(req, true)"), "userId?");
    express(&app(&helper, "whoIs(req, req.body.quietly)"), "userId?");
    express(&app(&helper, "whoIs(...[req, true])"), "userId?");
    let by_default = helper.replace("(req, quietly)", "(req, quietly = false)");
    express(&app(&by_default, "whoIs(req)"), "userId");
    express(&app(&helper.replace("(req, quietly)", "(req, quietly = true)"), "whoIs(req)"), "userId?");
}

#[test]
fn a_dependency_tells_by_its_own_type_what_it_gives() {
    let app = |param: &str| {
        let main = format!(
            "import jwt\nfrom fastapi import Depends, FastAPI\nfrom openai import OpenAI\nimport models\nfrom who import current_user\n\nclient = OpenAI()\napp = FastAPI()\n\n@app.post(\"/a\")\ndef ask({param}):\n    return client.chat.completions.create(model=\"m\", messages=[])\n"
        );
        payers(&[
            ("requirements.txt", "fastapi\nopenai\npyjwt\nsqlalchemy\n"),
            ("models.py", "class Base:\n    pass\n\n\nclass User(Base):\n    id: int\n    email: str\n"),
            (
                "who.py",
                "import jwt\nimport models\n\n\ndef issue(sub):\n    return jwt.encode({\"sub\": sub}, \"s\")\n\n\ndef current_user(token: str) -> models.User:\n    return load(jwt.decode(token, \"s\")[\"sub\"])\n",
            ),
            ("main.py", &main),
        ])
        .join(" ")
    };
    assert_eq!(app("user: models.User = Depends(current_user)"), "user.id");
    assert_eq!(app("user = Depends(current_user)"), "user.id");
    assert_eq!(app("user: models.Missing = Depends(current_user)"), "-");
}

#[test]
fn a_record_that_a_guard_loads_by_the_users_id_and_leaves_for_the_handler() {
    let app = |load: &str, check: &str| {
        let load = load.replace("ID", &format!("{VERIFY}.sub"));
        let code = format!(
            "import express from \"express\";\nimport mongoose from \"mongoose\";\nconst app = express();\nconst User = mongoose.model(\"User\", new mongoose.Schema({{ email: String, password: String }}));\nconst Note = mongoose.model(\"Note\", new mongoose.Schema({{ text: String }}));\nasync function auth(req, res, next) {{\n  const user = await {load};\n  {check}\n  res.locals.user = user;\n  next();\n}}\napp.post(\"/a\", auth, async (req, res) => {{\n  const r = await SPEND;\n  res.json({{ r }});\n}});\n"
        );
        script_says("\"express\": \"4\", \"mongoose\": \"8\"", &code)
    };
    let there = "if (!user) return res.status(401).end();";
    assert_eq!(app("User.findById(ID)", there), "res.locals.user.id");
    assert_eq!(app("User.findOne({ id: ID })", there), "res.locals.user.id");
    assert_eq!(app("User.findById(ID).select(\"email\")", there), "res.locals.user.id");
    // It may not be there, has no such member, is another record, or somebody else's.
    assert_eq!(app("User.findById(ID)", ""), "res.locals.user?.id?");
    assert_eq!(app("User.findById(ID).lean()", there), "-");
    assert_eq!(app("Note.findById(ID)", there), "-");
    assert_eq!(app("User.findById(req.body.id)", there), "-");
    assert_eq!(app("User.findOne({ $or: [{ id: ID }, { email: req.body.email }] })", there), "-");
}

#[test]
fn what_the_app_puts_into_all_its_tokens_is_in_the_one_that_a_guard_checks() {
    let app = |more: &str| {
        format!(
            "{more}function auth(req, res, next) {{ res.locals.user = {VERIFY}; next(); }}\napp.post(\"/a\", auth, async (req, res) => {{\n  const r = await SPEND;\n  res.json({{ r }});\n}});\n"
        )
    };
    express(&app(""), "res.locals.user.sub");
    // One of its tokens says nobody.
    express(&app("export const link = (n) => jwt.sign({ note: n }, process.env.S);\n"), "-");
    express(&app("export const link = (what) => jwt.sign(what, process.env.S);\n"), "-");
}

#[test]
fn an_instance_that_is_called_like_a_function_and_claims_that_it_gives() {
    let app = |dependency: &str, given: &str, param: &str| {
        format!(
            "from fastapi import Depends, FastAPI, Request\napp = FastAPI()\n\nclass User:\n    id: str\n    email: str\n\nclass Signed:\n    def __init__(self, scope: str = \"any\"):\n        self.scope = scope\n\n    def __call__(self, request: Request) -> User:\n        claims = jwt.decode(request.headers[\"authorization\"], \"s\", algorithms=[\"HS256\"])\n        return find(claims[\"sub\"])\n\nclass Plain:\n    def __call__(self, request: Request) -> User:\n        return find(request.headers[\"user\"])\n\nclass Stricter(Signed):\n    pass\n\ndef claims_of(request: Request) -> dict:\n    return jwt.decode(request.headers[\"authorization\"], \"s\", algorithms=[\"HS256\"])\n\nkept = Signed()\n{dependency}\n@app.post(\"/a\")\ndef a({param} = Depends({given})):\n    return SPEND\n"
        )
    };
    python("fastapi", &app("", "Signed()", "user: User"), "user.id");
    python("fastapi", &app("", "Stricter(\"all\")", "user: User"), "user.id");
    python("fastapi", &app("", "kept", "user: User"), "user.id");
    python("fastapi", &app("", "Plain()", "user: User"), "-");
    // What the app puts into its tokens is there, read in the handler or not.
    python("fastapi", &app("", "claims_of", "claims: dict"), "claims[\"sub\"]");
    let other = "def invite(n):\n    return jwt.encode({\"note\": n}, \"s\")\n";
    python("fastapi", &app(other, "claims_of", "claims: dict"), "-");
}

#[test]
fn a_route_that_only_hands_its_request_on_is_what_it_calls() {
    let app = |route: &str| {
        format!(
            "const signedIn = (req, res, next) => {{ req.user = {VERIFY}; next(); }};
class Drafts {{
  async write(req, res) {{
    const userId = req.user?.sub;
    if (!userId) return res.sendStatus(401);
    res.json(await SPEND);
  }}
}}
const drafts = new Drafts();
app.post(\"/a\", signedIn, {route});
"
        )
    };
    express(&app("(req, res) => drafts.write(req, res)"), "req.user.sub");
    express(&app("async (req, res) => { await drafts.write(req, res); }"), "req.user.sub");
}

#[test]
fn a_route_that_is_declared_as_one_object() {
    let app = |router: &str, handler: &str| {
        format!(
            "import Fastify from \"fastify\";
const app = Fastify();
async function signedIn(req, reply) {{ req.user = {VERIFY}; }}
async function write(req, reply) {{ return SPEND; }}
{router}.route({{ method: \"POST\", url: \"/a\", preHandler: signedIn, handler: {handler} }});
"
        )
    };
    let inline = "async (req, reply) => { const id = req.user.sub; if (!id) return; return SPEND; }";
    let says = |code: &str| script_says("\"fastify\": \"5\"", code);
    assert_eq!(says(&app("app", inline)).split(' ').next_back(), Some("req.user.sub"));
    assert_eq!(says(&app("app.withTypeProvider()", inline)).split(' ').next_back(), Some("req.user.sub"));
    assert_eq!(says(&app("app", "write")), "req.user.sub");
}

#[test]
fn a_function_that_tells_in_its_answer_whether_there_is_a_user() {
    let app = |answers: (&str, &str), check: &str, use_: &str| {
        format!(
            "function signedIn(req) {{
  const claims = VERIFY;
  if (!claims?.sub) return {};
  return {};
}}
app.post(\"/a\", async (req, res) => {{
  const found = signedIn(req);
  {check}
  res.json(await SPEND);
  log({use_});
}});
",
            answers.1, answers.0
        )
        .replace("VERIFY", VERIFY)
    };
    let flag = ("{ ok: true, userId: claims.sub }", "{ ok: false, error: \"signed out\" }");
    for check in [
        "if (!found.ok) return res.status(401).json(found);",
        "if (found.ok === false) return res.sendStatus(401);",
        "if (found.ok !== true) return res.sendStatus(401);",
        "if (found.error) return res.sendStatus(401);",
        "if (\"error\" in found) return res.sendStatus(401);",
        "if (!(\"userId\" in found)) return res.sendStatus(401);",
    ] {
        express(&app(flag, check, "found.userId"), "found.userId");
    }
    // The wrong way, no way, and a check that tells nothing.
    for check in ["if (found.ok) return res.sendStatus(401);", "", "if (found.kind) return;"] {
        let says = script_says(
            "\"express\": \"4\"",
            &format!(
                "import express from \"express\";\nconst app = express();\n{}",
                app(flag, check, "found.userId")
            ),
        );
        assert!(says == "-" || says.ends_with('?'), "{check}: {says}");
    }
    let text = ("{ userId: claims.sub, error: null }", "{ userId: null, error: \"signed out\" }");
    express(&app(text, "if (found.error) return res.sendStatus(401);", "found.userId"), "found.userId");
}

#[test]
fn tokens_are_for_the_user_where_they_are_made_for_an_id() {
    let app = |made_for: &str, decorator: &str| {
        let code = format!(
            "from flask import Flask
from flask_jwt_extended import create_access_token, get_jwt_identity, jwt_required
from openai import OpenAI
app = Flask(__name__)
client = OpenAI()

def issue(user):
    return create_access_token({made_for})

@app.post('/a')
@jwt_required({decorator})
def draft():
    owner = get_jwt_identity()
    return client.chat.completions.create(model='m', messages=[]).id
"
        );
        let files = [("requirements.txt", "flask\nflask-jwt-extended\nopenai\n"), ("app.py", code.as_str())];
        payers(&files).join(" ")
    };
    assert_eq!(app("identity=str(user.id)", ""), "owner");
    assert_eq!(app("user.public_id", ""), "owner");
    assert_eq!(app("identity=get_jwt_identity()", ""), "owner");
    assert_eq!(app("identity=str(user['_id'])", ""), "owner");
    assert_eq!(app("identity=str(student_id)", ""), "owner");
    assert_eq!(app("identity=user.id", "optional=True"), "owner?");
    // A name is not what customers are made with.
    assert_eq!(app("identity=user.username", ""), "-");
    assert_eq!(app("identity=user.email, additional_claims={'id': user.id}", ""), "-");
}

#[test]
fn what_stands_in_front_of_where_a_router_or_a_plugin_is_mounted() {
    let says = |packages: &str, index: &str, routes: &str| {
        let manifest = format!(
            "{{\"name\": \"app\", \"type\": \"module\", \"dependencies\": {{\"openai\": \"5\", \"jsonwebtoken\": \"9\", {packages}}}}}"
        );
        let head = "import jwt from \"jsonwebtoken\";\nexport const issue = (u) => jwt.sign({ sub: u.id }, process.env.S);\n";
        let index = format!("{head}{index}");
        let routes = format!("import OpenAI from \"openai\";\nconst openai = new OpenAI();\n{routes}");
        let routes =
            routes.replace("SPEND", "openai.chat.completions.create({ model: \"m\", messages: [] })");
        let files = [
            ("package.json", manifest.as_str()),
            ("src/index.js", index.as_str()),
            ("src/routes.js", &routes),
        ];
        payers(&files).join(" ")
    };
    let hono = |order: [&str; 2]| {
        let index = format!(
            "import {{ Hono }} from \"hono\";\nimport {{ drafts }} from \"./routes.js\";\nconst app = new Hono();\n{}\n{}\nexport default app;\n",
            order[0], order[1]
        );
        let routes = "import { Hono } from \"hono\";\nexport const drafts = new Hono();\ndrafts.post(\"/\", async (c) => {\n  const id = c.get(\"user\")?.sub;\n  if (!id) return c.text(\"\", 401);\n  return c.json(await SPEND);\n});\n";
        says("\"hono\": \"4\"", &index, routes)
    };
    let guard = "app.use(async (c, next) => { c.set(\"user\", jwt.verify(c.req.header(\"authorization\"), process.env.S)); await next(); });";
    let mount = "app.route(\"/drafts\", drafts);";
    assert_eq!(hono([guard, mount]), "id");
    assert_eq!(hono([mount, guard]), "-");
    let fastify = |order: [&str; 2]| {
        let index = format!(
            "import Fastify from \"fastify\";\nimport {{ drafts }} from \"./routes.js\";\nconst app = Fastify();\n{}\n{}\napp.listen({{ port: 3000 }});\n",
            order[0], order[1]
        );
        let routes = "export async function drafts(app) {\n  app.post(\"/\", async (request, reply) => {\n    const id = request.account?.sub;\n    if (!id) return reply.code(401).send();\n    return SPEND;\n  });\n}\n";
        says("\"fastify\": \"5\"", &index, routes)
    };
    let guard = "app.addHook(\"preHandler\", async (request) => { request.account = jwt.verify(request.headers.authorization, process.env.S); });";
    let mount = "app.register(drafts, { prefix: \"/drafts\" });";
    assert_eq!(fastify([guard, mount]), "id");
}

#[test]
fn what_says_who_is_there_is_asked_again_where_it_was_not_kept() {
    let code = "from flask import Flask
from flask_jwt_extended import create_access_token, get_jwt_identity, jwt_required
from openai import OpenAI
app = Flask(__name__)
client = OpenAI()
token = create_access_token(identity=user.id)

@app.post('/a')
@jwt_required()
def draft():
    seen = find(get_jwt_identity())
    return client.chat.completions.create(model='m', messages=[]).id
";
    let files = [("requirements.txt", "flask\nflask-jwt-extended\nopenai\n"), ("app.py", code)];
    assert_eq!(payers(&files), ["get_jwt_identity()"]);
}

#[test]
fn an_id_that_may_be_the_senders_is_handed_down_as_nobodys() {
    let app = |lines: &str| {
        let code = format!(
            "from fastapi import Depends, FastAPI, Header
app = FastAPI()

def me(authorization: str = Header()):
    return jwt.decode(authorization, \"s\", algorithms=[\"HS256\"])[\"sub\"]

def draft(owner):
    return SPEND

@app.post(\"/a\")
def write(body: dict, user_id: str = Depends(me)):
{lines}
    return draft(owner)
"
        );
        let requirements = "openai\npyjwt\nfastapi\n";
        let head = "import jwt\nfrom openai import OpenAI\nclient = OpenAI()\n\ndef issue(sub):\n    return jwt.encode({\"sub\": sub}, \"s\")\n\n";
        let code = format!(
            "{head}{}",
            code.replace("SPEND", "client.chat.completions.create(model=\"m\", messages=[])")
        );
        payers(&[("requirements.txt", requirements), ("app.py", code.as_str())]).join(" ")
    };
    assert_eq!(app("    owner = user_id"), "owner");
    for lines in [
        "    if body[\"owner\"]:\n        owner = body[\"owner\"]\n    else:\n        owner = user_id",
        "    try:\n        owner = int(body[\"owner\"])\n    except ValueError:\n        owner = user_id",
    ] {
        assert_ne!(app(lines), "owner", "{lines}");
    }
}
