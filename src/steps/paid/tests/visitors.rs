//! Where visitors may come as well: only those who are signed in are billed and held back.

use super::*;

const PASSPORT: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "passport": "0.7", "passport-local": "1", "express-session": "1"}}"#,
);

/// An app that restores the session of every request, with one open route.
fn passport(body: &str) -> String {
    app(&format!(
        "const passport = require('passport');\napp.use(require('express-session')({{ secret: 's' }}));\napp.use(passport.initialize());\napp.use(passport.session());\npassport.deserializeUser((id, done) => done(null, {{ id }}));\napp.post('/ask', async (req, res) => {{\n{body}}});"
    ))
}

#[test]
fn whoever_a_session_names_pays_and_a_visitor_does_not() {
    let server = passport(
        "  const r = await ai.responses.create({ input: 'x' });\n  res.json({ r, by: req.user && req.user.id });\n",
    );
    let files = [PASSPORT, AUTH, ("app.js", server.as_str())];
    let (step, text) = plan(&files, Area::Events, "app.js");
    assert!(text.contains("  if (req.user?.id) {\n    await recordUsage({\n"), "{text}");
    assert!(text.contains("      userId: String(req.user.id),\n"), "{text}");
    assert!(todo_of(&step).contains("billed to nobody"), "{}", todo_of(&step));
    let (_, text) = plan(&files, Area::Gating, "app.js");
    assert!(text.contains("  if (req.user?.id) {\n    const balance = await checkBalance({ id: String(req.user.id) }, 0.01);\n    if (!balance.ok) {\n"), "{text}");
}

#[test]
fn nobody_is_billed_for_whom_another_may_be_signed_in() {
    let server = passport(
        "  const id = req.user.id || req.session.userId;\n  const r = await ai.responses.create({ input: id });\n  res.json(r);\n",
    );
    let (step, text) = plan(&[PASSPORT, AUTH, ("app.js", &server)], Area::Events, "app.js");
    assert!(!text.contains("recordUsage({"), "{text}");
    assert!(todo_of(&step).contains("visitors"), "{}", todo_of(&step));
}

#[test]
fn a_dependency_that_may_give_nobody_is_asked_for() {
    let main = "import jwt\nfrom fastapi import Depends, FastAPI\nfrom openai import OpenAI\n\napp = FastAPI()\nclient = OpenAI()\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({\"sub\": user_id}, \"s\")\n\n\ndef user_or_none(token: str | None = None) -> str | None:\n    if token is None:\n        return None\n    return jwt.decode(token, \"s\")[\"sub\"]\n\n\n@app.post(\"/a\")\ndef ask(text: str, user_id: str | None = Depends(user_or_none)):\n    answer = client.responses.create(model=\"m\", input=text)\n    return {\"text\": answer.output_text, \"by\": user_id}\n";
    let files = [("requirements.txt", "fastapi\nopenai\npyjwt\n"), ("main.py", main)];
    let (_, text) = plan(&files, Area::Events, "main.py");
    assert!(text.contains("    if user_id is not None:\n        record_usage(\n"), "{text}");
    let (_, text) = plan(&files, Area::Gating, "main.py");
    assert!(text.contains("    if user_id is not None:\n        balance = check_balance("), "{text}");
}

#[test]
fn a_stream_is_billed_at_its_end_for_the_signed_in_only() {
    let route = "import { auth } from \"@/auth\";\nimport { openai } from \"@ai-sdk/openai\";\nimport { streamText } from \"ai\";\n\nexport async function POST(request: Request) {\n  const session = await auth();\n  const { messages } = await request.json();\n  const result = streamText({ model: openai(\"m\"), messages, system: session?.user?.id ? \"known\" : \"new\" });\n  return result.toTextStreamResponse();\n}\n";
    let auth = "import NextAuth from \"next-auth\";\nimport GitHub from \"next-auth/providers/github\";\n\nexport const { handlers, auth } = NextAuth({\n  providers: [GitHub],\n  callbacks: {\n    session({ session, token }) {\n      session.user.id = token.sub!;\n      return session;\n    },\n  },\n});\n";
    let package = r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "next-auth": "5.0.0-beta.25", "ai": "5", "@ai-sdk/openai": "2"}, "devDependencies": {"typescript": "5"}}"#;
    let files = [
        ("package.json", package),
        ("tsconfig.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}"),
        ("auth.ts", auth),
        ("app/api/chat/route.ts", route),
    ];
    let (step, text) = plan(&files, Area::Events, "app/api/chat/route.ts");
    assert!(text.contains("onFinish: async ({ totalUsage }) => {\n"), "{text}{}", todo_of(&step));
    assert!(text.contains("if (session?.user?.id) {\n"), "{text}");
    assert!(text.contains("userId: String(session.user.id),\n"), "{text}");
}

