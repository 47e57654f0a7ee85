//! Where a check of the balance stands, how it refuses, and whose calls it holds back: small apps, one question each.

use crate::steps::Area;
use crate::steps::paid::tests::plan;

const NEXT: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "@clerk/nextjs": "6", "openai": "6", "@prisma/client": "6"}, "devDependencies": {"typescript": "5"}}"#,
);
const OPENAI: (&str, &str) =
    ("lib/openai.ts", "import OpenAI from \"openai\";\nexport const openai = new OpenAI();\n");
const PAGE: (&str, &str) = ("app/page.tsx", "export default function Page() {\n  return <main />;\n}\n");
const CALL: &str = "await openai.responses.create({ model: \"gpt-5-mini\", input: text })";

/// The text of one file after the step, and what is left.
fn gated(files: &[(&str, &str)], file: &str) -> (String, String) {
    let (plan, text) = plan(files, Area::Gating, file);
    let todo = plan.todo.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    (text, todo)
}

fn next(path: &str, code: &str) -> (String, String) {
    let code = format!(
        "import {{ auth }} from \"@clerk/nextjs/server\";\nimport {{ NextResponse }} from \"next/server\";\nimport {{ openai }} from \"@/lib/openai\";\n\n{code}"
    );
    let config = ("tsconfig.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}");
    gated(&[NEXT, OPENAI, PAGE, config, (path, &code)], path)
}

fn route(answer: &str, refusal: &str) -> String {
    format!(
        "export async function POST(request: Request){answer} {{\n  const {{ userId }} = await auth();\n  if (!userId) {{\n    return {refusal};\n  }}\n  const {{ text }} = await request.json();\n  const made = {CALL};\n  return NextResponse.json({{ text: made.output_text }});\n}}\n"
    )
}

fn action(head: &str, refusal: &str, answer: &str) -> String {
    format!(
        "\"use server\";\n\nimport {{ auth }} from \"@clerk/nextjs/server\";\nimport {{ openai }} from \"@/lib/openai\";\n\nexport async function write(text: string){head} {{\n  const {{ userId }} = await auth();\n  if (!userId) {{\n    {refusal}\n  }}\n  const made = {CALL};\n  return {answer};\n}}\n"
    )
}

fn acted(code: &str) -> (String, String) {
    let config = ("tsconfig.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}");
    gated(&[NEXT, OPENAI, PAGE, config, ("app/actions.ts", code)], "app/actions.ts")
}

#[test]
fn a_route_refuses_with_the_class_it_answers_with() {
    let own = "NextResponse.json({ error: \"Unauthorized\" }, { status: 401 })";
    let (text, todo) = next("app/api/write/route.ts", &route(": Promise<NextResponse>", own));
    assert!(text.contains("return NextResponse.json(insufficientBalance(balance), {"), "{text}{todo}");
    let (text, todo) = next(
        "app/api/write/route.ts",
        &route("", "new Response(\"\", { status: 401 })").replace("NextResponse.json", "Response.json"),
    );
    assert!(text.contains("return Response.json(insufficientBalance(balance), {"), "{text}{todo}");
}

#[test]
fn a_declared_answer_without_room_for_a_refusal_is_left_to_a_person() {
    let own = "NextResponse.json({ text: \"\" }, { status: 401 })";
    let (text, todo) =
        next("app/api/write/route.ts", &route(": Promise<NextResponse<{ text: string }>>", own));
    assert!(!text.contains("checkBalance"), "{text}");
    assert!(todo.contains("`Promise<NextResponse<{ text: string }>>` has no room for a refusal"), "{todo}");
}

#[test]
fn an_action_that_throws_refuses_by_throwing() {
    for head in [": Promise<string>", ""] {
        let (text, todo) = acted(&action(head, "throw new Error(\"Unauthorized\");", "made.output_text"));
        assert!(text.contains("throw new Error(insufficientBalance(balance).error);"), "{text}{todo}");
        assert!(!text.contains("return insufficientBalance"), "{text}");
    }
}

#[test]
fn an_action_that_answers_with_an_error_does_so_again() {
    let (text, todo) =
        acted(&action("", "return { error: \"Sign in first\" };", "{ text: made.output_text }"));
    assert!(text.contains("return insufficientBalance(balance);"), "{text}{todo}");
}

