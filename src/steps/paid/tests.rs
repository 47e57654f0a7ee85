//! Cases around paid calls that no sample app has: where nothing may be inserted, and shapes of a result.

use crate::answers::Answers;
use crate::catalog::Catalog;
use crate::fingerprint::fingerprint;
use crate::resolve::Program;
use crate::sites;
use crate::steps::{Area, Cause, Status, StepContext, StepPlan, all};
use crate::workspace::Workspace;

mod expired;
mod renamed;
mod seen;
mod views;
mod visitors;

const EXPRESS: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9"}}"#,
);
const AUTH: (&str, &str) = (
    "auth.js",
    "const jwt = require('jsonwebtoken');\nexports.sign = (id) => jwt.sign({ id }, 's');\nexports.requireAuth = (req, res, next) => { req.user = jwt.verify(req.get('a'), 's'); next(); };\n",
);

/// Plans one step and gives its plan with the text of a file after it.
pub(in crate::steps) fn plan(files: &[(&str, &str)], area: Area, file: &str) -> (StepPlan, String) {
    plan_with(files, area, file, &Answers::default())
}

/// The same with answers.
fn plan_with(files: &[(&str, &str)], area: Area, file: &str, answers: &Answers) -> (StepPlan, String) {
    plan_of(&Workspace::in_memory(files.iter().copied()), area, file, answers)
}

/// The same of a workspace.
fn plan_of(workspace: &Workspace, area: Area, file: &str, answers: &Answers) -> (StepPlan, String) {
    let catalog = Catalog::embedded().unwrap();
    let found = fingerprint(workspace, &catalog);
    let program = Program::new(workspace);
    let sites = sites::find(&program, &catalog, &found);
    let cx = StepContext {
        workspace,
        program: &program,
        catalog: &catalog,
        app: &found.apps[0],
        sites: &sites,
        answers,
        asked_for: false,
    };
    let step = all().iter().find(|s| s.area() == area).unwrap();
    let plan = step.plan(&cx);
    let outcome = plan.changes.outcome(workspace).unwrap();
    let after = workspace.with_changes(outcome.changes());
    let text = after.text_at(file).map(|t| t.as_str().to_owned()).unwrap_or_default();
    (plan, text)
}

/// An app with one route.
fn app(route: &str) -> String {
    format!(
        "const express = require('express');\nconst OpenAI = require('openai');\nconst {{ requireAuth }} = require('./auth');\nconst ai = new OpenAI();\nconst app = express();\n{route}\n"
    )
}

fn todo_of(plan: &StepPlan) -> String {
    plan.todo.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_route_that_visitors_may_use_gets_no_event_and_no_check() {
    let server = app(
        "app.post('/ask', async (req, res) => {\n  if (req.user) log(req.user.id);\n  const r = await ai.responses.create({ input: 'x' });\n  res.json(r);\n});",
    );
    for area in [Area::Events, Area::Gating] {
        let (plan, text) = plan(&[EXPRESS, AUTH, ("app.js", &server)], area, "app.js");
        assert!(matches!(plan.status, Status::NotApplicable(_)), "{:?}", plan.status);
        assert_eq!(text, server);
        assert!(todo_of(&plan).starts_with("app.js:"), "{}", todo_of(&plan));
    }
}

#[test]
fn a_result_that_is_returned_or_nested_is_bound_first() {
    let server = app(
        "app.post('/ask', requireAuth, async (req, res) => {\n  res.json(await ai.responses.create({ model: 'm', input: req.user.id }));\n});",
    );
    let (_, text) = plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Events, "app.js");
    assert!(text.contains("  const result = await ai.responses.create({ model: 'm', input: req.user.id });\n  await recordUsage({\n"), "{text}");
    assert!(text.contains("    userId: String(req.user.id),\n"), "{text}");
    assert!(text.contains("  });\n  res.json(result);\n"), "{text}");
}

#[test]
fn line_ends_and_quotes_of_the_file_are_kept() {
    let server = app("app.post('/ask', requireAuth, async (req, res) => {\n  const r = await ai.responses.create({ input: req.user.id });\n  res.json(r);\n});").replace('\n', "\r\n");
    let (_, text) = plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Gating, "app.js");
    assert!(text.contains("  if (!balance.ok) {\r\n    res.status(balance.status).json(insufficientBalance(balance));\r\n    return;\r\n  }\r\n"), "{text:?}");
    assert!(!text.replace("\r\n", "").contains('\n'), "no bare line feed was brought in");
    assert!(text.contains("require('./credyt/balance')") || text.contains("/credyt/balance')"), "{text}");
}

#[test]
fn a_refusal_that_would_be_swallowed_is_left_to_a_person() {
    let files = [
        ("requirements.txt", "fastapi\nopenai\npyjwt\n"),
        (
            "main.py",
            "import jwt\nfrom fastapi import Depends, FastAPI, HTTPException\nfrom fastapi.security import OAuth2PasswordBearer\nfrom openai import OpenAI\n\napp = FastAPI()\nclient = OpenAI()\noauth = OAuth2PasswordBearer(tokenUrl=\"t\")\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({\"sub\": user_id}, \"s\")\n\n\ndef current_user_id(token: str = Depends(oauth)) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\ndef ask(user_id: str = Depends(current_user_id)):\n    try:\n        return client.responses.create(model=\"m\", input=\"x\")\n    except Exception:\n        raise HTTPException(500)\n",
        ),
    ];
    let (_, text) = plan(&files, Area::Gating, "main.py");
    let check = text.find("check_balance(").unwrap();
    assert!(check < text.find("    try:").unwrap(), "the check stands in front of the try:\n{text}");
    assert!(text.contains("BillingUser(id=user_id)"), "an id that is text stays as it is:\n{text}");
}

