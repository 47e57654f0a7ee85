use super::*;

fn catalog() -> Catalog {
    Catalog::embedded().unwrap_or_else(|e| panic!("{e}"))
}

fn apps(files: &[(&str, &str)]) -> Vec<App> {
    fingerprint(&Workspace::in_memory(files.iter().copied()), &catalog()).apps
}

const NEXT: &str = r#"{"name": "shop", "dependencies": {"next": "15.0.0", "react": "19.0.0", "next-auth": "5.0.0-beta.25",
  "@prisma/client": "6.0.0"}, "devDependencies": {"typescript": "5.9.0"}, "scripts": {"test": "vitest"}}"#;

#[test]
fn a_next_app_is_named_with_evidence_for_each_value() {
    let apps = apps(&[
        ("package.json", NEXT),
        ("pnpm-lock.yaml", ""),
        ("tsconfig.json", "{}"),
        ("app/page.tsx", "export default function Page() { return <p/>; }"),
        (
            "lib/env.ts",
            "import { createEnv } from \"@t3-oss/env-nextjs\";\nexport const env = createEnv({\n  server: { A: x, B: y },\n});\n",
        ),
        (".env.example", "A=\n"),
        (".env", "A=1\n"),
        (".gitignore", ".env\n"),
    ]);
    let [app] = apps.as_slice() else { panic!("{apps:?}") };
    assert_eq!((app.root.as_str(), app.name.as_str()), (".", "shop"));
    assert_eq!(
        (app.frameworks.as_slice(), app.auth.as_slice()),
        (&["nextjs-app".to_owned()][..], &["authjs".to_owned()][..])
    );
    assert_eq!((app.orm.as_slice(), app.ui.as_deref()), (&["prisma".to_owned()][..], Some("react")));
    assert_eq!(app.package_manager.as_deref(), Some("pnpm"));
    assert_eq!(
        (app.tests.as_deref(), app.typecheck.as_deref()),
        (Some("pnpm test"), Some("pnpm exec tsc --noEmit"))
    );
    assert_eq!(app.env.style.as_deref(), Some("t3-env"));
    assert_eq!(app.env.files, [".env.example"], "an ignored env file is not a template");
    let site = app.env.site.as_ref().expect("the call declares settings");
    assert_eq!((site.file.as_str(), site.line, site.symbol.as_deref()), ("lib/env.ts", 2, Some("env")));
    for field in ["frameworks", "auth", "orm", "ui", "env", "package_manager"] {
        assert!(app.evidence.iter().any(|e| e.field == field && e.line > 0), "{field}");
    }
}