#[test]
fn an_action_that_says_more_than_the_error_says_all_of_it_again() {
    for head in ["", ": Promise<Draft>", ": Promise<{ success: true } | { success: false; error: string }>"] {
        let own = "return { success: false, data: null, error: made };";
        let (text, todo) = acted(&action(head, own, "{ success: true, data: made.output_text }"));
        let refusal = "return { success: false, data: null, error: insufficientBalance(balance).error };";
        assert!(text.contains(refusal), "{text}{todo}");
    }
    // What went well is no form to refuse in.
    let (text, _) =
        acted(&action(": Promise<Draft>", "return { success: true, message: \"kept\" };", "made"));
    assert!(!text.contains("insufficientBalance"), "{text}");
}

#[test]
fn an_action_whose_callers_take_its_value_as_it_is_gives_back_nothing_else() {
    let (text, todo) = acted(&action(": Promise<string>", "return \"\";", "made.output_text"));
    assert!(!text.contains("checkBalance"), "{text}");
    assert!(todo.contains("`Promise<string>` has no room for a refusal"), "{todo}");
}

#[test]
fn a_check_stands_below_the_branch_that_leaves_without_spending() {
    let code = "export async function POST(request: Request) {\n  const { userId } = await auth();\n  if (!userId) {\n    return Response.json({}, { status: 401 });\n  }\n  const { text } = await request.json();\n  const cached = await find(text);\n  if (cached) {\n    await db.answer.create({ data: { userId, text: cached } });\n    return Response.json({ text: cached });\n  }\n  const made = await openai.responses.create({ model: \"gpt-5-mini\", input: text });\n  return Response.json({ text: made.output_text });\n}\n";
    let (text, todo) = next("app/api/write/route.ts", code);
    let (check, branch) = (text.find("checkBalance({"), text.find("if (cached)"));
    assert!(check.is_some() && check > branch, "{text}{todo}");
}

#[test]
fn a_check_that_answers_stands_behind_what_leaves_a_try() {
    let code = "export async function POST(request: Request) {\n  const { userId } = await auth();\n  if (!userId) {\n    return Response.json({}, { status: 401 });\n  }\n  try {\n    const { text } = await request.json();\n    const cached = await find(text);\n    if (cached) {\n      return Response.json({ text: cached });\n    }\n    const made = await openai.responses.create({ model: \"gpt-5-mini\", input: text });\n    return Response.json({ text: made.output_text });\n  } catch {\n    return Response.json({}, { status: 500 });\n  }\n}\n";
    let (text, todo) = next("app/api/write/route.ts", code);
    let (check, branch) = (text.find("checkBalance({"), text.find("if (cached)"));
    assert!(check.is_some() && check > branch, "{text}{todo}");
}

#[test]
fn a_part_that_the_handler_goes_on_without_is_left_out() {
    let app = |behind: &str| {
        format!(
            "export async function POST(request: Request) {{\n  const {{ userId }} = await auth();\n  if (!userId) {{\n    return Response.json({{}}, {{ status: 401 }});\n  }}\n  let tip = \"\";\n  try {{\n    const made = await openai.responses.create({{ model: \"gpt-5-mini\", input: \"a\" }});\n    tip = made.output_text;\n  }} catch (error) {{\n    console.error(error);\n  }}\n{behind}  return Response.json({{ tip }});\n}}\n"
        )
    };
    let (text, todo) = next("app/api/write/route.ts", &app(""));
    let inside = text.split_once("try {").map(|(_, rest)| rest).unwrap_or_default();
    assert!(inside.contains("throw new Error(insufficientBalance(balance).error);"), "{text}{todo}");
    // Where it cannot go on, the answer says why.
    let (text, todo) =
        next("app/api/write/route.ts", &app("  if (!tip) return new Response(null, { status: 500 });\n"));
    assert!(text.contains("return Response.json(insufficientBalance(balance), {"), "{text}{todo}");
}