#[test]
fn who_may_be_missing_is_named_to_what_is_called_only_where_they_are_there() {
    let server = passport("  const r = await sum('x');\n  res.json({ r, by: req.user && req.user.id });\n")
        .replace("const passport", "const sum = async (input) => {\n  const r = await ai.responses.create({ input });\n  return r.output_text;\n};\nconst passport");
    let files = [PASSPORT, AUTH, ("app.js", server.as_str())];
    let (step, text) = plan(&files, Area::Events, "app.js");
    assert!(
        text.contains("await billTo(req.user?.id ? String(req.user.id) : undefined, () => sum('x'));"),
        "{text}{}",
        todo_of(&step)
    );
    assert!(text.contains("userId: currentPayer(),"), "{text}");
}

#[test]
fn a_check_behind_the_call_makes_nobody_sure_in_front_of_it() {
    let server = passport(
        "  const r = await ai.responses.create({ input: 'x' });\n  if (!req.user) return res.json({ r });\n  res.json({ r, by: req.user.id });\n",
    );
    let (step, text) = plan(&[PASSPORT, AUTH, ("app.js", &server)], Area::Events, "app.js");
    assert!(text.contains("  if (req.user?.id) {\n    await recordUsage({\n"), "{text}{}", todo_of(&step));
}

#[test]
fn an_id_that_is_taken_out_of_an_answer_may_be_missing_until_it_is_checked() {
    let route = |check: &str| {
        format!(
            "import {{ auth }} from \"@clerk/nextjs/server\";\nimport OpenAI from \"openai\";\n\nconst openai = new OpenAI();\n\nexport async function POST(request: Request) {{\n  const {{ userId }} = await auth();\n{check}  const made = await openai.responses.create({{ model: \"m\", input: \"x\" }});\n  return Response.json({{ text: made.output_text, userId }});\n}}\n"
        )
    };
    let package = r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "@clerk/nextjs": "6", "openai": "6"}, "devDependencies": {"typescript": "5"}}"#;
    for (check, sure) in [("", false), ("  if (!userId) return Response.json({}, { status: 401 });\n", true)]
    {
        let route = route(check);
        let files =
            [("package.json", package), ("tsconfig.json", "{}"), ("app/ask/route.ts", route.as_str())];
        for area in [Area::Events, Area::Gating] {
            let (step, text) = plan(&files, area, "app/ask/route.ts");
            assert_eq!(text.contains("if (userId) {"), !sure, "{text}{}", todo_of(&step));
            assert!(text.contains("recordUsage({") || text.contains("checkBalance("), "{text}");
        }
    }
}

#[test]
fn what_only_visitors_get_is_nobodys() {
    let guest = "  if (!req.user) {\n    const r = await ai.responses.create({ input: 'x' });\n    return res.json({ r });\n  }\n  res.json({ by: req.user.id });\n";
    let other = "  if (req.user) {\n    return res.json({ by: req.user.id });\n  } else {\n    const r = await ai.responses.create({ input: 'x' });\n    return res.json({ r });\n  }\n";
    for body in [guest, other] {
        let server = passport(body);
        let files = [PASSPORT, AUTH, ("app.js", server.as_str())];
        for area in [Area::Events, Area::Gating] {
            let (step, text) = plan(&files, area, "app.js");
            assert!(!text.contains("recordUsage({") && !text.contains("checkBalance("), "{text}");
            assert!(todo_of(&step).contains("only visitors who are not signed in"), "{}", todo_of(&step));
        }
    }
}
