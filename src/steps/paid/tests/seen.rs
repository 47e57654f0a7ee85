//! Calls and payers in forms that are easily passed over.

use super::*;

/// An app whose two routes spend through a module `rest`.
const CLAIMS: &str = "import jwt\nfrom fastapi import Depends, FastAPI\n\nfrom rest import Chat, Draw\n\napp = FastAPI()\nchat = Chat()\ndraw = Draw()\n\n\ndef sign(user: str) -> str:\n    return jwt.encode({\"sub\": user}, \"s\")\n\n\ndef user_id(token: str) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/chat\")\ndef say(text: str, user_id: str = Depends(user_id)):\n    return chat.say(text)\n\n\n@app.post(\"/draw\")\ndef picture(text: str, user_id: str = Depends(user_id)):\n    return draw.picture(text)\n";

#[test]
fn what_a_function_imports_for_itself_is_a_client() {
    let route = "import { auth } from \"@clerk/nextjs/server\";\n\nexport async function POST(request: Request) {\n  const { userId } = await auth();\n  if (!userId) return Response.json({}, { status: 401 });\n  const { text } = await request.json();\n  const OpenAI = (await import(\"openai\")).default;\n  const ai = new OpenAI();\n  const made = await ai.responses.create({ model: \"m\", input: text });\n  const { shorten: cut } = await import(\"../../lib/shorten\");\n  return Response.json({ text: await cut(made.output_text) });\n}\n";
    let shorten = "export async function shorten(text: string) {\n  const { default: OpenAI } = await import(\"openai\");\n  const made = await new OpenAI().responses.create({ model: \"m\", input: text });\n  return made.output_text;\n}\n";
    let package = r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "@clerk/nextjs": "6", "openai": "6"}, "devDependencies": {"typescript": "5"}}"#;
    let files = [
        ("package.json", package),
        ("tsconfig.json", "{}"),
        ("app/ask/route.ts", route),
        ("lib/shorten.ts", shorten),
    ];
    let (step, text) = plan(&files, Area::Events, "app/ask/route.ts");
    assert!(text.contains("await recordUsage({\n    userId,"), "{text}");
    assert!(text.contains("billTo(userId, () => cut(made.output_text))"), "{text}");
    assert_eq!(step.sites.len(), 2, "{:?}", todo_of(&step));
}

#[test]
fn a_function_that_cannot_go_on_ends_a_request_where_middleware_is_put() {
    let server = |params: &str| {
        format!(
            "const express = require('express');\nconst OpenAI = require('openai');\nconst {{ requireAuth }} = require('./auth');\nconst ai = new OpenAI();\nconst app = express();\nconst ask = async ({params}) => {{\n  const r = await ai.responses.create({{ input: 'x' }});\n  res.json({{ r, by: req.user.id }});\n}};\napp.use('/ask', requireAuth, ask);\n"
        )
    };
    let billed = |params: &str| {
        let server = server(params);
        plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Events, "app.js").1.contains("recordUsage({")
    };
    assert!(billed("req, res"));
    assert!(!billed("req, res, next"), "others may follow it");
}

#[test]
fn addresses_are_followed_into_fields_and_defaults() {
    let rest = "import requests\n\n\nclass Chat:\n    def __init__(self, base_url: str = \"https://api.openai.com/v1\"):\n        self.url = f\"{base_url}/chat/completions\"\n\n    def say(self, text):\n        answer = requests.post(self.url, json={\"model\": \"m\", \"messages\": []})\n        answer.raise_for_status()\n        return answer.json()\n\n\nclass Draw:\n    url = \"https://api.openai.com/v1/images/generations\"\n\n    def picture(self, text):\n        answer = requests.post(self.url, json={\"model\": \"m\", \"prompt\": text})\n        answer.raise_for_status()\n        return answer.json()\n";
    let files = [("requirements.txt", "fastapi\nrequests\npyjwt\n"), ("app.py", CLAIMS), ("rest.py", rest)];
    let (step, text) = plan(&files, Area::Events, "rest.py");
    assert_eq!(text.matches("record_usage(\n").count(), 2, "{text}\n{}", todo_of(&step));
}