#[test]
fn a_check_stands_inside_the_branch_that_spends() {
    let code = "export async function POST(request: Request) {\n  const { userId } = await auth();\n  if (!userId) {\n    return Response.json({}, { status: 401 });\n  }\n  const { text, polish } = await request.json();\n  let answer = text;\n  if (polish) {\n    const made = await openai.responses.create({ model: \"gpt-5-mini\", input: text });\n    answer = made.output_text;\n  }\n  return Response.json({ answer });\n}\n";
    let (text, todo) = next("app/api/write/route.ts", code);
    let (check, branch) = (text.find("checkBalance({"), text.find("if (polish)"));
    assert!(check.is_some() && check > branch, "{text}{todo}");
    // Where every way spends, one check stands in front of all of them.
    let both = code.replace(
        "    answer = made.output_text;\n  }",
        "    answer = made.output_text;\n  } else {\n    const made = await openai.responses.create({ model: \"gpt-5\", input: text });\n    answer = made.output_text;\n  }",
    );
    let (text, todo) = next("app/api/write/route.ts", &both);
    let (check, branch) = (text.find("checkBalance({"), text.find("if (polish)"));
    assert!(check.is_some() && check < branch, "{text}{todo}");
    assert_eq!(text.matches("checkBalance({").count(), 1, "{text}");
}

const EXPRESS: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9"}}"#,
);
const AUTH: (&str, &str) = (
    "auth.js",
    "const jwt = require('jsonwebtoken');\nexports.sign = (id) => jwt.sign({ id }, 's');\nexports.requireAuth = (req, res, next) => { req.user = jwt.verify(req.get('a'), 's'); next(); };\n",
);

