//! Every paid call of an app ends as billed, as free with the reason, or in `todo`.

use crate::steps::paid::tests::plan;
use crate::steps::{Area, Cause, StepPlan, Todo};

const PACKAGE: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9", "stripe": "18"}}"#,
);
const AUTH: (&str, &str) = (
    "auth.js",
    "const jwt = require('jsonwebtoken');\nexports.sign = (id) => jwt.sign({ id }, 's');\nexports.requireAuth = (req, res, next) => { req.user = jwt.verify(req.get('a'), 's'); next(); };\nexports.onlyAllowed = (req, res, next) => { if (!jwt.verify(req.get('a'), 's')) return res.sendStatus(401); next(); };\n",
);

fn events(server: &str) -> StepPlan {
    let server = format!(
        "const express = require('express');\nconst OpenAI = require('openai');\nconst {{ requireAuth, onlyAllowed }} = require('./auth');\nconst ai = new OpenAI();\nconst app = express();\n{server}\n"
    );
    plan(&[PACKAGE, AUTH, ("app.js", &server)], Area::Events, "app.js").0
}

fn unpaid(plan: &StepPlan) -> Vec<&Todo> {
    plan.todo.iter().filter(|todo| todo.unpaid.is_some()).collect()
}

#[test]
fn a_method_that_is_not_known_is_told_and_a_free_one_is_not() {
    let plan = events(
        "app.post('/x', requireAuth, async (req, res) => {\n  log(req.user.id);\n  await ai.models.list();\n  const made = await ai.holograms.generate({ prompt: 'x' });\n  res.json(made);\n});",
    );
    let left = unpaid(&plan);
    let [only] = left.as_slice() else { panic!("{:#?}", plan.todo) };
    assert_eq!((only.cause, only.unmet, only.line), (Cause::UnknownCall, true, Some(9)));
    assert!(
        only.to_string().starts_with("app.js:9: `ai.holograms.generate` is not billed and not held back:"),
        "{only}"
    );
}

#[test]
fn a_handler_behind_a_guard_is_not_told_to_add_sign_in() {
    let route = |guard: &str| {
        format!(
            "app.post('/x', {guard}async (req, res) => {{\n  const r = await ai.responses.create({{ input: req.body.userId }});\n  res.json(r);\n}});"
        )
    };
    let guarded = events(&route("onlyAllowed, "));
    let text = unpaid(&guarded).iter().map(ToString::to_string).collect::<String>();
    assert!(text.contains("`onlyAllowed` (app.js:6)") && !text.contains("add sign-in"), "{text}");
    let open = events(&route(""));
    let text = unpaid(&open).iter().map(ToString::to_string).collect::<String>();
    assert!(text.contains("add sign-in"), "{text}");
}

#[test]
fn a_call_that_nobody_asks_for_is_left_and_no_step_says_that_there_was_none() {
    let plan = events("setInterval(async () => {\n  await ai.responses.create({ input: 'x' });\n}, 1000);");
    let left = unpaid(&plan);
    assert_eq!(left.len(), 1, "{:#?}", plan.todo);
    assert_eq!(left[0].key.as_deref().map(|key| key.ends_with("skip = true")), Some(true));
    assert!(
        !format!("{:?}", plan.status).contains("no call that spends money was found"),
        "{:?}",
        plan.status
    );
}

#[test]
fn a_model_on_this_machine_is_free_and_said_to_be() {
    let plan = events(
        "const own = new OpenAI({ baseURL: 'http://localhost:11434/v1' });\napp.post('/x', requireAuth, async (req, res) => {\n  log(req.user.id);\n  res.json(await own.responses.create({ input: 'x' }));\n});",
    );
    assert!(unpaid(&plan).is_empty(), "{:#?}", plan.todo);
    assert!(plan.notes.iter().any(|note| note.contains("nobody charges for it")), "{:?}", plan.notes);
}

