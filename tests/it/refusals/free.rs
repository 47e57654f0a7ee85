//! Calls that cost the app nothing: a model of its own, a key of the user's.

use super::apps::{EXPRESS, FASTAPI, NEXT};
use super::{Files, see};

/// The call is seen, said to be free for this reason, and left alone.
fn is_free(name: &str, base: Files<'_>, case: Files<'_>, reason: &str) {
    let seen = see(base, case);
    assert_eq!(seen.selected, [""; 0], "{name}: selected");
    assert_eq!(seen.edited, [""; 0], "{name}: edited");
    assert!(seen.shown.iter().any(|why| why.contains(reason)), "{name}: {:?}", seen.shown);
}

#[test]
fn a_model_on_a_machine_of_the_apps_own_is_not_billed() {
    is_free(
        "a local address",
        NEXT,
        &[(
            "lib/ai.ts",
            "import OpenAI from \"openai\";\n\nexport const client = new OpenAI({ baseURL: \"http://localhost:11434/v1\", apiKey: \"ollama\" });\n",
        )],
        "`baseURL` points at localhost (lib/ai.ts:3)",
    );
    is_free(
        "a local address by default",
        NEXT,
        &[(
            "lib/ai.ts",
            "import OpenAI from \"openai\";\n\nconst BASE = process.env.LLM_URL ?? \"http://127.0.0.1:1234\";\nexport const client = new OpenAI({ baseURL: `${BASE}/v1` });\n",
        )],
        "`baseURL` points at 127.0.0.1",
    );
    is_free(
        "a container beside it",
        FASTAPI,
        &[(
            "main.py",
            "from fastapi import Depends, FastAPI\nfrom openai import OpenAI\n\nfrom auth import current_user_id\n\napp = FastAPI()\nclient = OpenAI(base_url=\"http://ollama:11434/v1\", api_key=\"none\")\n\n\n@app.post(\"/ask\")\ndef ask(text: str, user_id: str = Depends(current_user_id)):\n    answer = client.responses.create(model=\"llama\", input=text)\n    return {\"text\": answer.output_text}\n",
        )],
        "`base_url` points at ollama",
    );
    // A model that is local by its class is no paid call at all.
    let local = see(
        FASTAPI,
        &[(
            "main.py",
            "from fastapi import Depends, FastAPI\nfrom langchain_community.chat_models import ChatOllama\n\nfrom auth import current_user_id\n\napp = FastAPI()\nmodel = ChatOllama(model=\"llama\")\n\n\n@app.post(\"/ask\")\ndef ask(text: str, user_id: str = Depends(current_user_id)):\n    return {\"text\": model.invoke(text).content}\n",
        )],
    );
    assert!(local.selected.is_empty() && local.edited.is_empty(), "{:?}", local.edited);
}