/// An app whose one route calls `write(text, ownKey)` of another module.
fn keyed(writer: &str, area: Area, file: &str) -> (String, String) {
    let server = "const express = require('express');\nconst { requireAuth } = require('./auth');\nconst { write } = require('./writer');\nconst db = require('./db');\nconst app = express();\napp.post('/ask', requireAuth, async (req, res) => {\n  const { openaiKey } = await db.settings(req.user.id);\n  const text = await write(req.user.id, req.body.text, openaiKey);\n  res.json({ text });\n});\n";
    let files = [
        EXPRESS,
        AUTH,
        ("server.js", server),
        ("db.js", "exports.settings = async (id) => ({ id });\n"),
        ("writer.js", writer),
    ];
    let (plan, text) = plan(&files, area, file);
    (text, plan.todo.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

const PREFERRED: &str = "const OpenAI = require('openai');\nexports.write = async (userId, text, ownKey) => {\n  const client = new OpenAI({ apiKey: ownKey ?? process.env.OPENAI_API_KEY });\n  const made = await client.responses.create({ model: 'gpt-5-mini', input: text });\n  return made.output_text;\n};\n";

#[test]
fn only_what_the_apps_own_key_pays_for_is_billed_and_held_back() {
    let (text, todo) = keyed(PREFERRED, Area::Events, "writer.js");
    assert!(text.contains("if (!ownKey) {\n    await recordUsage({"), "{text}{todo}");
    let (text, todo) = keyed(PREFERRED, Area::Gating, "server.js");
    assert!(text.contains("if (!openaiKey) {\n    const balance = await checkBalance("), "{text}{todo}");
    let (check, known) = (text.find("if (!openaiKey)"), text.find("await db.settings"));
    assert!(check > known, "{text}");
}

#[test]
fn a_client_chosen_by_the_users_key_is_billed_on_the_other_way() {
    let chosen = "const OpenAI = require('openai');\nconst ours = new OpenAI();\nexports.write = async (userId, text, ownKey) => {\n  const client = ownKey ? new OpenAI({ apiKey: ownKey }) : ours;\n  const made = await client.responses.create({ model: 'gpt-5-mini', input: text });\n  return made.output_text;\n};\n";
    let (text, todo) = keyed(chosen, Area::Events, "writer.js");
    assert!(text.contains("if (!ownKey) {\n    await recordUsage({"), "{text}{todo}");
    let turned = chosen.replace(
        "ownKey ? new OpenAI({ apiKey: ownKey }) : ours",
        "!ownKey ? ours : new OpenAI({ apiKey: ownKey })",
    );
    let (text, todo) = keyed(&turned, Area::Events, "writer.js");
    assert!(text.contains("if (!ownKey) {\n    await recordUsage({"), "{text}{todo}");
}

#[test]
fn a_call_is_left_alone_where_whose_key_it_is_cannot_be_read() {
    let hidden = "const OpenAI = require('openai');\nconst clientFor = (key) => new OpenAI({ apiKey: key || process.env.OPENAI_API_KEY });\nexports.write = async (userId, text, ownKey) => {\n  const made = await clientFor(ownKey).responses.create({ model: 'gpt-5-mini', input: text });\n  return made.output_text;\n};\n";
    let (text, _) = keyed(hidden, Area::Events, "writer.js");
    assert!(!text.contains("recordUsage"), "{text}");
}

#[test]
fn a_refused_balance_is_told_apart_as_the_apps_compiler_can() {
    let check = |config: &str, more: (&str, &str)| {
        let code = format!(
            "import {{ auth }} from \"@clerk/nextjs/server\";\nimport {{ NextResponse }} from \"next/server\";\nimport {{ openai }} from \"@/lib/openai\";\n\n{}",
            route("", "new Response(null, { status: 401 })")
        );
        let config = format!("{{{config}\"compilerOptions\": {{\"paths\": {{\"@/*\": [\"./*\"]}}}}}}");
        let path = "app/api/write/route.ts";
        gated(&[NEXT, OPENAI, PAGE, ("tsconfig.json", &config), more, (path, &code)], path).0
    };
    let base = "\"extends\": \"./config/base\", ";
    let strict = ("config/base.json", "{\"compilerOptions\": {\"strict\": true}}");
    let lenient =
        ("config/base.json", "{\"compilerOptions\": {\"strict\": true, \"strictNullChecks\": false}}");
    assert!(check(base, strict).contains("if (!balance.ok) {"));
    assert!(check(base, lenient).contains("if (balance.ok === false) {"));
    assert!(check("", strict).contains("if (balance.ok === false) {"));
}

/// The lines of a streaming handler of an Express app behind its check of the balance, and what is left.
fn streamed(lines: &str) -> (String, String) {
    let app = format!(
        "const express = require('express');\nconst OpenAI = require('openai');\nconst {{ requireAuth }} = require('./auth');\nconst ai = new OpenAI();\nconst app = express();\nfunction open(out) {{\n  out.setHeader('Content-Type', 'text/event-stream');\n  out.flushHeaders();\n}}\napp.post('/s', requireAuth, async (req, res) => {{\n  log(req.user.id);\n  {lines}\n  for await (const part of stream) res.write(part.choices[0].delta.content);\n  res.end();\n}});\n"
    );
    let (text, todo) = gated(&[EXPRESS, AUTH, ("app.js", &app)], "app.js");
    let behind = text.split_once("insufficientBalance(balance));").map_or("", |(_, behind)| behind);
    (behind.to_owned(), todo)
}

#[test]
fn nothing_is_sent_in_front_of_the_check_of_a_stream() {
    let call = "const stream = await ai.chat.completions.create({ stream: true, messages: [] });";
    for first in [
        "res.setHeader('Content-Type', 'text/event-stream');",
        "res.writeHead(200, { 'Content-Type': 'text/event-stream' });",
        "open(res);",
        "res.write(': hello');",
    ] {
        let (behind, todo) = streamed(&format!("{first}\n  {call}"));
        assert!(behind.contains(first) && behind.contains(call), "{first}: {behind}{todo}");
    }
    // The head is sent before the branch in which the money is spent.
    let branch =
        format!("res.flushHeaders();\n  let stream = [];\n  if (req.body.fresh) {{\n    {call}\n  }}");
    let (behind, todo) = streamed(&branch);
    assert!(behind.contains("res.flushHeaders();"), "{behind}{todo}");
    // An answer from the cache is free, and a header alone can still be another one.
    let cached = format!(
        "res.setHeader('Content-Type', 'text/plain');\n  if (cache) {{\n    res.end(cache);\n    return;\n  }}\n  {call}"
    );
    let (behind, todo) = streamed(&cached);
    assert!(behind.contains(call) && !behind.contains("cache"), "{behind}{todo}");
    // What another function sends later is not sent yet.
    let later = format!("const say = (text) => res.write(text);\n  {call}");
    let (behind, todo) = streamed(&later);
    assert!(behind.contains(call) && !behind.contains("const say"), "{behind}{todo}");
}

#[test]
fn a_check_that_could_only_stand_behind_the_first_byte_is_left_to_a_person() {
    let lines = "res.writeHead(200);\n  const { id } = jwt.verify(req.get('a'), 's');\n  const stream = await ai.chat.completions.create({ stream: true, messages: [], user: id });";
    let app = format!(
        "const express = require('express');\nconst jwt = require('jsonwebtoken');\nconst OpenAI = require('openai');\nconst ai = new OpenAI();\nconst app = express();\napp.post('/s', async (req, res) => {{\n  {lines}\n  for await (const part of stream) res.write(part.choices[0].delta.content);\n  res.end();\n}});\n"
    );
    let (text, todo) = gated(&[EXPRESS, AUTH, ("app.js", &app)], "app.js");
    assert!(!text.contains("checkBalance"), "{text}");
    assert!(todo.contains("can no longer be a refusal"), "{todo}");
}

#[test]
fn a_user_whose_name_an_inner_function_takes_is_no_visitor() {
    let inner = "import { auth } from \"@clerk/nextjs/server\";\nimport { price } from \"@/lib/price\";\n\nexport async function POST(request: Request) {\n  const { userId } = await auth();\n  if (!userId) {\n    return new Response(\"\", { status: 401 });\n  }\n  const { items } = await request.json();\n  const quote = async (item: string) => {\n    const made = await price(item);\n    const { userId } = await auth();\n    return { made, userId };\n  };\n  return Response.json(await Promise.all(items.map(quote)));\n}\n";
    let price = "import { openai } from \"@/lib/openai\";\n\nexport async function price(text: string) {\n  const made = await openai.responses.create({ model: \"gpt-5-mini\", input: text });\n  return made.output_text;\n}\n";
    let config = ("tsconfig.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}");
    let files = [NEXT, OPENAI, PAGE, config, ("lib/price.ts", price), ("app/api/quotes/route.ts", inner)];
    let (plan, _) = plan(&files, Area::Events, "lib/price.ts");
    let todo = plan.todo.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(
        todo.contains("`userId` means another than the signed-in user there (app/api/quotes/route.ts:12)"),
        "{todo}"
    );
    assert!(!todo.contains("visitors"), "{todo}");
}

#[test]
fn where_no_handler_names_the_user_the_function_that_does_refuses_for_all_of_them() {
    let manifest = "{\"name\": \"a\", \"dependencies\": {\"nuxt\": \"4\", \"vue\": \"3\", \"better-auth\": \"1\", \"openai\": \"6\"}}";
    let auth = "import { betterAuth } from \"better-auth\";\nexport const auth = betterAuth({ emailAndPassword: { enabled: true } });\n";
    let write = "import OpenAI from \"openai\";\nconst openai = new OpenAI();\nexport default async function (text: string, event) {\n  const session = await auth.api.getSession({ headers: event.headers });\n  if (!session) throw createError({ statusCode: 401 });\n  return await openai.responses.create({ model: \"gpt-5-mini\", input: text });\n}\n";
    let app = |handler: &str| {
        let handler = format!("export default defineEventHandler(async (event) => {{\n  {handler}\n}});\n");
        let files = [
            ("package.json", manifest),
            ("nuxt.config.ts", "export default defineNuxtConfig({});\n"),
            ("server/utils/auth.ts", auth),
            ("server/utils/write-draft.ts", write),
            ("server/api/draft.post.ts", &handler),
        ];
        gated(&files, "server/utils/write-draft.ts")
    };
    let (text, todo) = app("return await writeDraft(\"a\", event);");
    assert!(
        text.contains(
            "throw createError({ statusCode: balance.status, data: insufficientBalance(balance) });"
        ),
        "{text}{todo}"
    );
    // What the handler makes of every error is not for us to say.
    let (text, todo) = app("try { return await writeDraft(\"a\", event); } catch { return null; }");
    assert!(!text.contains("insufficientBalance") && todo.contains("is not held back"), "{text}{todo}");
}

/// A form of a page in Python, with how it answers.
fn form(packages: &str, code: &str) -> String {
    gated(&[("requirements.txt", packages), ("app.py", code)], "app.py").0
}

fn flask(answer: &str) -> String {
    form(
        "flask\nflask-login\nopenai\n",
        &format!(
            "from flask import Flask, flash, jsonify, redirect, render_template, request\nfrom flask_login import current_user, login_required\nfrom openai import OpenAI\n\napp = Flask(__name__)\nclient = OpenAI()\n\n\n@app.post(\"/write\")\n@login_required\ndef write():\n    made = client.responses.create(model=\"m\", input=current_user.id)\n    {answer}\n"
        ),
    )
}

#[test]
fn a_form_of_a_page_is_refused_as_pages_are() {
    let flashed = flask("flash(\"Written\")\n    return redirect(\"/\")");
    assert!(
        flashed.contains("        flash(insufficient_balance(balance)[\"error\"])\n        return redirect(request.referrer or \"/\")\n"),
        "{flashed}"
    );
    let rendered = flask("return render_template(\"a.html\", text=made.output_text)");
    assert!(
        rendered.contains("return insufficient_balance(balance)[\"error\"], balance.status"),
        "{rendered}"
    );
    let answered = flask("return jsonify({\"text\": made.output_text})");
    assert!(answered.contains("return jsonify(insufficient_balance(balance)), balance.status"), "{answered}");
    let served = form(
        "fastapi\nopenai\npyjwt\n",
        "import jwt\nfrom fastapi import Depends, FastAPI, Request\nfrom fastapi.security import OAuth2PasswordBearer\nfrom fastapi.templating import Jinja2Templates\nfrom openai import OpenAI\n\napp = FastAPI()\nclient = OpenAI()\ntemplates = Jinja2Templates(directory=\"t\")\noauth = OAuth2PasswordBearer(tokenUrl=\"t\")\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({\"sub\": user_id}, \"s\")\n\n\ndef current_user_id(token: str = Depends(oauth)) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\ndef ask(request: Request, user_id: str = Depends(current_user_id)):\n    made = client.responses.create(model=\"m\", input=\"x\")\n    return templates.TemplateResponse(request, \"a.html\", {\"text\": made.output_text})\n",
    );
    assert!(
        served.contains(
            "return PlainTextResponse(insufficient_balance(balance)[\"error\"], status_code=balance.status)"
        ),
        "{served}"
    );
}

#[test]
fn a_view_that_redirects_leaves_a_message() {
    let view = |answer: &str| {
        let code = format!(
            "from django.contrib import messages\nfrom django.contrib.auth.decorators import login_required\nfrom django.http import JsonResponse\nfrom django.shortcuts import redirect, render\nfrom openai import OpenAI\n\nclient = OpenAI()\n\n\n@login_required\ndef write(request):\n    made = client.responses.create(model=\"m\", input=request.user.id)\n    {answer}\n"
        );
        let files = [
            ("requirements.txt", "django\nopenai\n"),
            ("manage.py", "import django\n"),
            ("a/__init__.py", ""),
            ("a/settings.py", "ROOT_URLCONF = \"a.urls\"\nINSTALLED_APPS = [\"django.contrib.auth\"]\n"),
            (
                "a/urls.py",
                "from django.urls import path\n\nfrom . import views\n\nurlpatterns = [path(\"w\", views.write)]\n",
            ),
            ("a/views.py", code.as_str()),
        ];
        gated(&files, "a/views.py").0
    };
    let told = view("messages.success(request, \"Written\")\n    return redirect(\"/\")");
    assert!(
        told.contains("messages.error(request, insufficient_balance(balance)[\"error\"])\n        return redirect(request.META.get(\"HTTP_REFERER\") or \"/\")\n"),
        "{told}"
    );
    let rendered = view("return render(request, \"a.html\", {\"text\": made.output_text})");
    assert!(
        rendered
            .contains("return HttpResponse(insufficient_balance(balance)[\"error\"], status=balance.status)"),
        "{rendered}"
    );
    let answered = view("return JsonResponse({\"text\": made.output_text})");
    assert!(
        answered.contains("return JsonResponse(insufficient_balance(balance), status=balance.status)"),
        "{answered}"
    );
}

#[test]
fn a_check_without_an_event_is_told_to_take_nothing() {
    let (_, todo) = next("app/api/write/route.ts", &route("", "NextResponse.json({}, { status: 401 })"));
    assert!(todo.contains("no usage event is sent, so nothing is ever taken from the balance"), "{todo}");
}

#[test]
fn what_is_done_on_the_side_after_a_write_refuses_nothing() {
    let handler = |spend: &str| {
        let code = format!(
            "import {{ prisma }} from \"@/lib/prisma\";\n\nexport async function POST(request: Request) {{\n  const {{ userId }} = await auth();\n  if (!userId) {{\n    return NextResponse.json({{ error: \"no\" }}, {{ status: 401 }});\n  }}\n  const {{ text, icon }} = await request.json();\n  const note = await prisma.note.create({{ data: {{ text }} }});\n{spend}  return NextResponse.json(note);\n}}\n"
        );
        let code = format!(
            "import {{ auth }} from \"@clerk/nextjs/server\";\nimport {{ NextResponse }} from \"next/server\";\nimport {{ openai }} from \"@/lib/openai\";\n{code}"
        );
        let package = (
            "package.json",
            r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "@clerk/nextjs": "6", "openai": "6", "@prisma/client": "6"}, "devDependencies": {"typescript": "5"}}"#,
        );
        let prisma = (
            "lib/prisma.ts",
            "import { PrismaClient } from \"@prisma/client\";\nexport const prisma = new PrismaClient();\n",
        );
        let config = ("tsconfig.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}");
        gated(&[package, OPENAI, PAGE, prisma, config, ("app/api/n/route.ts", &code)], "app/api/n/route.ts")
    };
    let (text, todo) = handler(&format!("  if (icon) {{\n    {CALL};\n  }}\n"));
    assert!(!text.contains("checkBalance"), "{text}");
    assert!(todo.contains("leave this call out there when `checkBalance` says no"), "{todo}");
    // What the request is about is held back before anything is written.
    let (text, _) = handler(&format!("  const made = {CALL};\n  note.text = made.output_text;\n"));
    let (check, write) = (text.find("checkBalance("), text.find("prisma.note.create"));
    assert!(check.is_some() && check < write, "{text}");
}

