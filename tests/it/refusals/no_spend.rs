//! What looks like a paid call and is none.

use super::apps::{EXPRESS, FASTAPI, NEXT};
use super::{Case, Files, leaves_alone};
use crate::common::Project;

const ROUTE: &str = "app/api/ask/route.ts";
const QUIET: (&str, &str) = (ROUTE, "export async function GET() {\n  return new Response(\"ok\");\n}\n");
const SIGNED: &str = "  const session = await auth();\n  if (!session?.user?.id) return new Response(null, { status: 401 });\n";

#[test]
fn asking_how_a_job_is_going_spends_nothing() {
    let route = format!(
        "import Replicate from \"replicate\";\nimport {{ auth }} from \"@/auth\";\nimport {{ client }} from \"@/lib/ai\";\nconst replicate = new Replicate();\nexport async function GET(req: Request) {{\n{SIGNED}  const job = await replicate.predictions.get(\"id\");\n  const models = await client.models.list();\n  const state = await fetch(\"https://api.replicate.com/v1/predictions/abc\", {{ headers: {{}} }});\n  return Response.json([job, models, await state.json()]);\n}}\n"
    );
    leaves_alone(&[("polling", NEXT, &[(ROUTE, &route)])]);
}

#[test]
fn names_that_are_not_the_sdks_spend_nothing() {
    let local = format!(
        "import {{ auth }} from \"@/auth\";\nimport {{ generateText }} from \"@/lib/text\";\nexport async function POST() {{\n{SIGNED}  return Response.json(generateText({{ prompt: \"x\" }}));\n}}\n"
    );
    let parameter = format!(
        "import {{ auth }} from \"@/auth\";\nexport async function POST() {{\n{SIGNED}  return Response.json([\"a\"].map((text, streamText) => streamText({{ prompt: text }})));\n}}\n"
    );
    let class = format!(
        "import {{ auth }} from \"@/auth\";\nclass OpenAI {{\n  responses = {{ create: async (q: object) => q }};\n}}\nexport async function POST() {{\n{SIGNED}  const client = new OpenAI();\n  return Response.json(await client.responses.create({{ input: \"x\" }}));\n}}\n"
    );
    let fake = format!(
        "import {{ auth }} from \"@/auth\";\nconst client = {{ responses: {{ create: async (q: object) => q }} }};\nexport async function POST() {{\n{SIGNED}  return Response.json(await client.responses.create({{ input: \"x\" }}));\n}}\n"
    );
    let cases: [Case<'_>; 4] = [
        (
            "a function of the app",
            NEXT,
            &[
                (ROUTE, &local),
                ("lib/text.ts", "export function generateText(q: object) {\n  return q;\n}\n"),
            ],
        ),
        ("a parameter", NEXT, &[(ROUTE, &parameter)]),
        ("a class of the app", NEXT, &[(ROUTE, &class)]),
        ("a stand-in", NEXT, &[(ROUTE, &fake)]),
    ];
    leaves_alone(&cases);
}

#[test]
fn files_beside_the_app_spend_nothing() {
    const CALL: &str = "import { client } from \"../lib/ai\";\nexport async function run() {\n  return client.responses.create({ model: \"gpt-5\", input: \"x\" });\n}\nrun();\n";
    for file in [
        "tests/ask.ts",
        "lib/ask.test.ts",
        "scripts/warm.ts",
        "prisma/seed.ts",
        "components/ask.stories.tsx",
        "docs/ask.ts",
        "examples/ask.ts",
        "__mocks__/ask.ts",
        "dist/ask.js",
        "vendor/ask.js",
        "evals/ask.ts",
        "e2e/ask.ts",
    ] {
        leaves_alone(&[(file, NEXT, &[QUIET, (file, CALL)])]);
    }
}

#[test]
fn what_does_not_run_spends_nothing() {
    let commented = format!(
        "import {{ auth }} from \"@/auth\";\nimport {{ client }} from \"@/lib/ai\";\nexport async function POST() {{\n{SIGNED}  // const a = await client.responses.create({{ input: \"x\" }});\n  /* await client.responses.create({{ input: \"y\" }}); */\n  return Response.json({{ has: Boolean(client) }});\n}}\n"
    );
    let text = format!(
        "import {{ auth }} from \"@/auth\";\nconst SAMPLE = `await client.responses.create({{ input: \"x\" }})`;\nexport async function GET() {{\n{SIGNED}  return Response.json({{ sample: SAMPLE, see: \"https://api.openai.com/v1/responses\" }});\n}}\n"
    );
    let types = format!(
        "import type OpenAI from \"openai\";\nimport {{ auth }} from \"@/auth\";\nexport async function GET() {{\n{SIGNED}  const none: OpenAI.Responses.Response[] = [];\n  return Response.json(none);\n}}\n"
    );
    let unused = format!(
        "import {{ generateText }} from \"ai\";\nimport {{ openai }} from \"@ai-sdk/openai\";\nimport {{ auth }} from \"@/auth\";\nexport const tools = {{ generateText, openai }};\nexport async function GET() {{\n{SIGNED}  return new Response(\"ok\");\n}}\n"
    );
    let unreached = "import { client } from \"@/lib/ai\";\nexport async function never() {\n  return client.responses.create({ model: \"gpt-5\", input: \"x\" });\n}\n";
    let cases: [Case<'_>; 5] = [
        ("commented out", NEXT, &[(ROUTE, &commented)]),
        ("code in a string", NEXT, &[(ROUTE, &text)]),
        ("types only", NEXT, &[(ROUTE, &types)]),
        ("imported and not called", NEXT, &[(ROUTE, &unused)]),
        ("nobody calls it", NEXT, &[QUIET, ("lib/never.ts", unreached)]),
    ];
    leaves_alone(&cases);
}