#[test]
fn the_packages_an_app_uses_are_its_code_and_no_apps_themselves() {
    let apps = apps(&[
        ("package.json", r#"{"name": "root", "private": true, "workspaces": ["apps/*", "packages/*"]}"#),
        (
            "apps/api/package.json",
            r#"{"name": "api", "dependencies": {"express": "^5.0.0", "@x/db": "workspace:*"}, "scripts": {"start": "node ."}}"#,
        ),
        ("apps/api/src/index.ts", "import express from \"express\";\nconst app = express();\n"),
        (
            "apps/docs/package.json",
            r#"{"name": "docs-site", "dependencies": {"astro": "5", "@astrojs/starlight": "1"}}"#,
        ),
        (
            "packages/db/package.json",
            r#"{"name": "@x/db", "main": "index.ts", "dependencies": {"drizzle-orm": "^0.40.0"}}"#,
        ),
        ("packages/db/index.ts", "export const db = 1;\n"),
        ("packages/unused/package.json", r#"{"name": "@x/unused", "dependencies": {"mongoose": "8"}}"#),
        ("examples/basic/package.json", r#"{"name": "basic", "dependencies": {"express": "^5.0.0"}}"#),
        ("examples/basic/index.js", "const express = require(\"express\");\n"),
    ]);
    let [app] = apps.as_slice() else { panic!("{apps:?}") };
    assert_eq!((app.root.as_str(), app.orm.as_slice()), ("apps/api", &["drizzle".to_owned()][..]));
    assert_eq!(app.folders, ["apps/api", "packages/db"]);
    assert!(app.owns("packages/db/index.ts") && !app.owns("packages/unused/x.ts"));
}

#[test]
fn a_python_app_reads_its_manifests_whatever_their_form() {
    let main = ("app/main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n");
    let settings = (
        "app/config.py",
        "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    key: str\n",
    );
    for (manifest, lock, manager) in [
        (
            ("requirements.txt", "fastapi[standard]>=0.110 ; python_version > '3.8'\nSQLAlchemy==2.0.1\n"),
            "x.txt",
            "pip",
        ),
        (
            (
                "pyproject.toml",
                "[project]\nname = \"x\"\ndependencies = [\"fastapi>=0.1\", \"sqlalchemy\"]\n",
            ),
            "uv.lock",
            "uv",
        ),
        (
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\nfastapi = \"^0.1\"\nSQLAlchemy = {version = \"2\"}\n",
            ),
            "poetry.lock",
            "poetry",
        ),
        (("Pipfile", "[packages]\nfastapi = \"*\"\nsqlalchemy = \"==2\"\n"), "Pipfile.lock", "pipenv"),
    ] {
        let models = ("app/models.py", "from sqlalchemy.orm import DeclarativeBase\n");
        let apps = apps(&[manifest, (lock, ""), main, settings, models]);
        let [app] = apps.as_slice() else { panic!("{manifest:?} {apps:?}") };
        assert_eq!(
            (app.frameworks.as_slice(), app.package_manager.as_deref()),
            (&["fastapi".to_owned()][..], Some(manager))
        );
        assert_eq!(app.orm, ["sqlalchemy"], "{manifest:?}");
        assert_eq!(app.env.style.as_deref(), Some("pydantic-settings"));
        assert_eq!(app.env.site.as_ref().map(|s| (s.line, s.end_line)), Some((4, 5)));
    }
}

#[test]
fn what_stands_only_in_tests_is_no_evidence() {
    let apps = apps(&[
        ("package.json", r#"{"dependencies": {"express": "5", "jsonwebtoken": "9"}}"#),
        ("index.js", "const express = require(\"express\");\n"),
        ("tests/token.test.js", "const jwt = require(\"jsonwebtoken\");\njwt.sign({}); jwt.verify(t);\n"),
    ]);
    assert_eq!(apps[0].auth, Vec::<String>::new());
}

#[test]
fn a_folder_without_an_app_has_none() {
    assert!(apps(&[("README.md", "# words\n"), ("notes/a.py", "print(1)\n")]).is_empty());
    assert!(apps(&[("package.json", "{ not json")]).is_empty());
}

#[test]
fn public_variables_are_no_settings_of_the_server() {
    let page = ("app/page.tsx", "export default () => process.env.NEXT_PUBLIC_URL;");
    let style = |extra: (&str, &str)| apps(&[("package.json", NEXT), page, extra])[0].env.style.clone();
    assert_eq!(style(("lib/a.ts", "")), None);
    assert_eq!(style(("lib/a.ts", "const k = process.env.KEY;")).as_deref(), Some("process.env"));
}

#[test]
fn a_package_that_is_imported_and_not_declared_counts() {
    let manifest = r#"{"name": "a", "dependencies": {"next": "15", "react": "19"}, "devDependencies": {"@prisma/client": "6"}}"#;
    let page = ("app/page.tsx", "export default function Page() { return <p/>; }");
    let lib = (
        "lib/all.ts",
        "import OpenAI from 'openai';\nimport { PrismaClient } from \"@prisma/client\";\nimport { getServerSession } from 'next-auth';\nexport const who = () => getServerSession();\n",
    );
    let with = apps(&[("package.json", manifest), page, lib]);
    assert_eq!(with[0].providers, ["openai"]);
    assert_eq!(with[0].orm, ["prisma"]);
    assert_eq!(with[0].auth, ["nextauth-v4"]);
    // A word is no import, and neither is what stands in a test.
    let words = ("lib/all.ts", "export const names = ['openai', 'next-auth'];\n");
    let test = ("lib/all.test.ts", "import OpenAI from 'openai';\n");
    let without = apps(&[("package.json", manifest), page, words, test]);
    assert!(without[0].providers.is_empty() && without[0].auth.is_empty(), "{:?}", without[0]);
}

#[test]
fn a_session_call_that_is_handed_on_is_one() {
    let app = apps(&[
        ("requirements.txt", "fastapi\nsupabase\n"),
        (
            "main.py",
            "import asyncio\nfrom fastapi import FastAPI\nfrom supabase import create_client\n\napp = FastAPI()\nclient = create_client(\"u\", \"k\")\n\n\nasync def user(token):\n    return await asyncio.to_thread(client.auth.get_user, token)\n",
        ),
    ]);
    assert_eq!(app[0].auth, ["supabase"]);
}