#[test]
fn nothing_of_the_apps_own_money_is_taken_before_the_check() {
    let route = |write: &str| {
        format!(
            "import {{ db }} from \"@/lib/db\";\n\nexport async function POST(request: Request) {{\n  const {{ userId }} = await auth();\n  if (!userId) {{\n    return NextResponse.json({{}}, {{ status: 401 }});\n  }}\n  const {{ text }} = await request.json();\n  {write}\n  if (process.env.MOCK) {{\n    return NextResponse.json({{}});\n  }} else {{\n    const made = {CALL};\n    return NextResponse.json({{ text: made.output_text }});\n  }}\n}}\n"
        )
    };
    let check = |text: &str, before: &str| {
        let (check, write) = (text.find("await checkBalance("), text.find(before));
        check.is_some_and(|check| write.is_some_and(|write| check < write))
    };
    let paid = "await db.user.update({ where: { id: userId }, data: { credits: { decrement: 1 } } });";
    let (text, _) = next("app/api/write/route.ts", &route(paid));
    assert!(check(&text, "await db.user.update("), "{text}");
    let noted = "await db.user.update({ where: { id: userId }, data: { lastSeen: new Date() } });";
    let (text, _) = next("app/api/write/route.ts", &route(noted));
    assert!(!check(&text, "await db.user.update("), "the other branch costs nothing:\n{text}");
}

