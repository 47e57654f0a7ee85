//! Names that stop to mean the user, and functions that are called by another name.

use super::*;

/// A route behind a token check whose body is given; `user_id` is the signed-in user at its head.
fn claims(body: &str) -> String {
    format!(
        "import jwt\nfrom fastapi import Depends, FastAPI\nfrom openai import OpenAI\n\napp = FastAPI()\nclient = OpenAI()\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({{\"sub\": user_id}}, \"s\")\n\n\ndef current_id(token: str) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\ndef ask(b: dict, user_id: str = Depends(current_id)):\n{body}"
    )
}

/// The event of a call in that route, and what is left.
fn recorded(body: &str) -> (bool, String) {
    let main = claims(body);
    let files = [("requirements.txt", "fastapi\nopenai\npyjwt\n"), ("main.py", main.as_str())];
    let (step, text) = plan(&files, Area::Events, "main.py");
    (text.contains("record_usage(\n"), todo_of(&step))
}

const CALL: &str = "r = client.responses.create(model=\"m\", input=\"x\")\n";

#[test]
fn a_name_that_is_given_another_value_is_no_longer_the_user() {
    let (plain, _) = recorded(&format!("    {CALL}    return {{\"by\": user_id}}\n"));
    assert!(plain);
    for body in [
        format!("    user_id = b.get(\"behalf\") or user_id\n    {CALL}    return r\n"),
        format!("    if (user_id := b.get(\"behalf\")):\n        pass\n    {CALL}    return r\n"),
        format!("    for user_id in b[\"team\"]:\n        {CALL}"),
        format!(
            "    def one(user_id: str):\n        {CALL}        return r\n\n    return [one(u) for u in b[\"team\"]]\n"
        ),
    ] {
        let (billed, todo) = recorded(&body);
        assert!(!billed, "{body}");
        assert!(todo.contains("`user_id` means another than the signed-in user there"), "{body}{todo}");
    }
}

#[test]
fn a_loop_over_others_bills_none_of_them() {
    let route = |around: &str| {
        app(&format!(
            "app.post('/ask', requireAuth, async (req, res) => {{\n  const user = req.user;\n  log(user.id);\n  {around} {{\n    const r = await ai.responses.create({{ input: user.name }});\n    res.write(r.output_text);\n  }}\n  res.end();\n}});"
        ))
    };
    for (around, payer) in
        [("for (const user of team)", "req.user.id"), ("for (const other of team)", "user.id")]
    {
        let server = route(around);
        let (step, text) = plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Events, "app.js");
        assert!(text.contains(&format!("userId: String({payer})")), "{text}{}", todo_of(&step));
    }
}

#[test]
fn a_member_that_is_given_what_somebody_sent_is_no_longer_the_user() {
    let server = app(
        "app.post('/ask', requireAuth, async (req, res) => {\n  if (req.body.as) req.user.id = req.body.as;\n  const r = await ai.responses.create({ input: 'x' });\n  res.json({ r, by: req.user.id });\n});",
    );
    let (step, text) = plan(&[EXPRESS, AUTH, ("app.js", &server)], Area::Events, "app.js");
    assert!(!text.contains("recordUsage({"), "{text}");
    assert!(todo_of(&step).contains("means another than the signed-in user"), "{}", todo_of(&step));
}

#[test]
fn what_a_row_is_found_by_says_nothing_of_the_next_row_under_that_name() {
    let route = "import { auth } from \"@clerk/nextjs/server\";\nimport { openai } from \"@/lib/openai\";\nimport { prisma } from \"@/lib/prisma\";\n\nexport async function POST(request: Request) {\n  const { userId } = await auth();\n  if (!userId) return Response.json({}, { status: 401 });\n  const { id } = await request.json();\n  let entry = await prisma.entry.findFirst({ where: { id, ownerId: userId } });\n  if (!entry) entry = await prisma.entry.findFirst({ where: { id, isPublic: true } });\n  if (!entry) return Response.json({}, { status: 404 });\n  const made = await openai.responses.create({ model: \"m\", input: entry.text + entry.ownerId });\n  return Response.json({ text: made.output_text });\n}\n";
    let package = r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "@clerk/nextjs": "6", "openai": "6", "@prisma/client": "6"}, "devDependencies": {"typescript": "5"}}"#;
    let files = [
        ("package.json", package),
        ("tsconfig.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}"),
        ("lib/openai.ts", "import OpenAI from \"openai\";\nexport const openai = new OpenAI();\n"),
        (
            "lib/prisma.ts",
            "import { PrismaClient } from \"@prisma/client\";\nexport const prisma = new PrismaClient();\n",
        ),
        (
            "prisma/schema.prisma",
            "model Entry {\n  id String @id\n  ownerId String\n  text String\n  isPublic Boolean\n}\n",
        ),
        ("app/ask/route.ts", route),
    ];
    let (step, text) = plan(&files, Area::Events, "app/ask/route.ts");
    assert!(text.contains("    userId,\n") && !text.contains("userId: entry"), "{text}{}", todo_of(&step));
}

#[test]
fn a_function_that_is_imported_by_another_name_is_paid_all_the_same() {
    let route = "import { auth } from \"@clerk/nextjs/server\";\nimport { openai } from \"@ai-sdk/openai\";\nimport { generateText as write } from \"ai\";\n\nexport async function POST(request: Request) {\n  const { userId } = await auth();\n  if (!userId) return Response.json({}, { status: 401 });\n  const { text } = await write({ model: openai(\"m\"), prompt: \"x\" });\n  return Response.json({ text });\n}\n";
    let package = r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "@clerk/nextjs": "6", "ai": "5", "@ai-sdk/openai": "2"}, "devDependencies": {"typescript": "5"}}"#;
    let files = [("package.json", package), ("tsconfig.json", "{}"), ("app/ask/route.ts", route)];
    let (step, text) = plan(&files, Area::Events, "app/ask/route.ts");
    assert!(text.contains("await recordUsage({\n    userId,"), "{text}{}", todo_of(&step));
}

#[test]
fn options_that_take_in_others_may_bring_a_callback_of_their_own() {
    let route = |options: &str| {
        format!(
            "import {{ auth }} from \"@clerk/nextjs/server\";\nimport {{ openai }} from \"@ai-sdk/openai\";\nimport {{ streamText }} from \"ai\";\nimport {{ common }} from \"../../common\";\n\nexport async function POST(request: Request) {{\n  const {{ userId }} = await auth();\n  if (!userId) return Response.json({{}}, {{ status: 401 }});\n  const result = streamText({{\n    model: openai(\"m\"),\n    {options},\n    prompt: \"x\",\n  }});\n  return result.toTextStreamResponse();\n}}\n"
        )
    };
    let package = r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "@clerk/nextjs": "6", "ai": "5", "@ai-sdk/openai": "2"}, "devDependencies": {"typescript": "5"}}"#;
    for (options, billed) in [("...common(userId)", false), ("...(userId && { temperature: 1 })", true)] {
        let route = route(options);
        let files =
            [("package.json", package), ("tsconfig.json", "{}"), ("app/ask/route.ts", route.as_str())];
        let (step, text) = plan(&files, Area::Events, "app/ask/route.ts");
        assert_eq!(text.contains("recordUsage({"), billed, "{text}{}", todo_of(&step));
    }
}
