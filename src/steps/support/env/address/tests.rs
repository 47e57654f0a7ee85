//! Apps with a setting for their own address, and apps whose settings only look like one.

use crate::answers::Answers;
use crate::catalog::Catalog;
use crate::fingerprint::fingerprint;
use crate::resolve::Program;
use crate::sites;
use crate::steps::StepContext;
use crate::steps::support::{Kit, env};
use crate::template::Payment;
use crate::workspace::Workspace;

const EXPRESS: (&str, &str) =
    ("package.json", r#"{"name": "a", "type": "module", "dependencies": {"express": "5", "zod": "4"}}"#);
const SERVER: &str = "import express from \"express\";\nexport const app = express();\napp.get(\"/\", (req, res) => { res.end(); });\n";
const FASTAPI: (&str, &str) = ("requirements.txt", "fastapi\npydantic-settings\n");
const MAIN: (&str, &str) = (
    "main.py",
    "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\ndef home():\n    return {}\n",
);

fn payment(files: &[(&str, &str)]) -> Payment {
    let workspace = Workspace::in_memory(files.iter().copied());
    let catalog = Catalog::embedded().unwrap();
    let found = fingerprint(&workspace, &catalog);
    let program = Program::new(&workspace);
    let sites = sites::find(&program, &catalog, &found);
    let answers = Answers::default();
    let cx = StepContext {
        workspace: &workspace,
        program: &program,
        catalog: &catalog,
        app: &found.apps[0],
        sites: &sites,
        answers: &answers,
        asked_for: false,
    };
    env::payment(&Kit::new(&cx).unwrap())
}

fn url(files: &[(&str, &str)]) -> String {
    payment(files).url
}

fn settings_class(fields: &str) -> String {
    format!(
        "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n{fields}\n\nsettings = Settings()\n"
    )
}

#[test]
fn an_app_without_one_gets_a_setting_for_it() {
    let found = payment(&[EXPRESS, ("server.js", SERVER)]);
    assert_eq!(found.url, "process.env.CREDYT_RETURN_URL");
    assert_eq!(found.name, "CREDYT_RETURN_URL");
}

#[test]
fn the_environment_is_read_where_code_or_a_template_names_the_address() {
    let server = format!("{SERVER}export const home = process.env.APP_URL;\n");
    assert_eq!(url(&[EXPRESS, ("server.js", &server)]), "process.env.APP_URL");
    let files = [EXPRESS, ("server.js", SERVER), (".env.example", "APP_URL=http://localhost:3000\n")];
    assert_eq!(url(&files), "process.env.APP_URL");
}

#[test]
fn a_longer_name_a_comment_and_a_bare_host_are_no_address() {
    for template in ["MY_APP_URL=http://localhost:3000\n", "# APP_URL=\n", "APP_URL=localhost:3000\n"] {
        let files = [EXPRESS, ("server.js", SERVER), (".env.example", template)];
        assert_eq!(url(&files), "process.env.CREDYT_RETURN_URL", "{template}");
    }
}

#[test]
fn the_address_of_the_front_end_comes_before_that_of_the_sign_in_routes() {
    let template = "NEXTAUTH_URL=http://localhost:3000/api/auth\n";
    let found = payment(&[EXPRESS, ("server.js", SERVER), (".env.example", template)]);
    assert_eq!((found.url.as_str(), found.site_only), ("process.env.NEXTAUTH_URL", true));
    let template = format!("{template}FRONTEND_URL=http://localhost:5173\n");
    let found = payment(&[EXPRESS, ("server.js", SERVER), (".env.example", &template)]);
    assert_eq!((found.url.as_str(), found.site_only), ("process.env.FRONTEND_URL", false));
    // Only with Auth.js is this the app's own address.
    let files = [EXPRESS, ("server.js", SERVER), (".env.example", "AUTH_URL=http://localhost:3000\n")];
    assert_eq!(url(&files), "process.env.CREDYT_RETURN_URL");
}

#[test]
fn a_checked_environment_is_read_through_its_object() {
    let env = |keys: &str| {
        format!(
            "import {{ z }} from \"zod\";\nexport const env = z.object({{\n  PORT: z.coerce.number(),\n{keys}}}).parse(process.env);\n"
        )
    };
    let with = env("  APP_URL: z.url(),\n");
    assert_eq!(url(&[EXPRESS, ("server.js", SERVER), ("env.js", &with)]), "env.APP_URL");
    // A template alone does not put the setting into the object.
    let files = [
        EXPRESS,
        ("server.js", SERVER),
        ("env.js", &env("")),
        (".env.example", "APP_URL=http://localhost\n"),
    ];
    assert_eq!(url(&files), "env.CREDYT_RETURN_URL");
}

#[test]
fn a_member_of_a_settings_module_is_read_under_its_own_name() {
    let config = |line: &str| {
        format!(
            "export const config = {{\n  port: process.env.PORT,\n  databaseUrl: process.env.DATABASE_URL,\n  jwtSecret: process.env.JWT_SECRET,\n  {line}\n}};\n"
        )
    };
    let with = config("siteAddress: process.env.FRONTEND_URL || \"http://localhost:5173\",");
    assert_eq!(url(&[EXPRESS, ("server.js", SERVER), ("config.js", &with)]), "config.siteAddress");
    let list = config("origins: process.env.FRONTEND_URL.split(\",\"),");
    assert_eq!(url(&[EXPRESS, ("server.js", SERVER), ("config.js", &list)]), "config.credytReturnUrl");
}

#[test]
fn a_field_of_a_settings_class_is_read_in_its_own_case_and_as_text() {
    let cases = [
        (
            "    database_url: str\n    frontend_url: str = \"http://localhost:5173\"\n",
            "settings.frontend_url",
        ),
        (
            "    DATABASE_URL: str\n    FRONTEND_HOST: str = \"http://localhost:5173\"\n",
            "settings.FRONTEND_HOST",
        ),
        ("    DATABASE_URL: str\n    FRONTEND_URL: AnyHttpUrl\n", "str(settings.FRONTEND_URL)"),
        // A bare host, a list, and a value that may be missing but would be written out as a word.
        ("    DATABASE_URL: str\n    FRONTEND_HOST: str = \"localhost\"\n", "settings.CREDYT_RETURN_URL"),
        ("    DATABASE_URL: str\n    FRONTEND_URL: list[str]\n", "settings.CREDYT_RETURN_URL"),
        ("    DATABASE_URL: str\n    FRONTEND_URL: AnyHttpUrl | None = None\n", "settings.CREDYT_RETURN_URL"),
        // A new setting follows the case of the others.
        ("    database_url: str\n    secret_key: str\n", "settings.credyt_return_url"),
    ];
    for (fields, expected) in cases {
        let class = settings_class(fields);
        assert_eq!(url(&[FASTAPI, MAIN, ("config.py", &class)]), expected, "{fields}");
    }
}