#[test]
fn what_is_stored_is_answered_without_a_check() {
    let route = |stored: &str| {
        format!(
            "import {{ db }} from \"@/lib/db\";\n\nexport async function POST(request: Request) {{\n  const {{ userId }} = await auth();\n  if (!userId) {{\n    return NextResponse.json({{}}, {{ status: 401 }});\n  }}\n  const {{ text }} = await request.json();\n  await db.topic.update({{ where: {{ text }}, data: {{ seen: true }} }});\n  const known = await db.draft.findFirst({{ where: {{ text }} }});\n  if (known) {{\n    {stored}\n  }}\n  const made = {CALL};\n  return NextResponse.json({{ text: made.output_text }});\n}}\n"
        )
    };
    let check_before = |stored: &str| {
        let (text, _) = next("app/api/write/route.ts", &route(stored));
        let check = text.find("await checkBalance(").unwrap_or_else(|| panic!("{text}"));
        check < text.find("await db.topic.update(").unwrap()
    };
    assert!(!check_before("return NextResponse.json({ text: known.text });"));
    assert!(check_before("return NextResponse.json({ error: \"known\" }, { status: 409 });"));
}

#[test]
fn an_action_that_gives_nothing_back_refuses_by_an_exception() {
    let code = action("", "throw new Error(\"Sign in first\");", "")
        .replace("  return ;\n", "  await openai.files.list();\n  log(made);\n");
    let silent = code.replace("throw new Error(\"Sign in first\");", "return;");
    for code in [code, silent] {
        let (text, todo) = acted(&code);
        assert!(text.contains("throw new Error(insufficientBalance(balance).error);"), "{text}{todo}");
    }
}

