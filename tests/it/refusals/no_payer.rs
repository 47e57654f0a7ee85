//! Ids that the sender of a request sets, and visitors who may be nobody.

use super::apps::{EXPRESS, FASTAPI, NEXT};
use super::{Case, charges_nobody};

const ROUTE: &str = "app/api/ask/route.ts";

#[test]
fn an_id_that_the_client_sets_pays_for_nothing_in_a_route_handler() {
    let cases: [Case<'_>; 5] = [
        (
            "an id in the body",
            NEXT,
            &[(
                ROUTE,
                "import { client } from \"@/lib/ai\";\nexport async function POST(req: Request) {\n  const { userId, text } = await req.json();\n  const answer = await client.responses.create({ model: \"gpt-5\", input: text, user: userId });\n  return Response.json(answer);\n}\n",
            )],
        ),
        (
            "a whole user in the body",
            NEXT,
            &[(
                ROUTE,
                "import { client } from \"@/lib/ai\";\nexport async function POST(req: Request) {\n  const session = await req.json();\n  const answer = await client.responses.create({ model: \"gpt-5\", input: session.user.id });\n  return Response.json(answer);\n}\n",
            )],
        ),
        (
            "an id in a header",
            NEXT,
            &[(
                ROUTE,
                "import { client } from \"@/lib/ai\";\nexport async function POST(req: Request) {\n  const userId = req.headers.get(\"x-user-id\");\n  if (!userId) return new Response(null, { status: 401 });\n  return Response.json(await client.responses.create({ model: \"gpt-5\", input: userId }));\n}\n",
            )],
        ),
        (
            "an id in the query",
            NEXT,
            &[(
                ROUTE,
                "import { client } from \"@/lib/ai\";\nexport async function GET(req: Request) {\n  const { searchParams } = new URL(req.url);\n  const userId = searchParams.get(\"userId\")!;\n  return Response.json(await client.responses.create({ model: \"gpt-5\", input: userId }));\n}\n",
            )],
        ),
        (
            "an argument of a server action",
            NEXT,
            &[
                (ROUTE, "export async function GET() {\n  return new Response(\"ok\");\n}\n"),
                (
                    "app/actions.ts",
                    "\"use server\";\nimport { client } from \"@/lib/ai\";\nexport async function ask(userId: string, text: string) {\n  const answer = await client.responses.create({ model: \"gpt-5\", input: text, user: userId });\n  return answer.output_text;\n}\n",
                ),
            ],
        ),
    ];
    charges_nobody(&cases);
}

const HEAD: &str = "const express = require(\"express\");\nconst OpenAI = require(\"openai\");\nconst app = express();\nconst client = new OpenAI();\n";

#[test]
fn an_id_that_the_client_sets_pays_for_nothing_in_a_router() {
    for (name, id) in [
        ("the body", "req.body.userId"),
        ("the query", "req.query.userId"),
        ("a header", "req.headers[\"x-user-id\"]"),
        ("the address", "req.params.userId"),
        ("a plain cookie", "req.cookies.userId"),
        ("a user in the body", "req.body.user.id"),
    ] {
        let text = format!(
            "{HEAD}app.post(\"/ask/:userId\", async (req, res) => {{\n  const userId = {id};\n  res.json(await client.responses.create({{ model: \"gpt-5\", input: userId }}));\n}});\n"
        );
        charges_nobody(&[(name, EXPRESS, &[("app.js", &text)])]);
    }
}

const PY_HEAD: &str = "from typing import Annotated\n\nfrom fastapi import FastAPI, Header\nfrom openai import OpenAI\nfrom pydantic import BaseModel\n\napp = FastAPI()\nclient = OpenAI()\n\n\nclass Ask(BaseModel):\n    user_id: str\n    text: str\n\n\n";

#[test]
fn an_id_that_the_client_sets_pays_for_nothing_in_a_typed_route() {
    for (name, parameter, id) in [
        ("a field of the body", "ask: Ask", "ask.user_id"),
        ("a parameter of the query", "user_id: str", "user_id"),
        ("a header", "user_id: Annotated[str, Header()]", "user_id"),
        ("a default header", "user_id: str = Header()", "user_id"),
    ] {
        let text = format!(
            "{PY_HEAD}@app.post(\"/ask\")\ndef ask({parameter}):\n    answer = client.responses.create(model=\"gpt-5\", input={id})\n    return {{\"text\": answer.output_text}}\n"
        );
        charges_nobody(&[(name, FASTAPI, &[("main.py", &text)])]);
    }
}

#[test]
fn a_visitor_who_may_be_nobody_is_not_charged() {
    let route = "import { auth } from \"@/auth\";\nimport { client } from \"@/lib/ai\";\nexport async function POST(req: Request) {\n  const session = await auth();\n  const who = session?.user?.id ?? \"anonymous\";\n  const answer = await client.responses.create({ model: \"gpt-5\", input: who });\n  return Response.json(answer);\n}\n";
    let seen = super::see(NEXT, &[(ROUTE, route)]);
    assert_eq!(seen.texts.len(), 2);
    for text in &seen.texts {
        assert!(text.contains("  if (session?.user?.id) {\n    "), "{text}");
        assert!(text.contains("String(session.user.id)"), "{text}");
        assert_eq!(text.matches("who").count(), 2, "what stands for nobody pays for nothing:\n{text}");
    }
}

#[test]
fn a_token_that_is_only_decoded_vouches_for_nobody() {
    let text = format!(
        "{HEAD}const jwt = require(\"jsonwebtoken\");\napp.post(\"/ask\", async (req, res) => {{\n  const claims = jwt.decode(req.get(\"authorization\"));\n  res.json(await client.responses.create({{ model: \"gpt-5\", input: claims.id }}));\n}});\n"
    );
    charges_nobody(&[("a decoded token", EXPRESS, &[("app.js", &text)])]);
}