#[test]
fn the_browser_and_other_hosts_spend_nothing() {
    let cases: [Case<'_>; 4] = [
        (
            "a page that asks the app's own route",
            NEXT,
            &[
                QUIET,
                (
                    "components/ask.tsx",
                    "\"use client\";\nexport function Ask() {\n  return <button onClick={() => fetch(\"/api/ask\", { method: \"POST\" })}>Ask</button>;\n}\n",
                ),
            ],
        ),
        (
            "a page with the visitor's own key",
            NEXT,
            &[
                QUIET,
                (
                    "components/play.tsx",
                    "\"use client\";\nimport OpenAI from \"openai\";\nexport function Play() {\n  const run = async () => {\n    const client = new OpenAI({ apiKey: localStorage.getItem(\"key\")!, dangerouslyAllowBrowser: true });\n    await client.responses.create({ model: \"gpt-5\", input: \"x\" });\n  };\n  return <button onClick={run}>Play</button>;\n}\n",
                ),
            ],
        ),
        (
            "a host nobody knows",
            EXPRESS,
            &[(
                "app.js",
                "const express = require(\"express\");\nconst { requireAuth } = require(\"./auth\");\nconst app = express();\napp.post(\"/ask\", requireAuth, async (req, res) => {\n  const answer = await fetch(\"https://models.internal.example/v1/chat/completions\", { method: \"POST\", body: req.user.id });\n  res.json(await answer.json());\n});\n",
            )],
        ),
        (
            "a webhook of a payment provider",
            NEXT,
            &[
                QUIET,
                (
                    "app/api/hooks/route.ts",
                    "import Stripe from \"stripe\";\nconst stripe = new Stripe(process.env.STRIPE_KEY!);\nexport async function POST(req: Request) {\n  const event = stripe.webhooks.constructEvent(await req.text(), req.headers.get(\"stripe-signature\")!, \"s\");\n  return Response.json({ received: event.type });\n}\n",
                ),
            ],
        ),
    ];
    leaves_alone(&cases);
}

#[test]
fn python_that_only_names_a_provider_spends_nothing() {
    const CALL: &str = "from openai import OpenAI\n\n\ndef test_ask():\n    OpenAI().responses.create(model=\"gpt-5\", input=\"x\")\n\n\ntest_ask()\n";
    const MAIN: &str = "from fastapi import Depends, FastAPI\n\nfrom auth import current_user_id\n";
    let typed = format!(
        "from typing import TYPE_CHECKING\n\n{MAIN}\nif TYPE_CHECKING:\n    from openai import OpenAI\n\napp = FastAPI()\n\n\ndef label(client: \"OpenAI\") -> str:\n    return type(client).__name__\n\n\n@app.get(\"/me\")\ndef me(user_id: str = Depends(current_user_id)):\n    return user_id\n"
    );
    let told = format!(
        "{MAIN}\napp = FastAPI()\n\n\n@app.get(\"/me\")\ndef me(user_id: str = Depends(current_user_id)):\n    \"\"\"Once: client.responses.create(input=...) of openai.OpenAI().\"\"\"\n    # client.responses.create(input=user_id)\n    return user_id\n"
    );
    let tests = format!(
        "{MAIN}\napp = FastAPI()\n\n\n@app.get(\"/me\")\ndef me(user_id: str = Depends(current_user_id)):\n    return user_id\n"
    );
    let mock = "from unittest.mock import MagicMock\n\nfrom fastapi import Depends, FastAPI\n\nfrom auth import current_user_id\n\napp = FastAPI()\nclient = MagicMock()\n\n\n@app.post(\"/ask\")\ndef ask(user_id: str = Depends(current_user_id)):\n    return client.responses.create(input=user_id)\n";
    let cases: [Case<'_>; 5] = [
        ("an import for type checkers", FASTAPI, &[("main.py", &typed)]),
        ("a docstring and a comment", FASTAPI, &[("main.py", &told)]),
        ("a test", FASTAPI, &[("main.py", &tests), ("test_ask.py", CALL)]),
        ("fixtures of tests", FASTAPI, &[("main.py", &tests), ("conftest.py", CALL)]),
        ("a mock", FASTAPI, &[("main.py", mock)]),
    ];
    leaves_alone(&cases);
}

/// The program itself leaves the file as it is, and does not fall over.
fn is_kept(base: Files<'_>, file: &str, text: &str) {
    let project = Project::new(base);
    project.write(file, text);
    project.commit();
    let ran = project.tool(&["run", "--yes", "--offline"]);
    assert!([0, 6].contains(&ran.status), "{}", ran.transcript());
    assert_eq!(project.read(file), text, "{}", ran.transcript());
}

#[test]
fn code_that_does_not_parse_is_not_edited() {
    let broken = "import { auth } from \"@/auth\";\nimport { client } from \"@/lib/ai\";\nexport async function POST(req: Request) {\n  const session = await auth();\n  if (!session?.user?.id) return new Response(null, { status: 401 });\n  const answer = await client.responses.create({ model: \"gpt-5\", input: \"x\" ;\n  return Response.json(answer));\n}\n";
    is_kept(NEXT, ROUTE, broken);
    let broken = "from fastapi import Depends, FastAPI\nfrom openai import OpenAI\n\nfrom auth import current_user_id\n\napp = FastAPI()\nclient = OpenAI()\n\n\n@app.post(\"/ask\")\ndef ask(text: str, user_id: str = Depends(current_user_id)):\n    answer = client.responses.create(model=\"gpt-5\", input=text\n    return {\"text\": answer.output_text\n";
    is_kept(FASTAPI, "main.py", broken);
}