#[test]
fn a_field_that_is_made_of_itself_ends() {
    let rest = "import requests\n\n\nclass Chat:\n    def __init__(self):\n        self.url = f\"{self.url}{self.url}{self.url}/a\"\n        self.url = f\"{self.url}{self.url}{self.url}/b\"\n\n    def say(self, text):\n        return requests.post(self.url, json={}).json()\n\n\nclass Draw:\n    def picture(self, text):\n        return None\n";
    let files = [("requirements.txt", "fastapi\nrequests\npyjwt\n"), ("app.py", CLAIMS), ("rest.py", rest)];
    assert_eq!(plan(&files, Area::Events, "rest.py").1, rest);
}

#[test]
fn a_client_whose_calls_are_not_found_is_told_beside_one_whose_are() {
    let server = app(
        "const { hidden } = require('./hidden');\napp.post('/ask', requireAuth, async (req, res) => {\n  const r = await ai.responses.create({ input: req.user.id });\n  res.json(r);\n});",
    );
    let hidden = "const OpenAI = require('openai');\nconst client = new OpenAI();\nconst pool = [client];\nexports.hidden = (text) => pool.at(0).responses.create({ input: text });\n";
    let left = |server: String| {
        let files = [EXPRESS, AUTH, ("app.js", &server), ("hidden.js", hidden)];
        todo_of(&plan(&files, Area::Events, "app.js").0)
    };
    let apart = left(server.replace("const { hidden } = require('./hidden');\n", ""));
    assert!(apart.contains("hidden.js:1: the app imports `openai` here, and no call"), "{apart}");
    assert!(!apart.contains("app.js:2: the app imports"), "{apart}");
    let handed_on = hidden.replace("[client]", "poolOf(client)");
    let files = [EXPRESS, AUTH, ("app.js", &server), ("hidden.js", &handed_on)];
    let elsewhere = todo_of(&plan(&files, Area::Events, "app.js").0);
    assert!(!elsewhere.contains("the app imports"), "it goes on to others: {elsewhere}");
    let led_to = left(server);
    assert!(!led_to.contains("the app imports"), "its client may be the one that is called: {led_to}");
}

#[test]
fn an_id_counts_only_where_the_strategy_of_the_app_gives_it_back() {
    let billed = |validate: &str, read: &str| {
        let strategy = format!(
            "import {{ PassportStrategy }} from '@nestjs/passport';\nimport {{ Strategy }} from 'passport-jwt';\nimport {{ Users }} from './users';\nexport class JwtStrategy extends PassportStrategy(Strategy) {{\n  constructor(private readonly users: Users) {{ super({{}}); }}\n  async validate(payload: {{ sub: string }}) {{ {validate} }}\n}}\n"
        );
        let asks = format!(
            "import {{ Controller, Post, Req, UseGuards }} from '@nestjs/common';\nimport {{ AuthGuard }} from '@nestjs/passport';\nimport OpenAI from 'openai';\nconst ai = new OpenAI();\n@Controller('asks')\n@UseGuards(AuthGuard('jwt'))\nexport class AsksController {{\n  @Post()\n  async ask(@Req() req) {{\n    const by = {read};\n    const made = await ai.responses.create({{ model: 'm', input: by }});\n    return made.output_text;\n  }}\n}}\n"
        );
        let users = "import { Repository } from 'typeorm';\nexport class Users {\n  constructor(private readonly rows: Repository<User>) {}\n  find(id: string) { return this.rows.findOneBy({ id }); }\n}\nexport class User { id: string; }\n";
        let tokens = "import { JwtService } from '@nestjs/jwt';\nexport class AuthService {\n  constructor(private readonly jwt: JwtService) {}\n  token(id: string) { return this.jwt.sign({ sub: id }); }\n}\n";
        let package = r#"{"name": "a", "dependencies": {"@nestjs/core": "11", "@nestjs/common": "11", "@nestjs/passport": "11", "passport": "0.7", "passport-jwt": "4", "@nestjs/jwt": "11", "openai": "6"}}"#;
        let files = [
            ("package.json", package),
            ("src/strategy.ts", &strategy),
            ("src/users.ts", users),
            ("src/auth.service.ts", tokens),
            ("src/asks.controller.ts", &asks),
        ];
        let (_, text) = plan(&files, Area::Events, "src/asks.controller.ts");
        text.lines()
            .find_map(|line| line.trim().strip_prefix("userId: ").map(str::to_owned))
            .unwrap_or_default()
    };
    let row = "const user = await this.users.find(payload.sub); if (!user) throw new Error(); return user;";
    let is = |validate: &str, read: &str, id: &str| {
        let found = billed(validate, read);
        let fits = if id.is_empty() { found.is_empty() } else { found.contains(id) };
        assert!(fits, "{validate} {read}: {found}");
    };
    is(row, "req.user.id", "req.user.id");
    // A row has no `sub`.
    is(row, "req.user.sub", "");
    is("return payload;", "req.user.sub", "req.user.sub");
    is("return { userId: payload.sub };", "req.user.userId", "req.user.userId");
    is("return { userId: payload.sub };", "req.user.id", "req.user.userId");
}