#[test]
fn a_users_own_key_is_not_billed() {
    is_free(
        "a key in a header",
        NEXT,
        &[(
            "app/api/ask/route.ts",
            "import OpenAI from \"openai\";\nimport { auth } from \"@/auth\";\nexport async function POST(req: Request) {\n  const session = await auth();\n  if (!session?.user?.id) return new Response(null, { status: 401 });\n  const client = new OpenAI({ apiKey: req.headers.get(\"x-openai-key\")! });\n  return Response.json(await client.responses.create({ model: \"gpt-5\", input: \"x\" }));\n}\n",
        )],
        "the user's own key (`req.headers.get(\"x-openai-key\")` at app/api/ask/route.ts:6)",
    );
    is_free(
        "a key in the user's record, the app's own behind it in a factory",
        EXPRESS,
        &[
            (
                "app.js",
                "const express = require(\"express\");\nconst OpenAI = require(\"openai\");\nconst { requireAuth } = require(\"./auth\");\nconst { findUser } = require(\"./users\");\nconst app = express();\nfunction clientFor(key) {\n  return new OpenAI({ apiKey: key || process.env.OPENAI_API_KEY });\n}\napp.post(\"/ask\", requireAuth, async (req, res) => {\n  const user = await findUser(req.user.id);\n  const client = clientFor(user.openaiKey);\n  res.json(await client.responses.create({ model: \"gpt-5\", input: \"x\" }));\n});\n",
            ),
            ("users.js", "exports.findUser = async (id) => ({ id, openaiKey: null });\n"),
        ],
        "the user's own key when there is one (`",
    );
    is_free(
        "a key that the client is given afterwards",
        EXPRESS,
        &[(
            "app.js",
            "const express = require(\"express\");\nconst OpenAI = require(\"openai\");\nconst { requireAuth } = require(\"./auth\");\nconst app = express();\napp.post(\"/ask\", requireAuth, async (req, res) => {\n  const client = new OpenAI();\n  if (req.body.userKey) {\n    client.apiKey = req.body.userKey;\n  }\n  res.json(await client.responses.create({ model: \"gpt-5\", input: req.user.id }));\n});\n",
        )],
        "the user's own key when there is one (`req.body.userKey` at app.js:8)",
    );
    is_free(
        "a key handed to a factory",
        EXPRESS,
        &[(
            "app.js",
            "const express = require(\"express\");\nconst OpenAI = require(\"openai\");\nconst { requireAuth } = require(\"./auth\");\nconst app = express();\nfunction clientFor(apiKey) {\n  return new OpenAI({ apiKey });\n}\napp.post(\"/ask\", requireAuth, async (req, res) => {\n  const client = clientFor(req.body.apiKey);\n  res.json(await client.responses.create({ model: \"gpt-5\", input: req.user.id }));\n});\n",
        )],
        "the user's own key",
    );
    is_free(
        "a key of a provider of models",
        NEXT,
        &[(
            "app/api/ask/route.ts",
            "import { createOpenAI } from \"@ai-sdk/openai\";\nimport { generateText } from \"ai\";\nimport { auth } from \"@/auth\";\nexport async function POST(req: Request) {\n  const session = await auth();\n  if (!session?.user?.id) return new Response(null, { status: 401 });\n  const { apiKey, prompt } = await req.json();\n  const openai = createOpenAI({ apiKey });\n  return Response.json(await generateText({ model: openai(\"gpt-5\"), prompt }));\n}\n",
        )],
        "the user's own key",
    );
    is_free(
        "a key in a typed body",
        FASTAPI,
        &[(
            "main.py",
            "from fastapi import Depends, FastAPI\nfrom openai import OpenAI\nfrom pydantic import BaseModel\n\nfrom auth import current_user_id\n\napp = FastAPI()\n\n\nclass Ask(BaseModel):\n    api_key: str\n    text: str\n\n\n@app.post(\"/ask\")\ndef ask(body: Ask, user_id: str = Depends(current_user_id)):\n    client = OpenAI(api_key=body.api_key)\n    answer = client.responses.create(model=\"gpt-5\", input=body.text)\n    return {\"text\": answer.output_text}\n",
        )],
        "the user's own key (`body.api_key`",
    );
    is_free(
        "a key in a raw request",
        EXPRESS,
        &[(
            "app.js",
            "const express = require(\"express\");\nconst { requireAuth } = require(\"./auth\");\nconst app = express();\napp.post(\"/ask\", requireAuth, async (req, res) => {\n  const key = req.headers[\"x-openai-key\"];\n  const answer = await fetch(\"https://api.openai.com/v1/responses\", { method: \"POST\", headers: { Authorization: `Bearer ${key}` }, body: req.user.id });\n  res.json(await answer.json());\n});\n",
        )],
        "the user's own key",
    );
}

#[test]
fn the_apps_own_key_is_billed_wherever_it_is_kept() {
    for key in [
        "process.env.OPENAI_API_KEY",
        "process.env.OPENAI_API_KEY || process.env.OPENAI_KEY",
        "config.openaiKey",
        "getConfig().openaiKey",
    ] {
        let lib = format!(
            "import OpenAI from \"openai\";\nimport {{ config, getConfig }} from \"./config\";\n\nexport const client = new OpenAI({{ apiKey: {key} }});\n"
        );
        let config = "export const config = { openaiKey: process.env.OPENAI_API_KEY };\nexport const getConfig = () => config;\n";
        let seen = see(NEXT, &[("lib/ai.ts", &lib), ("lib/config.ts", config)]);
        assert_eq!(seen.selected.len(), 1, "{key}: {:?}", seen.shown);
    }
    let route = "import OpenAI from \"openai\";\nimport { auth } from \"@/auth\";\nimport { loadConfig } from \"@/lib/config\";\nexport async function POST(req: Request) {\n  const session = await auth();\n  if (!session?.user?.id) return new Response(null, { status: 401 });\n  const config = await loadConfig();\n  const client = new OpenAI({ apiKey: config.openaiKey });\n  return Response.json(await client.responses.create({ model: \"gpt-5\", input: \"x\" }));\n}\n";
    let config = "export const loadConfig = async () => ({ openaiKey: process.env.OPENAI_API_KEY });\n";
    let seen = see(NEXT, &[("app/api/ask/route.ts", route), ("lib/config.ts", config)]);
    assert_eq!(seen.selected.len(), 1, "{:?}", seen.shown);
}