#[test]
fn a_handler_whose_variable_says_what_it_answers_is_left_to_a_person() {
    let package = (
        "package.json",
        r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "@clerk/nextjs": "6", "openai": "6"}, "devDependencies": {"typescript": "5"}}"#,
    );
    let route = |of: &str| {
        format!(
            "import {{ getAuth }} from \"@clerk/nextjs/server\";\nimport type {{ NextApiHandler }} from \"next\";\nimport {{ openai }} from \"../../lib/openai\";\n\nconst handler: NextApiHandler{of} = async (req, res) => {{\n  const {{ userId }} = getAuth(req);\n  if (!userId) return res.status(401).end();\n  const made = await openai.responses.create({{ model: \"m\", input: \"x\" }});\n  res.status(200).send(made.output_text);\n}};\nexport default handler;\n"
        )
    };
    for (of, written) in [("", true), ("<string>", false)] {
        let route = route(of);
        let files = [
            package,
            OPENAI,
            ("tsconfig.json", "{}"),
            ("pages/index.tsx", PAGE.1),
            ("pages/api/ask.ts", &route),
        ];
        let (text, todo) = gated(&files, "pages/api/ask.ts");
        assert_eq!(text.contains("insufficientBalance(balance)"), written, "{text}{todo}");
    }
}