/// A route and a service that is not told who asks.
fn layered(route: &str, service: &str) -> [(&'static str, String); 4] {
    [
        (EXPRESS.0, EXPRESS.1.to_owned()),
        (AUTH.0, AUTH.1.to_owned()),
        (
            "app.js",
            format!(
                "const express = require('express');\nconst {{ requireAuth }} = require('./auth');\nconst {{ sum }} = require('./service');\nconst app = express();\n{route}\n"
            ),
        ),
        ("service.js", format!("const OpenAI = require('openai');\nconst ai = new OpenAI();\n{service}\n")),
    ]
}

fn planned(files: &[(&'static str, String)], file: &str) -> (StepPlan, String) {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    plan(&files, Area::Events, file)
}

const ROUTE: &str = "app.post('/sum', requireAuth, async (req, res) => {\n  log(req.user.id);\n  const text = await sum(req.body.text);\n  res.json(text);\n});";
const SERVICE: &str = "async function sum(input) {\n  const r = await ai.responses.create({ model: 'm', input });\n  return r.output_text;\n}\nexports.sum = sum;";

#[test]
fn a_payer_known_in_the_handler_only_is_named_for_the_time_of_its_call() {
    let files = layered(ROUTE, SERVICE);
    let (plan, app) = planned(&files, "app.js");
    assert!(
        app.contains("const text = await billTo(String(req.user.id), () => sum(req.body.text));"),
        "{app}"
    );
    assert!(plan.todo.iter().all(|todo| todo.cause == Cause::Chore), "{}", todo_of(&plan));
    let (_, service) = planned(&files, "service.js");
    assert!(service.contains("    userId: currentPayer(),\n"), "{service}");
    let (_, usage) = planned(&files, "credyt/usage.js");
    assert!(usage.is_empty() || usage.contains("userId === undefined"), "{usage}");
}

#[test]
fn a_service_that_only_gives_back_the_answer_is_billed_in_the_handler() {
    let service = "exports.sum = async function sum(input) {\n  return await ai.responses.create({ model: 'm', input });\n}";
    let files = layered(ROUTE, service);
    let (_, app) = planned(&files, "app.js");
    assert!(app.contains("...responseTokens(text.usage)"), "{app}");
    assert!(app.contains("model: 'm'") && !app.contains("billTo"), "{app}");
    let (_, text) = planned(&files, "service.js");
    assert!(!text.contains("recordUsage"), "one event for one spend:\n{text}");
}

#[test]
fn every_handler_that_reaches_a_shared_service_names_its_payer() {
    let second = "app.get('/again', requireAuth, async (req, res) => {\n  log(req.user.id);\n  res.json(await sum('x'));\n});\napp.get('/open', async (req, res) => {\n  res.json(await sum('y'));\n});";
    let files = layered(&format!("{ROUTE}\n{second}"), SERVICE);
    let (plan, app) = planned(&files, "app.js");
    assert_eq!(app.matches("billTo(String(req.user.id), () => sum(").count(), 2, "{app}");
    assert!(app.contains("res.json(await sum('y'));"), "nobody is made up for visitors:\n{app}");
    let left = plan.todo.iter().find(|todo| todo.unpaid.is_some()).expect("the open way is left");
    assert!(left.text.starts_with("it is reached through `sum` here, and no expression in scope"), "{left}");
    assert!(left.unmet && left.line == Some(15), "a paid call that is not billed is unmet: {left}");
    assert_eq!(left.key, None, "the handler has no name by which it could be meant");
}

#[test]
fn the_app_may_pay_for_one_way_to_a_paid_call() {
    let jobs = "const { sum } = require('./service');\nexports.digest = async function digest(req, res) {\n  res.json(await sum('all'));\n};\n";
    let app = format!("{ROUTE}\nconst {{ digest }} = require('./jobs');\napp.get('/digest', digest);");
    let mut files = layered(&app, SERVICE).to_vec();
    files.push(("jobs.js", jobs.to_owned()));
    let (before, _) = planned(&files, "app.js");
    let left = before.todo.iter().find(|todo| todo.unpaid.is_some()).expect("nobody is known there");
    let key = left.key.clone().expect("the handler has a name");
    assert_eq!(
        (left.file.as_deref(), key.as_str()),
        (Some("jobs.js"), "events.\"jobs.js#digest\".skip = true")
    );
    files.push(("credyt.toml", "version = 1\n\n[events.\"jobs.js#digest\"]\nskip = true\n".to_owned()));
    let answers = Answers::parse("credyt.toml", &files.last().unwrap().1).unwrap();
    for area in [Area::Events, Area::Gating] {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let (after, _) = plan_with(&files, area, "app.js", &answers);
        assert!(after.todo.iter().all(|todo| todo.unpaid.is_none()), "{}", todo_of(&after));
        assert!(!after.changes.is_empty(), "the other way is billed and held back");
    }
}

#[test]
fn a_script_that_spends_is_told_of() {
    let script = "const { sum } = require('./service');\nsum('all');\n";
    let mut files = layered(ROUTE, SERVICE).to_vec();
    files.push(("nightly.js", script.to_owned()));
    let (plan, _) = planned(&files, "app.js");
    assert!(
        todo_of(&plan).contains("nightly.js:2: no handler of a request was found that gets to `sum` here"),
        "{}",
        todo_of(&plan)
    );
}

#[test]
fn a_stream_that_is_asked_for_the_whole_is_told_of_with_its_place() {
    let server = app(
        "app.post('/ask', requireAuth, async (req, res) => {\n  const stream = ai.responses.stream({ model: 'm', input: req.user.id });\n  const whole = await stream.finalResponse();\n  res.json(whole);\n});",
    );
    let (plan, text) = plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Events, "app.js");
    assert_eq!(text, server);
    assert!(
        todo_of(&plan).contains("its stream is read by `stream.finalResponse` (line 8)"),
        "{}",
        todo_of(&plan)
    );
    assert!(!todo_of(&plan).contains("module"), "no module that is not there is named: {}", todo_of(&plan));
}

#[test]
fn an_id_that_has_the_name_of_its_member_is_not_said_twice() {
    let package =
        ("package.json", r#"{"name": "a", "dependencies": {"next": "15", "openai": "6", "jose": "5"}}"#);
    let auth = (
        "lib/auth.ts",
        "import { jwtVerify } from \"jose\";\n\nexport async function userOf(request: Request): Promise<{ id: string } | null> {\n  const token = request.headers.get(\"authorization\")?.slice(7) ?? \"\";\n  try {\n    const { payload } = await jwtVerify(token, new Uint8Array());\n    return { id: payload.sub as string };\n  } catch {\n    return null;\n  }\n}\n",
    );
    let route = (
        "app/api/a/route.ts",
        "import OpenAI from \"openai\";\nimport { userOf } from \"../../../lib/auth\";\n\nconst ai = new OpenAI();\n\nexport async function POST(request: Request) {\n  const user = await userOf(request);\n  if (!user) return new Response(null, { status: 401 });\n  const { id } = user;\n  const r = await ai.responses.create({ model: \"m\", input: id });\n  return Response.json({ t: r.output_text });\n}\n",
    );
    let (_, text) = plan(&[package, auth, route], Area::Gating, "app/api/a/route.ts");
    assert!(text.contains("checkBalance({ id: user.id }") || text.contains("checkBalance({ id }"), "{text}");
    assert!(!text.contains("{ id: id }"), "{text}");
}

#[test]
fn a_generator_and_a_stored_callback_do_not_carry_a_payer() {
    for service in [
        "async function* sum(input) {\n  const r = await ai.responses.create({ model: 'm', input });\n  yield r.output_text;\n}\nexports.sum = sum;",
        "function sum(input) {\n  return { later: async () => {\n    const r = await ai.responses.create({ model: 'm', input });\n    return r.output_text;\n  } };\n}\nexports.sum = sum;",
    ] {
        let files = layered(ROUTE, service);
        let (_, text) = planned(&files, "service.js");
        assert!(!text.contains("recordUsage"), "{text}");
        let (_, app) = planned(&files, "app.js");
        assert!(!app.contains("billTo"), "{app}");
    }
}

#[test]
fn a_promise_that_is_awaited_later_is_left_to_a_person() {
    for body in [
        "const p = ai.responses.create({ input: req.user.id });\n  res.json(await p);",
        "const [r] = await Promise.all([ai.responses.create({ input: req.user.id })]);\n  res.json(r);",
        "ai.responses.create({ input: req.user.id }).then((r) => res.json(r));",
    ] {
        let server = app(&format!("app.post('/ask', requireAuth, async (req, res) => {{\n  {body}\n}});"));
        let (plan, text) = plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Events, "app.js");
        assert!(!text.contains("recordUsage"), "{text}");
        assert!(todo_of(&plan).contains("awaited elsewhere"), "{}", todo_of(&plan));
    }
}

#[test]
fn python_names_the_payer_around_the_statement() {
    let files = [
        ("requirements.txt", "fastapi\nopenai\npyjwt\n"),
        (
            "service.py",
            "from openai import OpenAI\n\nclient = OpenAI()\n\n\ndef summarise(text: str) -> str:\n    answer = client.responses.create(model=\"m\", input=text)\n    return answer.output_text\n",
        ),
        (
            "main.py",
            "import jwt\nfrom fastapi import Depends, FastAPI\nfrom fastapi.security import OAuth2PasswordBearer\n\nfrom service import summarise\n\napp = FastAPI()\noauth = OAuth2PasswordBearer(tokenUrl=\"t\")\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({\"sub\": user_id}, \"s\")\n\n\ndef current_user_id(token: str = Depends(oauth)) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\ndef ask(text: str, user_id: str = Depends(current_user_id)) -> str:\n    answer = summarise(\n        text,\n    )\n    return answer\n",
        ),
    ];
    let (_, main) = plan(&files, Area::Events, "main.py");
    assert!(
        main.contains("    with bill_to(user_id):\n        answer = summarise(\n            text,\n        )\n    return answer\n"),
        "{main}"
    );
    let (_, service) = plan(&files, Area::Events, "service.py");
    assert!(service.contains("user_id=current_payer(),"), "{service}");
}

/// A service in a file of its own, and the routes that call it.
fn service(routes: &str) -> Vec<(&'static str, String)> {
    let ai = "const OpenAI = require('openai');\nconst client = new OpenAI();\nexports.draft = async (userId, text) => {\n  const r = await client.responses.create({ model: 'm', input: text });\n  return r.output_text;\n};\n";
    let server = app(routes).replacen('\n', "\nconst drafts = require('./drafts');\n", 1);
    vec![
        (EXPRESS.0, EXPRESS.1.to_owned()),
        (AUTH.0, AUTH.1.to_owned()),
        ("drafts.js", ai.to_owned()),
        ("app.js", server),
    ]
}

fn borrowed<'a>(files: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    files.iter().map(|(path, text)| (*path, text.as_str())).collect()
}

#[test]
fn every_handler_that_reaches_a_paid_call_checks_the_balance() {
    let files = service(
        "app.post('/one', requireAuth, async (req, res) => {\n  res.send(await drafts.draft(req.user.id, 'one'));\n});\nconst twice = async (user) => [await drafts.draft(user.id, 'a'), await drafts.draft(user.id, 'b')];\napp.post('/two', requireAuth, async (req, res) => {\n  res.send(await twice(req.user));\n});\napp.post('/open', async (req, res) => {\n  res.send(await drafts.draft('nobody', 'x'));\n});",
    );
    let (plan, text) = plan(&borrowed(&files), Area::Gating, "app.js");
    let check = "await checkBalance({ id: String(req.user.id) }, 0.01);\n";
    assert_eq!(text.matches(check).count(), 2, "{text}");
    assert!(
        text.contains("const twice = async (user) => [await"),
        "only handlers know how to refuse: {text}"
    );
    // The one without sign-in is named, once.
    let todo = todo_of(&plan);
    let open = files[3].1.lines().position(|l| l.contains("'nobody'")).unwrap() + 1;
    assert!(todo.contains(&format!("app.js:{open}")), "{todo}");
    assert_eq!(todo.matches("is not held back").count(), 1, "{todo}");
}

#[test]
fn the_check_stands_before_the_first_of_two_ways_to_spend() {
    let files = service(
        "app.post('/ask', requireAuth, async (req, res) => {\n  if (req.body.short) {\n    return res.send(await drafts.draft(req.user.id, 'short'));\n  }\n  res.send(await drafts.draft(req.user.id, 'long'));\n});",
    );
    let (_, text) = plan(&borrowed(&files), Area::Gating, "app.js");
    let check = text.find("checkBalance({").unwrap();
    assert!(text.find("if (req.body.short)").is_some_and(|branch| branch > check), "{text}");
    assert_eq!(text.matches("await checkBalance(").count(), 1, "{text}");
}

#[test]
fn a_parameter_that_another_caller_fills_from_the_request_does_not_pay() {
    for other in ["req.body.userId", "req.query.userId", "req.params.id"] {
        let files = service(&format!(
            "app.post('/mine', requireAuth, async (req, res) => {{\n  res.send(await drafts.draft(req.user.id, 'x'));\n}});\nconst relay = async (id, res) => res.send(await drafts.draft(id, 'y'));\napp.post('/any/:id', async (req, res) => {{\n  await relay({other}, res);\n}});"
        ));
        let (plan, text) = plan(&borrowed(&files), Area::Events, "drafts.js");
        assert!(text.contains("userId: currentPayer(),"), "{other}: {text}");
        let todo = todo_of(&plan);
        assert!(todo.contains("app.js:"), "{other}: {todo}");
    }
}

const GRAPH: &[(&str, &str)] = &[
    ("requirements.txt", "fastapi==0.121\nlanggraph==1.0\nlangchain-openai==1.0\npyjwt==2.10\n"),
    (
        "auth.py",
        "import jwt\nfrom fastapi import Header\nfrom pydantic import BaseModel\n\n\ndef token_for(user):\n    return jwt.encode({'sub': user}, 's')\n\n\nclass Thread(BaseModel):\n    id: str\n    user_id: str\n    name: str\n\n\ndef current_thread(token: str = Header()) -> Thread:\n    return Thread(**jwt.decode(token, 's', algorithms=['HS256']))\n",
    ),
    (
        "agent.py",
        "from langchain_openai import ChatOpenAI\nfrom langgraph.graph import StateGraph\n\n\nclass Agent:\n    def __init__(self):\n        self.llm = ChatOpenAI(model='m')\n        self.graph = None\n\n    async def talk(self, state):\n        answer = await self.llm.ainvoke(state['messages'])\n        return {'messages': [answer]}\n\n    async def build(self):\n        graph = StateGraph(dict)\n        graph.add_node('talk', self.talk)\n        return graph.compile()\n\n    async def answer(self, messages):\n        graph = await self.build()\n        return await graph.ainvoke({'messages': messages})\n\n    async def history(self, thread):\n        graph = await self.build()\n        return await graph.aget_state(thread)\n",
    ),
    (
        "main.py",
        "from fastapi import Depends, FastAPI\n\nfrom agent import Agent\nfrom auth import Thread, current_thread\n\napp = FastAPI()\nagent = Agent()\n\n\n@app.post('/talk')\nasync def talk(messages: list[str], thread: Thread = Depends(current_thread)):\n    return await agent.answer(messages)\n\n\n@app.get('/history')\nasync def history(thread: Thread = Depends(current_thread)):\n    return await agent.history(thread.id)\n",
    ),
];

#[test]
fn a_node_of_a_graph_is_billed_to_whoever_starts_the_graph() {
    let (_, node) = plan(GRAPH, Area::Events, "agent.py");
    assert!(node.contains("user_id=current_payer(),"), "{node}");
    let (_, routes) = plan(GRAPH, Area::Events, "main.py");
    assert!(
        routes.contains(
            "    with bill_to(str(thread.user_id)):\n        return await agent.answer(messages)\n"
        ),
        "{routes}"
    );
    assert_eq!(routes.matches("bill_to(").count(), 1, "who only reads the state spends nothing: {routes}");
}

#[test]
fn a_handler_that_only_reads_the_state_of_a_graph_is_not_held_back() {
    let (_, routes) = plan(GRAPH, Area::Gating, "main.py");
    assert_eq!(routes.matches("await check_balance(").count(), 1, "{routes}");
    assert!(
        routes.contains("check_balance(BillingUser(id=str(thread.user_id))"),
        "a record's name is not its owner's: {routes}"
    );
}

#[test]
fn a_middleware_that_is_a_member_of_a_module_comes_with_the_module() {
    let guards = "exports.isAuthenticated = (req, res, next) => {\n  if (req.isAuthenticated()) return next();\n  res.redirect('/login');\n};\n";
    let server = "const express = require('express');\nconst passport = require('passport');\nconst OpenAI = require('openai');\nconst guards = require('./guards');\nconst ai = new OpenAI();\nconst app = express();\napp.use(passport.session());\napp.post('/ask', guards.isAuthenticated, async (req, res) => {\n  const r = await ai.responses.create({ model: 'm', input: 'x' });\n  res.json({ r, by: req.user.id });\n});\napp.listen(3000);\n";
    let manifest = r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "passport": "0.7", "passport-local": "1"}}"#;
    let files = [("package.json", manifest), ("guards.js", guards), ("app.js", server)];
    let (plan, route) = plan(&files, Area::Portal, "routes/billing.js");
    assert!(route.contains("const guards = require('../guards');\n"), "{route} {}", todo_of(&plan));
    assert!(route.contains(".get('/portal', guards.isAuthenticated, async (req, res) => {\n"), "{route}");
}