#[test]
fn a_package_is_installed_by_the_manager_of_its_language() {
    let rest = "class Chat:\n    pass\n\n\nclass Draw:\n    pass\n";
    let files = [
        ("requirements.txt", "fastapi\nopenai\npyjwt\n"),
        ("package.json", r#"{"name": "front", "dependencies": {"vite": "6", "react": "19"}}"#),
        ("package-lock.json", "{}"),
        ("app.py", CLAIMS),
        ("rest.py", rest),
    ];
    let todo = todo_of(&plan(&files, Area::Key, "app.py").0);
    assert!(todo.contains("`pip install credyt-api`"), "{todo}");
}

#[test]
fn a_call_with_a_limit_of_time_is_awaited_there() {
    let rest = |around: &str| {
        format!(
            "import asyncio\n\nfrom openai import AsyncOpenAI\n\nai = AsyncOpenAI()\n\n\nclass Chat:\n    async def say(self, text):\n        answer = await {around}(\n            ai.responses.create(model=\"m\", input=text),\n            timeout=9,\n        )\n        return answer.output_text\n\n\nclass Draw:\n    pass\n"
        )
    };
    let app =
        CLAIMS.replace("def say(", "async def say(").replace("return chat.say", "return await chat.say");
    let billed = |around: &str| {
        let rest = rest(around);
        let files = [("requirements.txt", "fastapi\nopenai\npyjwt\n"), ("app.py", &app), ("rest.py", &rest)];
        plan(&files, Area::Events, "rest.py").1
    };
    let text = billed("asyncio.wait_for");
    assert!(text.contains("            timeout=9,\n        )\n        await asyncio.to_thread(\n"), "{text}");
    assert!(text.contains("(answer.usage)"), "{text}");
    assert_eq!(billed("limited"), rest("limited"));
}

#[test]
fn an_app_that_a_file_exports_by_default_is_served() {
    let app = |export: &str| {
        format!(
            "import {{ Hono }} from \"hono\";\nimport {{ verify }} from \"hono/jwt\";\nimport OpenAI from \"openai\";\n\nconst openai = new OpenAI();\nconst app = new Hono();\napp.post(\"/ask\", async (c) => {{\n  const claims = await verify(c.req.header(\"authorization\") ?? \"\", \"s\");\n  const made = await openai.responses.create({{ model: \"m\", input: \"x\" }});\n  return c.json({{ text: made.output_text, by: claims.sub }});\n}});\n{export}"
        )
    };
    let package = r#"{"name": "a", "dependencies": {"hono": "4", "openai": "6"}, "devDependencies": {"typescript": "5"}}"#;
    for (export, billed) in [("export default app;\n", true), ("", false)] {
        let app = app(export);
        let files = [("package.json", package), ("tsconfig.json", "{}"), ("src/index.ts", app.as_str())];
        let (step, text) = plan(&files, Area::Events, "src/index.ts");
        assert_eq!(text.contains("await recordUsage({"), billed, "{text}{}", todo_of(&step));
    }
}