#[test]
fn the_apps_own_credits_and_plans_are_named() {
    let plan = events(
        "const Stripe = require('stripe');\nconst stripe = new Stripe('k');\napp.post('/x', requireAuth, async (req, res) => {\n  await db.user.update({ where: { id: req.user.id }, data: { credits: { decrement: 1 } } });\n  res.json(await ai.responses.create({ input: 'x' }));\n});\napp.post('/buy', async (req, res) => res.json(await stripe.checkout.sessions.create({})));",
    );
    let own: Vec<_> = plan.todo.iter().filter(|todo| todo.cause == Cause::OwnMoney).collect();
    assert_eq!(own.iter().filter_map(|todo| todo.line).collect::<Vec<_>>(), [9, 12], "{own:#?}");
    assert!(own[0].text.contains("`credits`, plans sold through Stripe") && !own[0].unmet, "{}", own[0].text);
}

#[test]
fn a_router_made_with_a_guard_and_a_class_that_is_called_stand_in_front() {
    let main = "import jwt\nfrom fastapi import APIRouter, Depends, FastAPI, Header\nfrom openai import OpenAI\n\napp = FastAPI()\nclient = OpenAI()\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({\"sub\": user_id}, \"s\")\n\n\ndef check(authorization: str = Header()) -> None:\n    jwt.decode(authorization, \"s\", algorithms=[\"HS256\"])\n\n\nclass Checked:\n    def __call__(self, authorization: str = Header()) -> None:\n        check(authorization)\n\n\nguarded = APIRouter(dependencies=[Depends(check)])\n\n\n@guarded.post(\"/a\")\ndef a(text: str):\n    return client.responses.create(model=\"m\", input=text)\n\n\n@app.post(\"/b\")\ndef b(text: str, _checked: None = Depends(Checked())):\n    return client.responses.create(model=\"m\", input=text)\n\n\napp.include_router(guarded)\n";
    let files = [("requirements.txt", "fastapi==0.115.0\nopenai==1.50.0\npyjwt==2.9.0\n"), ("main.py", main)];
    let plan = plan(&files, Area::Events, "main.py").0;
    let text = unpaid(&plan).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("`check` (main.py:22)") && text.contains("`Checked` (main.py:31)"), "{text}");
    assert!(!text.contains("add sign-in"), "{text}");
}

#[test]
fn a_middleware_of_the_whole_app_stands_in_front_of_each_of_its_routes() {
    let main = "import jwt\nfrom fastapi import FastAPI\nfrom openai import OpenAI\nfrom starlette.middleware.base import BaseHTTPMiddleware\n\napp = FastAPI()\nclient = OpenAI()\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({\"sub\": user_id}, \"s\")\n\n\nclass SignedIn(BaseHTTPMiddleware):\n    async def dispatch(self, request, call_next):\n        jwt.decode(request.headers[\"authorization\"], \"s\", algorithms=[\"HS256\"])\n        return await call_next(request)\n\n\napp.add_middleware(SignedIn)\n\n\n@app.post(\"/a\")\ndef a(text: str):\n    return client.responses.create(model=\"m\", input=text)\n";
    let files = [("requirements.txt", "fastapi==0.115.0\nopenai==1.50.0\npyjwt==2.9.0\n"), ("main.py", main)];
    let plan = plan(&files, Area::Events, "main.py").0;
    let [only] = unpaid(&plan)[..] else { panic!("{:#?}", plan.todo) };
    assert!(only.to_string().contains("it is behind `SignedIn` (main.py:20)"), "{only}");
}

#[test]
fn advice_names_what_is_filled_on_the_way_to_that_handler_only() {
    let guards = "function owner(req, res, next) { req.ownerId = jwt.verify(req.get('a'), 's').id; next(); }\nfunction member(req, res, next) { jwt.verify(req.get('b'), 's'); next(); }\n";
    let route = |guard: &str, log: &str| {
        format!(
            "app.post('/{guard}', {guard}, async (req, res) => {{\n  {log}res.json(await ai.responses.create({{ input: 'x' }}));\n}});\n"
        )
    };
    let plan = events(&format!(
        "const jwt = require('jsonwebtoken');\n{guards}{}{}",
        route("owner", "log(req.ownerId);\n  "),
        route("member", "")
    ));
    let text = unpaid(&plan).iter().map(ToString::to_string).collect::<String>();
    assert!(!text.contains("can be had with"), "{text}");
    assert!(
        text.contains("other handlers have `req.ownerId` (app.js), which `owner` fills, and that is not in front of this one; hand the user's id down to it"),
        "{text}"
    );
}