/// A Python package whose modules import each other as the app does.
fn package(import: &str) -> [(&'static str, String); 5] {
    [
        ("requirements.txt", "fastapi\nopenai\npyjwt\n".to_owned()),
        ("shop/__init__.py", String::new()),
        ("shop/ai/__init__.py", String::new()),
        (
            "shop/ai/model.py",
            format!(
                "from openai import OpenAI\n\n{}\n\nclient = OpenAI()\n\n\ndef ask(text: str, who: str) -> str:\n    answer = client.responses.create(model=NAME, input=text)\n    return answer.output_text\n",
                import.replace("{}", "names import NAME").replace("{dots}", "..").replace("{shop}", "shop.")
            ),
        ),
        (
            "shop/main.py",
            format!(
                "import jwt\nfrom fastapi import Depends, FastAPI\n\n{}\n\napp = FastAPI()\n\n\ndef sign(user: str) -> str:\n    return jwt.encode({{\"sub\": user}}, \"s\")\n\n\ndef user_id(token: str) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\ndef a(text: str, user_id: str = Depends(user_id)) -> str:\n    return ask(text, user_id)\n",
                import.replace("{}", "ai.model import ask").replace("{dots}", ".").replace("{shop}", "shop.")
            ),
        ),
    ]
}

#[test]
fn imports_of_helpers_stay_inside_of_a_package_with_relative_imports() {
    let names = ("shop/names.py", "NAME = 'm'\n".to_owned());
    let relative = [package("from {dots}{}").to_vec(), vec![names.clone()]].concat();
    let (plan, text) = planned(&relative, "shop/ai/model.py");
    assert!(text.contains("from ..credyt.usage import record_usage\n"), "{text}\n{}", todo_of(&plan));
    let absolute = [package("from {shop}{}").to_vec(), vec![names]].concat();
    let (_, text) = planned(&absolute, "shop/ai/model.py");
    assert!(text.contains("from shop.credyt.usage import record_usage\n"), "{text}");
}

#[test]
fn an_app_that_is_started_from_the_folder_above_is_imported_by_the_name_of_its_own() {
    let above = tempfile::tempdir().expect("a folder");
    let names = ("shop/names.py", "NAME = 'm'\n".to_owned());
    for (path, text) in package("from {shop}{}").into_iter().chain([names]) {
        let path = above.path().join(path.replace("requirements.txt", "shop/requirements.txt"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let shop = camino::Utf8PathBuf::from_path_buf(above.path().join("shop")).expect("a path");
    let workspace = Workspace::open(&shop).expect("a workspace");
    let (plan, text) = plan_of(&workspace, Area::Events, "ai/model.py", &Answers::default());
    assert!(text.contains("from shop.credyt.usage import record_usage\n"), "{text}\n{}", todo_of(&plan));
    assert!(text.contains("    record_usage(\n        user_id=who,\n"), "{text}");
}

#[test]
fn a_request_through_an_own_function_is_billed_behind_the_check_of_its_answer() {
    let server = "const express = require('express');\nconst { requireAuth } = require('./auth');\nconst app = express();\nasync function withRetries(url, options) {\n  for (let tried = 0; ; tried++) {\n    const answer = await fetch(url, { ...options });\n    if (answer.status < 500 || tried > 2) return answer;\n  }\n}\napp.post('/ask', requireAuth, async (req, res) => {\n  const answer = await withRetries('https://api.openai.com/v1/chat/completions', { method: 'POST' });\n  if (!answer.ok) return res.status(502).json({ by: req.user.id });\n  const data = await answer.json();\n  res.json(data);\n});\n";
    let manifest = r#"{"name": "a", "dependencies": {"express": "5", "jsonwebtoken": "9"}}"#;
    let (plan, text) = plan(&[("package.json", manifest), AUTH, ("app.js", server)], Area::Events, "app.js");
    let expected = "  const data = await answer.json();\n  await recordUsage({\n    userId: String(req.user.id),\n    type: 'completion_finished',\n    data: { ...chatTokens(data.usage) },\n";
    assert!(text.contains(expected), "{text}\n{}", todo_of(&plan));
    assert_eq!(text.matches("recordUsage({").count(), 1, "{text}");
}

#[test]
fn usage_that_the_installed_version_does_not_tell_is_not_read() {
    let app = "import jwt\nimport google.generativeai as genai\nfrom fastapi import Depends, FastAPI\n\napp = FastAPI()\nmodel = genai.GenerativeModel(\"m\")\n\n\ndef sign(user: str) -> str:\n    return jwt.encode({\"sub\": user}, \"s\")\n\n\ndef user_id(token: str) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\ndef a(text: str, user_id: str = Depends(user_id)) -> str:\n    answer = model.generate_content(text)\n    return answer.text\n";
    for (version, data) in
        [("0.3.2", "{\"requests\": 1}"), ("0.5.4", "gemini_usage_tokens(answer.usage_metadata)")]
    {
        let manifest = format!("fastapi\npyjwt\ngoogle-generativeai=={version}\n");
        let (plan, text) = plan(&[("requirements.txt", &manifest), ("app.py", app)], Area::Events, "app.py");
        assert!(text.contains(data), "{version}\n{text}\n{}", todo_of(&plan));
    }
}

#[test]
fn a_hook_keeps_its_docstring_on_top() {
    let hook = |body: &str| {
        format!(
            "from allauth.account.signals import user_signed_up\nfrom django.dispatch import receiver\n\n\n@receiver(user_signed_up)\ndef welcome(request, user, **kwargs):\n    \"\"\"Greets.\"\"\"\n{body}"
        )
    };
    let settings = "INSTALLED_APPS = ['django.contrib.auth', 'allauth', 'allauth.account', 'shop']\n";
    for body in ["    greet(user)\n", ""] {
        let files = [
            ("requirements.txt", "django\ndjango-allauth\nopenai\n"),
            ("manage.py", "import django\n"),
            ("core/settings.py", settings),
            ("shop/signals.py", &hook(body)),
        ];
        let (plan, text) = plan(&files, Area::Customer, "shop/signals.py");
        let expected = "    \"\"\"Greets.\"\"\"\n    register_customer(";
        assert!(text.contains(expected), "{text}\n{}", todo_of(&plan));
    }
}

#[test]
fn a_package_of_the_workspace_does_not_import_from_the_app() {
    let files = [
        ("package.json", r#"{"workspaces": ["apps/*", "packages/*"]}"#),
        (
            "apps/api/package.json",
            r#"{"name": "api", "dependencies": {"express": "5", "jsonwebtoken": "9", "ai": "workspace:*"}}"#,
        ),
        (
            "packages/ai/package.json",
            r#"{"name": "ai", "main": "index.js", "dependencies": {"openai": "6"}}"#,
        ),
        (
            "packages/ai/index.js",
            "const OpenAI = require('openai');\nconst ai = new OpenAI();\nexports.ask = async (who) => {\n  const r = await ai.responses.create({ input: who });\n  return r.output_text;\n};\n",
        ),
        ("apps/api/auth.js", AUTH.1),
        (
            "apps/api/app.js",
            "const app = require('express')();\nconst { ask } = require('ai');\nconst { requireAuth } = require('./auth');\napp.post('/ask', requireAuth, async (req, res) => {\n  res.json(await ask(req.user.id));\n});\n",
        ),
    ];
    let (plan, text) = plan(&files, Area::Events, "packages/ai/index.js");
    assert!(!text.contains("recordUsage"), "{text}");
    assert!(todo_of(&plan).contains("is a package of its own"), "{}", todo_of(&plan));
}

#[test]
fn a_raw_request_is_recorded_once_it_is_known_to_have_succeeded() {
    let route = |body: &str| {
        app(&format!(
            "app.post('/ask', requireAuth, async (req, res) => {{\n  const {{ id }} = req.user;\n{body}\n}});"
        ))
    };
    let fetch = "  const r = await fetch('https://api.openai.com/v1/responses', { method: 'POST' });\n";
    let seen = |body: &str| plan(&[EXPRESS, AUTH, ("app.js", &route(body))], Area::Events, "app.js").1;
    let checked = seen(&format!("{fetch}  if (!r.ok) throw new Error('down');\n  res.json(await r.json());"));
    assert!(checked.contains("const data = await r.json();\n  await recordUsage({"), "{checked}");
    assert!(checked.contains("  res.json(data);"), "{checked}");
    let unchecked = seen(&format!("{fetch}  res.json(await r.json());"));
    assert!(unchecked.contains("  if (r.ok) {\n    await recordUsage({"), "{unchecked}");
    let nested =
        seen(&fetch.replace("const r = await", "res.json(await (await").replace(");\n", ")).json());"));
    assert!(nested.contains("  if (response.ok) {\n    await recordUsage({"), "{nested}");
}

#[test]
fn a_raw_request_is_billed_by_the_numbers_of_the_json_that_the_app_reads() {
    let route = |body: &str| {
        app(&format!(
            "app.post('/ask', requireAuth, async (req, res) => {{\n  const {{ id }} = req.user;\n{body}\n  res.json(data);\n}});"
        ))
    };
    let fetch = "  const r = await fetch('https://api.openai.com/v1/responses', { method: 'POST' });\n";
    let seen = |body: &str| plan(&[EXPRESS, AUTH, ("app.js", &route(body))], Area::Events, "app.js").1;
    let numbers = "data: { ...responseTokens(data.usage) },";
    let checked =
        seen(&format!("{fetch}  if (!r.ok) throw new Error('down');\n  const data = await r.json();"));
    assert!(checked.contains("const data = await r.json();\n  await recordUsage({"), "{checked}");
    assert!(checked.contains(numbers), "{checked}");
    let unchecked = seen(&format!("{fetch}  const data = await r.json();"));
    assert!(unchecked.contains("await r.json();\n  if (r.ok) {\n    await recordUsage({"), "{unchecked}");
    assert!(unchecked.contains(numbers), "{unchecked}");
    let elsewhere = seen(&format!("{fetch}  let data;\n  if (r.ok) {{\n    data = await r.json();\n  }}"));
    assert!(elsewhere.contains("  if (r.ok) {\n    await recordUsage({"), "{elsewhere}");
    assert!(!elsewhere.contains("responseTokens"), "{elsewhere}");
}

/// A FastAPI app with one endpoint that asks a provider by `httpx` or `requests`.
fn python_request(client: &str, body: &str) -> String {
    let main = format!(
        "import jwt\nimport {client}\nfrom fastapi import Depends, FastAPI\nfrom fastapi.security import OAuth2PasswordBearer\n\napp = FastAPI()\noauth = OAuth2PasswordBearer(tokenUrl=\"t\")\nMODEL = \"gpt-5-mini\"\nURL = \"https://api.openai.com/v1/chat/completions\"\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({{\"sub\": user_id}}, \"s\")\n\n\ndef current_user_id(token: str = Depends(oauth)) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\ndef ask(user_id: str = Depends(current_user_id)):\n{body}"
    );
    let files = [("requirements.txt", "fastapi\nhttpx\nrequests\npyjwt\n"), ("main.py", &main)];
    plan(&files, Area::Events, "main.py").1
}

#[test]
fn the_json_of_a_failed_answer_is_not_billed() {
    let failed = [
        ("httpx", "reply.is_error"),
        ("requests", "not reply.ok"),
        ("httpx", "reply.status_code != 200"),
        ("requests", "reply.status_code >= 400"),
    ];
    for (client, condition) in failed {
        let text = python_request(
            client,
            &format!(
                "    reply = {client}.post(URL, json={{\"model\": MODEL}})\n    if {condition}:\n        try:\n            detail = reply.json()\n        except ValueError:\n            detail = reply.text\n        raise RuntimeError(detail)\n    return reply.json()\n"
            ),
        );
        assert!(
            text.contains("        raise RuntimeError(detail)\n    data = reply.json()\n    record_usage("),
            "{text}"
        );
        assert!(text.contains("**chat_tokens(data.get(\"usage\")), \"model\": MODEL}"), "{text}");
        assert!(text.ends_with("    )\n    return data\n"), "{text}");
    }
}

#[test]
fn json_that_is_read_where_the_answer_succeeded_is_billed_there() {
    let text = python_request(
        "requests",
        "    reply = requests.post(URL, json={\"model\": \"m\"})\n    if reply.status_code == 200:\n        return reply.json()[\"choices\"]\n    return reply.json()[\"error\"]\n",
    );
    assert!(text.contains("        data = reply.json()\n        record_usage("), "{text}");
    assert!(
        text.contains("        return data[\"choices\"]\n    return reply.json()[\"error\"]\n"),
        "{text}"
    );
    assert!(!text.contains("if reply.ok"), "the code has asked already:\n{text}");
}

#[test]
fn each_request_is_billed_by_its_own_answer() {
    let one = "    reply = requests.post(URL, json=asked)\n    reply.raise_for_status()\n";
    let text = python_request(
        "requests",
        &format!(
            "    asked = {{\"model\": MODEL}}\n{one}    first = reply.json()\n{one}    second = reply.json()\n    return [first, second]\n"
        ),
    );
    for answer in ["first", "second"] {
        let event = format!("{answer} = reply.json()\n    record_usage(");
        assert!(text.contains(&event), "{text}");
        assert!(text.contains(&format!("chat_tokens({answer}.get(\"usage\")), \"model\": MODEL")), "{text}");
    }
}

#[test]
fn the_model_of_a_request_is_that_of_its_body() {
    let route = |options: &str| {
        app(&format!(
            "app.post('/ask', requireAuth, async (req, res) => {{\n  const {{ id }} = req.user;\n  const model = 'gpt-5';\n  const r = await fetch('https://api.openai.com/v1/responses', {options});\n  if (!r.ok) throw new Error('down');\n  return r.json();\n}});"
        ))
    };
    let seen = |options: &str| plan(&[EXPRESS, AUTH, ("app.js", &route(options))], Area::Events, "app.js").1;
    let text = seen("{ method: 'POST', body: JSON.stringify({ model, input: id }) }");
    assert!(text.contains("const data = await r.json();\n  await recordUsage({"), "{text}");
    assert!(
        text.contains("data: { ...responseTokens(data.usage), model },") || text.contains("model: model }"),
        "{text}"
    );
    assert!(text.contains("  return data;\n"), "{text}");
    let text = seen("{ method: 'POST', body: JSON.stringify({ model: pick(), input: id }) }");
    assert!(text.contains("data: { ...responseTokens(data.usage) },"), "{text}");
}

#[test]
fn a_json_answer_with_a_type_of_its_own_is_counted_only() {
    let manifest = r#"{"name": "a", "dependencies": {"express": "5", "axios": "1", "openai": "6", "jsonwebtoken": "9"}}"#;
    let server = |request: &str| {
        format!(
            "import axios from 'axios';\nimport express from 'express';\nimport {{ requireAuth }} from './auth';\nconst app = express();\napp.post('/ask', requireAuth, async (req, res) => {{\n  const {{ id }} = req.user;\n  {request}\n  res.json(data);\n}});\n"
        )
    };
    let seen = |request: &str| {
        let files = [("package.json", manifest), AUTH, ("app.ts", &server(request))];
        let (plan, text) = plan(&files, Area::Events, "app.ts");
        format!("{text}\n{}", todo_of(&plan))
    };
    let plain = seen("const { data } = await axios.post('https://api.openai.com/v1/responses', {});");
    assert!(plain.contains("...responseTokens(data.usage)"), "{plain}");
    let typed = seen("const { data } = await axios.post<Answer>('https://api.openai.com/v1/responses', {});");
    assert!(typed.contains("recordUsage") && !typed.contains("responseTokens"), "{typed}");
}

#[test]
fn a_count_that_is_a_member_of_an_argument_is_counted() {
    let server = "const express = require('express');\nconst Replicate = require('replicate');\nconst { requireAuth } = require('./auth');\nconst ai = new Replicate();\nconst app = express();\napp.post('/image', requireAuth, async (req, res) => {\n  const { n } = req.body;\n  const urls = await ai.run('a/image', { input: { prompt: req.user.id, num_outputs: n } });\n  res.json(urls);\n});\n";
    let manifest =
        ("package.json", r#"{"dependencies": {"express": "5", "replicate": "1", "jsonwebtoken": "9"}}"#);
    let (_, text) = plan(&[manifest, AUTH, ("app.js", server)], Area::Events, "app.js");
    assert!(text.contains("images: n,") || text.contains("images: n "), "{text}");
}

#[test]
fn the_check_stands_before_what_the_handler_writes() {
    let manifest = r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9", "@prisma/client": "7"}}"#;
    let server = app(
        "app.post('/ask', requireAuth, async (req, res) => {\n  const text = String(req.body.text);\n  const chat = await db.chat.create({ data: { text } });\n  const r = await ai.responses.create({ model: 'm', input: text });\n  res.json({ r, chat, by: req.user.id });\n});",
    );
    let (_, text) = plan(&[("package.json", manifest), AUTH, ("app.js", &server)], Area::Gating, "app.js");
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(at("String(req.body.text)") < at("checkBalance({"), "{text}");
    assert!(at("checkBalance({") < at("db.chat.create("), "{text}");
}

#[test]
fn the_check_stands_before_what_the_handlers_functions_write() {
    let manifest = r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9", "@prisma/client": "7"}}"#;
    let server = app(
        "async function take(id) {\n  await charge(id);\n}\nasync function charge(id) {\n  await db.user.update({ where: { id }, data: { credits: { decrement: 1 } } });\n}\napp.post('/ask', requireAuth, async (req, res) => {\n  const text = String(req.body.text);\n  await take(req.user.id);\n  const r = await ai.responses.create({ model: 'm', input: text });\n  res.json({ r });\n});",
    );
    let (_, text) = plan(&[("package.json", manifest), AUTH, ("app.js", &server)], Area::Gating, "app.js");
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(at("String(req.body.text)") < at("checkBalance({"), "{text}");
    assert!(at("checkBalance({") < at("await take(req.user.id)"), "{text}");
}

#[test]
fn a_payer_is_still_named_inside_of_a_transaction() {
    let manifest = r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9", "@prisma/client": "7"}}"#;
    let inside = |run: &str| {
        let service = format!(
            "async function sum(input) {{\n  return db.{run}(async (tx) => {{\n    const r = await ai.responses.create({{ model: 'm', input }});\n    return tx.note.create({{ data: {{ text: r.output_text }} }});\n  }});\n}}\nexports.sum = sum;"
        );
        let mut files = layered(ROUTE, &service);
        files[0].1 = manifest.to_owned();
        let (_, service) = planned(&files, "service.js");
        let (_, app) = planned(&files, "app.js");
        (service.contains("userId: currentPayer(),"), app.contains("billTo(String(req.user.id), () => sum("))
    };
    assert_eq!(inside("$transaction"), (true, true));
    // Nobody knows when this one runs what it is given.
    assert_eq!(inside("$whenever"), (false, false));
}

#[test]
fn the_modules_are_plain_where_most_paid_calls_are() {
    let helper = |word: &str, wait: &str, client: &str| {
        format!(
            "from openai import {client}\n\nclient = {client}()\n\n\n{word}def summarise(text: str) -> str:\n    answer = {wait}client.responses.create(model=\"m\", input=text)\n    return answer.output_text\n"
        )
    };
    let main = |wait: &str| {
        format!(
            "import jwt\nfrom fastapi import Depends, FastAPI\nfrom fastapi.security import OAuth2PasswordBearer\n\nfrom service import summarise\n\napp = FastAPI()\noauth = OAuth2PasswordBearer(tokenUrl=\"t\")\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({{\"sub\": user_id}}, \"s\")\n\n\ndef current_user_id(token: str = Depends(oauth)) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\nasync def ask(text: str, user_id: str = Depends(current_user_id)) -> str:\n    answer = {wait}summarise(text)\n    return answer\n"
        )
    };
    let manifest = ("requirements.txt", "fastapi\nopenai\npyjwt\n");
    let (service, caller) = (helper("", "", "OpenAI"), main(""));
    let files = [manifest, ("service.py", service.as_str()), ("main.py", caller.as_str())];
    let (planned, text) = plan(&files, Area::Events, "service.py");
    assert!(text.contains("\n    record_usage("), "{text} {}", todo_of(&planned));
    let (service, caller) = (helper("async ", "await ", "AsyncOpenAI"), main("await "));
    let files = [manifest, ("service.py", service.as_str()), ("main.py", caller.as_str())];
    let (_, text) = plan(&files, Area::Events, "service.py");
    assert!(text.contains("\n    await record_usage("), "{text}");
}

#[test]
fn a_page_of_tags_shows_the_balance_beside_its_links() {
    let manifest = r#"{"name": "a", "dependencies": {"express": "5", "ejs": "3", "openai": "6", "passport": "0.7", "passport-local": "1"}}"#;
    let guards = "exports.isAuthenticated = (req, res, next) => {\n  if (req.isAuthenticated()) return next();\n  res.redirect('/login');\n};\n";
    let server = "const express = require('express');\nconst passport = require('passport');\nconst OpenAI = require('openai');\nconst guards = require('./guards');\nconst ai = new OpenAI();\nconst app = express();\napp.use(passport.session());\napp.post('/ask', guards.isAuthenticated, async (req, res) => {\n  const r = await ai.responses.create({ model: 'm', input: 'x' });\n  res.json({ r, by: req.user.id });\n});\napp.listen(3000);\n";
    let header = "<nav>\n  <a class=\"link\" href=\"/account\">Account</a>\n  <a class=\"link\" href=\"/logout\">Log out</a>\n</nav>\n";
    let files =
        [("package.json", manifest), ("guards.js", guards), ("app.js", server), ("views/header.ejs", header)];
    let (plan, page) = plan(&files, Area::Balance, "views/header.ejs");
    assert!(
        page.contains("  <span class=\"link\" id=\"credyt-balance\"></span>\n  <script>\n"),
        "{page} {}",
        todo_of(&plan)
    );
    assert!(page.contains("addEventListener(\"focus\", showBalance);\n    }\n  </script>\n"), "{page}");
}

#[test]
fn a_job_is_billed_behind_the_wait_for_it_and_only_when_it_has_succeeded() {
    let server = |body: &str| {
        format!(
            "const express = require('express');\nconst Replicate = require('replicate');\nconst {{ requireAuth }} = require('./auth');\nconst replicate = new Replicate();\nconst app = express();\napp.post('/poster', requireAuth, async (req, res) => {{\n  log(req.user.id);\n{body}\n}});\n"
        )
    };
    let manifest =
        r#"{"name": "a", "dependencies": {"express": "5", "replicate": "1", "jsonwebtoken": "9"}}"#;
    let seen = |body: &str| {
        let files = [("package.json", manifest), AUTH, ("app.js", &server(body))];
        let (plan, text) = plan(&files, Area::Events, "app.js");
        (todo_of(&plan), text)
    };
    let start = "  let job = await replicate.predictions.create({ model: 'a/b', input: { prompt: 'x' } });\n";
    let wait = "  job = await replicate.wait(job);\n";
    let (_, text) = seen(&format!("{start}{wait}  res.json(job);"));
    assert!(
        text.contains("wait(job);\n  if (job.status === 'succeeded') {\n    await recordUsage({\n"),
        "{text}"
    );
    assert!(text.contains("id: job.id"), "{text}");
    let check = "  if (job.status !== 'succeeded') return res.status(502).end();\n";
    let (_, text) = seen(&format!("{start}{wait}{check}  res.json(job);"));
    assert!(text.contains(".end();\n  await recordUsage({\n"), "{text}");
    let (todo, text) = seen(&format!("{start}  res.status(202).json(job);"));
    assert!(!text.contains("recordUsage"), "{text}");
    assert!(todo.contains("it starts a job that may still fail"), "{todo}");
}

#[test]
fn a_chain_is_billed_by_what_a_handler_hears_of_its_model_calls() {
    let files = |body: &str| {
        [
            ("requirements.txt".to_owned(), "fastapi\nlangchain-openai\npyjwt\n".to_owned()),
            (
                "main.py".to_owned(),
                format!(
                    "import jwt\nfrom fastapi import Depends, FastAPI\nfrom fastapi.security import OAuth2PasswordBearer\nfrom langchain_core.output_parsers import StrOutputParser\nfrom langchain_core.prompts import ChatPromptTemplate\nfrom langchain_openai import ChatOpenAI\n\napp = FastAPI()\nchain = ChatPromptTemplate.from_template(\"{{q}}\") | ChatOpenAI(model=\"gpt-4o-mini\") | StrOutputParser()\noauth = OAuth2PasswordBearer(tokenUrl=\"t\")\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({{\"sub\": user_id}}, \"s\")\n\n\ndef current_user_id(token: str = Depends(oauth)) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\ndef ask(user_id: str = Depends(current_user_id)):\n{body}\n"
                ),
            ),
        ]
    };
    let seen = |body: &str| {
        let files = files(body);
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let (plan, text) = plan(&files, Area::Events, "main.py");
        // The module that has the handler is written with what it calls.
        assert!(
            !text.contains("ChainListener") || plan.changes.paths().iter().any(|p| p.ends_with("tokens.py"))
        );
        (todo_of(&plan), text)
    };
    let (_, text) = seen("    answer = chain.invoke({\"q\": \"x\"})\n    return answer");
    assert!(text.contains("    usage = ChainListener()\n    answer = chain.invoke({\"q\": \"x\"}, config={\"callbacks\": [usage]})\n"), "{text}");
    assert!(text.contains("**usage.tokens()") && !text.contains("getattr"), "{text}");
    let (_, text) = seen("    return chain.invoke({\"q\": \"x\"}, config={\"tags\": [\"a\"]})");
    assert!(text.contains("config={\"callbacks\": [usage], \"tags\": [\"a\"]}"), "{text}");
    let (todo, text) = seen("    made = {\"messages\": [chain.invoke({\"q\": \"x\"})]}\n    return made");
    assert!(text.contains("    usage = ChainListener()\n    result = chain.invoke({\"q\": \"x\"}, config={\"callbacks\": [usage]})\n"), "{todo}{text}");
    assert!(text.contains("    made = {\"messages\": [result]}\n"), "{text}");
    let (todo, text) = seen("    return chain.invoke({\"q\": \"x\"}, config=settings())");
    assert!(!text.contains("record_usage") && todo.contains("its `config` is made elsewhere"), "{todo}");
}

#[test]
fn what_a_stream_sends_to_the_model_reaches_the_estimate() {
    let server = app(
        "app.post('/ask', requireAuth, async (req, res) => {\n  const { messages } = req.body;\n  log(req.user.id);\n  const stream = await ai.chat.completions.create({ model: 'm', messages: [{ role: 'system', content: RULES }, ...messages.map(plain)], stream: true });\n  for await (const part of stream) res.write(part);\n  res.end();\n});",
    );
    let (_, text) = plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Events, "app.js");
    assert!(text.contains("prompt: [RULES, messages]"), "{text}");
}

#[test]
fn usage_that_a_stream_was_told_not_to_tell_is_switched_on() {
    let seen = |options: &str| {
        let server = app(&format!(
            "app.post('/ask', requireAuth, async (req, res) => {{\n  log(req.user.id);\n  const stream = await ai.chat.completions.create({{ model: 'm', messages: [], stream: true{options} }});\n  for await (const part of stream) res.write(part);\n  res.end();\n}});"
        ));
        plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Events, "app.js").1
    };
    for (options, asked) in [
        ("", "stream: true, stream_options: { include_usage: true } }"),
        (
            ", stream_options: { include_usage: false }",
            "stream: true, stream_options: { include_usage: true } }",
        ),
        (
            ", stream_options: { include_usage: wanted }",
            "stream: true, stream_options: { include_usage: wanted } }",
        ),
    ] {
        let text = seen(options);
        assert!(text.contains(asked), "{text}");
    }
}

#[test]
fn a_package_that_spends_and_of_which_no_call_was_found_is_told() {
    let told = |head: &str, call: &str| {
        let server = format!(
            "const express = require('express');\n{head}\nconst {{ requireAuth }} = require('./auth');\nconst app = express();\napp.post('/ask', requireAuth, async (req, res) => {{\n  const id = req.user.id;\n  res.json(await {call});\n}});\n"
        );
        let (plan, _) = plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Events, "app.js");
        plan.todo
            .iter()
            .filter(|t| t.to_string().contains("imports"))
            .map(|t| (t.unmet, t.to_string()))
            .collect::<Vec<_>>()
    };
    let hidden = told("const OpenAI = require('openai');\nconst ai = make(OpenAI);", "ai.ask('x')");
    let [(true, text)] = hidden.as_slice() else { panic!("{hidden:?}") };
    assert!(
        text.starts_with("app.js:2: the app imports `openai` here, and no call that it makes was found"),
        "{text}"
    );
    let unknown = told("const { genkit } = require('genkit');\nconst ai = genkit({});", "ai.generate('x')");
    assert!(unknown[0].1.contains("of whose calls nothing is known here"), "{unknown:?}");
    let found = told(
        "const OpenAI = require('openai');\nconst ai = new OpenAI();",
        "ai.responses.create({ input: 'x' })",
    );
    assert_eq!(found, []);
}
