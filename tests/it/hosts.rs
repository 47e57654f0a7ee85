//! Where an app runs decides what becomes of an event that outlives its request, and whether the key can be read at all.

use crate::common::Project;

const ROUTE: &str = "import OpenAI from \"openai\";
import { requireUser } from \"./auth.js\";
import express from \"express\";

const openai = new OpenAI();
export const app = express();

app.post(\"/ask\", requireUser, async (req, res) => {
  const answer = await openai.responses.create({ model: \"gpt-5-mini\", input: req.body.question, user: req.user.id });
  res.json({ text: answer.output_text });
});

app.listen(3000);
";

const AUTH: &str = "import jwt from \"jsonwebtoken\";

export function requireUser(req, res, next) {
  req.user = jwt.verify(req.get(\"authorization\"), process.env.JWT_SECRET);
  next();
}

export function sign(user) {
  return jwt.sign({ id: user.id }, process.env.JWT_SECRET);
}
";

/// The usage module of an Express app with these packages and files besides.
fn usage(packages: &str, more: &[(&str, &str)]) -> String {
    let manifest = format!(
        r#"{{"name": "asker", "type": "module", "dependencies": {{"express": "^5", "openai": "^6", "jsonwebtoken": "^9"{packages}}}}}"#
    );
    let files = [("package.json", manifest.as_str()), ("src/app.js", ROUTE), ("src/auth.js", AUTH)];
    let project = Project::new(&[&files[..], more].concat());
    let ran = project.tool(&["run", "--yes", "--offline", "--step", "key,events"]);
    assert_eq!(ran.status, 0, "{}", ran.transcript());
    project.read("src/credyt/usage.js")
}

#[test]
fn an_event_goes_on_in_the_background_of_a_lasting_process() {
    let usage = usage("", &[]);
    assert!(usage.contains("const MAX_WAIT_MS = 3_000;"), "{usage}");
    assert!(usage.contains("if (isPaused()) {\n    return;"), "{usage}");
}

#[test]
fn an_event_is_waited_for_where_the_host_stops_with_the_answer() {
    for (packages, more) in [("", [("vercel.json", "{}")]), (r#", "serverless-http": "3""#, [("a.txt", "")])]
    {
        let usage = usage(packages, &more);
        assert!(usage.contains("const MAX_WAIT_MS = 20_000;"), "{usage}");
        assert!(!usage.contains("if (isPaused()) {\n    return;"), "{usage}");
    }
}

#[test]
fn an_event_is_given_to_the_host_that_keeps_work_going() {
    let usage = usage(r#", "@vercel/functions": "3""#, &[]);
    assert!(usage.contains("import { waitUntil } from \"@vercel/functions\";"), "{usage}");
    assert!(usage.contains("    waitUntil(billed);\n    return;\n"), "{usage}");
}

#[test]
fn an_app_on_workers_is_refused_as_a_whole_and_one_that_is_built_for_them_is_not() {
    let manifest = r#"{"name": "poet", "type": "module", "dependencies": {"hono": "^4", "openai": "^6"}}"#;
    let worker = "import { Hono } from \"hono\";\nimport { jwt } from \"hono/jwt\";\nimport OpenAI from \"openai\";\n\nconst app = new Hono();\napp.use(\"*\", (c, next) => jwt({ secret: c.env.JWT_SECRET, alg: \"HS256\" })(c, next));\napp.post(\"/poems\", async (c) => {\n  const openai = new OpenAI({ apiKey: c.env.OPENAI_API_KEY });\n  return c.json(await openai.responses.create({ model: \"gpt-5-mini\", input: \"x\" }));\n});\nexport default app;\n";
    for (name, settings, refused) in [
        ("wrangler.toml", "name = \"poet\"\nmain = \"src/index.ts\"\n", true),
        ("wrangler.jsonc", "{\n  // poet\n  \"main\": \"src/index.ts\"\n}\n", true),
        ("wrangler.toml", "name = \"poet\"\nmain = \".open-next/worker.js\"\n", false),
    ] {
        let project = Project::new(&[("package.json", manifest), ("src/index.ts", worker), (name, settings)]);
        let ran = project.tool(&["run", "--yes", "--offline"]);
        let said = ran.transcript();
        assert_eq!(ran.status == 4 && said.contains("Cloudflare Workers"), refused, "{said}");
        if refused {
            assert!(said.contains("src/index.ts:9"), "{said}");
            assert!(!project.exists("src/credyt"), "{said}");
        }
    }
}