#[test]
fn a_form_action_that_fails_by_the_framework_refuses_so() {
    let action = "import { fail } from \"@sveltejs/kit\";\nimport OpenAI from \"openai\";\n\nconst openai = new OpenAI();\n\nexport const actions = {\n  write: async ({ locals }) => {\n    if (!locals.user) return fail(401, { message: \"Sign in\" });\n    const made = await openai.responses.create({ model: \"m\", input: locals.user.id });\n    return { text: made.output_text };\n  },\n};\n";
    let hooks = "import { auth } from \"$lib/auth\";\n\nexport async function handle({ event, resolve }) {\n  const session = await auth.api.getSession({ headers: event.request.headers });\n  event.locals.user = session?.user ?? null;\n  return resolve(event);\n}\n";
    let package = r#"{"name": "a", "devDependencies": {"@sveltejs/kit": "2", "svelte": "5", "typescript": "5"}, "dependencies": {"better-auth": "1", "openai": "6"}}"#;
    let files = [
        ("package.json", package),
        ("svelte.config.js", "export default {};\n"),
        ("src/hooks.server.ts", hooks),
        (
            "src/lib/auth.ts",
            "import { betterAuth } from \"better-auth\";\nexport const auth = betterAuth({});\n",
        ),
        ("src/routes/write/+page.server.ts", action),
    ];
    let (text, todo) = gated(&files, "src/routes/write/+page.server.ts");
    assert!(text.contains("return fail(balance.status, insufficientBalance(balance));"), "{text}{todo}");
}
