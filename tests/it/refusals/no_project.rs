//! Folders that are no app to integrate, or not now.

use crate::common::Project;

/// `run --yes` ends with this status, says this, and writes nothing.
fn stops(files: &[(&str, &str)], status: i32, said: &str) {
    let project = Project::new(files);
    let ran = project.tool(&["run", "--yes", "--offline"]);
    assert_eq!(ran.status, status, "{}", ran.transcript());
    assert!(ran.err.contains(said) && ran.err.contains("hint: "), "{}", ran.transcript());
    assert_eq!(project.changes(), "");
}

#[test]
fn a_project_without_an_app_or_without_users_is_refused() {
    stops(&[("README.md", "# notes\n")], 4, "no app was found");
    stops(
        &[
            ("package.json", r#"{"name": "kit", "main": "index.js", "dependencies": {"openai": "6"}}"#),
            (
                "index.js",
                "const OpenAI = require(\"openai\");\nconst client = new OpenAI();\nexports.ask = (input) => client.responses.create({ model: \"gpt-5\", input });\n",
            ),
        ],
        4,
        "error: ",
    );
    stops(
        &[
            ("pyproject.toml", "[project]\nname = \"kit\"\nversion = \"1\"\ndependencies = [\"openai\"]\n"),
            (
                "kit/__init__.py",
                "from openai import OpenAI\n\n\ndef ask(text):\n    return OpenAI().responses.create(model=\"gpt-5\", input=text)\n",
            ),
        ],
        4,
        "error: ",
    );
    stops(
        &[
            ("package.json", r#"{"dependencies": {"express": "5", "openai": "6"}}"#),
            (
                "app.js",
                "const express = require(\"express\");\nconst OpenAI = require(\"openai\");\nconst app = express();\nconst client = new OpenAI();\napp.post(\"/ask\", async (req, res) => {\n  const { userId } = req.body;\n  res.json(await client.responses.create({ model: \"gpt-5\", input: userId }));\n});\n",
            ),
        ],
        4,
        "carry no user",
    );
    stops(
        &[
            ("package.json", r#"{"dependencies": {"react": "19", "vite": "7", "openai": "6"}}"#),
            ("vite.config.ts", "export default {};\n"),
            ("src/main.tsx", "export const App = () => <main />;\n"),
            (
                "supabase/functions/ask/index.ts",
                "import OpenAI from \"npm:openai@6\";\n\nconst client = new OpenAI();\nDeno.serve(async () => Response.json(await client.responses.create({ model: \"gpt-5\", input: \"x\" })));\n",
            ),
        ],
        4,
        "the code in `supabase/functions` is deployed on its own",
    );
    stops(
        &[
            ("package.json", r#"{"dependencies": {"express": "5"}}"#),
            (
                "app.js",
                "const express = require(\"express\");\nconst app = express();\napp.get(\"/\", (req, res) => res.send(\"hi\"));\n",
            ),
        ],
        4,
        "nothing to bill",
    );
}

#[test]
fn uncommitted_work_is_not_written_over() {
    let project = Project::new(super::apps::EXPRESS);
    let text = format!("{}// work in progress\n", project.read("app.js"));
    project.write("app.js", &text);
    let ran = project.tool(&["run", "--yes", "--offline"]);
    assert_eq!(ran.status, 5, "{}", ran.transcript());
    assert!(ran.err.contains("hint: "), "{}", ran.transcript());
    assert_eq!(project.read("app.js"), text);
    assert!(!project.exists("credyt.toml"));
}

#[test]
fn files_of_others_are_not_looked_into() {
    const CALL: &str = "const OpenAI = require(\"openai\");\nconst client = new OpenAI();\nclient.responses.create({ model: \"gpt-5\", input: \"x\" });\n";
    for file in [
        "public/kit.min.js",
        "node_modules/kit/index.js",
        ".next/server/page.js",
        "venv/lib/site-packages/kit.js",
        "ignored/kit.js",
    ] {
        let mut files = super::apps::EXPRESS.to_vec();
        files.extend([(".gitignore", "/ignored\nnode_modules\n.next\nvenv\n"), (file, CALL)]);
        let sites = Project::new(&files).tool(&["sites", "--json"]).json();
        let found: Vec<&str> =
            sites["sites"].as_array().expect("sites").iter().filter_map(|s| s["file"].as_str()).collect();
        assert!(found.contains(&"app.js") && !found.contains(&file), "{file}: {found:?}");
    }
}
