//! Each kind of fault, and beside it the nearest thing that is none.

use super::*;
use crate::edit::{ChangeSet, Edit, EditUnit, NewFile};
use crate::fingerprint::fingerprint;
use crate::workspace::Workspace;

const MANIFEST: (&str, &str) = (
    "package.json",
    r#"{ "name": "app", "dependencies": { "express": "^5", "next": "^15", "react": "^19" } }"#,
);

/// A unit that puts a text in front of a mark in each file, or makes the file where the mark is empty.
fn unit(app: &[(&str, &str)], writes: &[(&str, &str, &str)]) -> EditUnit {
    writes.iter().fold(EditUnit::new("a unit", "why"), |unit, (path, mark, text)| {
        let Some((_, before)) = app.iter().find(|(p, _)| p == path) else {
            return unit.create(*path, NewFile::new(*text, "why"));
        };
        let at = before.find(mark).expect("the mark is in the file");
        unit.edit(*path, Edit::insertion(at, *text, "why"))
    })
}

fn found(app: &[(&str, &str)], units: Vec<EditUnit>) -> Vec<Fault> {
    let workspace = Workspace::in_memory(app.iter().copied());
    let catalog = Catalog::embedded().expect("the catalogue is valid");
    let known = fingerprint(&workspace, &catalog);
    let recognised = known.apps.first().cloned().unwrap_or_default();
    let before = Program::new(&workspace);
    let mut changes = ChangeSet::new();
    for unit in units {
        changes.push(unit).expect("no conflict");
    }
    let outcome = changes.outcome(&workspace).expect("the edits fit");
    faults(&Ground { before: &before, app: &recognised, catalog: &catalog }, &outcome)
}

/// Each fault as a line.
fn check(app: &[(&str, &str)], writes: &[(&str, &str, &str)]) -> String {
    let faults = found(app, vec![unit(app, writes)]);
    let line = |f: &Fault| format!("{:?} {}:{} {}", f.kind, f.file, f.line, f.why);
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}

const AUTH: (&str, &str) = (
    "lib/auth.ts",
    "export async function auth() { return null; }\nexport type Session = { id: string };\nconst hidden = 1;\nexport default hidden;\n",
);

#[test]
fn an_import_leads_to_a_module_and_to_a_name_of_it() {
    let app = [
        MANIFEST,
        AUTH,
        (
            "app/x.ts",
            "import \"server-only\";\nimport gen from \"./generated/client\";\nexport const a = gen;\n",
        ),
    ];
    let new = |text: &str| check(&app, &[("app/new.ts", "", text)]);
    insta::assert_snapshot!(new("import { auth } from \"\";\nauth();\n"), @"EmptyModule app/new.ts:1 no module is known that has `auth` for `app/new.ts`");
    insta::assert_snapshot!(new("import { auth } from \"../lib/session\";\nauth();\n"), @"NoModule app/new.ts:1 `../lib/session` is no file, seen from `app/new.ts`");
    insta::assert_snapshot!(new("import { hidden } from \"../lib/auth\";\nhidden;\n"), @"NoExport app/new.ts:1 `lib/auth.ts` exports no `hidden`");
    insta::assert_snapshot!(new("import dayjs from \"dayjs\";\ndayjs();\n"), @"NoPackage app/new.ts:1 nothing that the app installs is called `dayjs`, which `app/new.ts` would import");
    for fine in [
        "import hidden, { auth, type Session } from \"../lib/auth\";\nauth() as Session; hidden;\n",
        "import express from \"express\";\nimport { readFile } from \"node:fs/promises\";\nexpress(readFile);\n",
        "import gen from \"./generated/client\";\ngen();\n",
        // What the app imports without installing it comes with its framework.
        "import \"server-only\";\n",
    ] {
        assert_eq!(new(fine), "", "{fine}");
    }
}

#[test]
fn an_import_is_used() {
    let app = [MANIFEST, AUTH, ("app/x.tsx", "export const a = 1;\n")];
    let new = |text: &str| check(&app, &[("app/new.tsx", "", text)]);
    insta::assert_snapshot!(new("import { auth } from \"../lib/auth\";\n// auth\nObject.auth();\n"), @"Unused app/new.tsx:1 nothing in `app/new.tsx` would use `auth`");
    for fine in [
        "import { auth } from \"../lib/auth\";\nexport { auth };\n",
        "import type { Session } from \"../lib/auth\";\nexport const a: Session | null = null;\n",
        "import Auth from \"../lib/auth\";\nexport const a = <Auth />;\n",
        "import \"../lib/auth\";\n",
    ] {
        assert_eq!(new(fine), "", "{fine}");
    }
    let app =
        [("requirements.txt", "fastapi\n"), ("app/__init__.py", ""), ("app/db.py", "url = 1\nend = 2\n")];
    let new = |path: &str, text: &str| check(&app, &[(path, "", text)]);
    insta::assert_snapshot!(new("app/new.py", "from app.db import end, url\nprint(url)\n"), @"Unused app/new.py:1 nothing in `app/new.py` would use `end`");
    assert_eq!(new("app/new.py", "from __future__ import annotations\nimport app.db\n"), "");
    assert_eq!(new("app/new.py", "from app.db import url\n\ndef f(a: \"url\"): ...\n"), "");
    assert_eq!(new("app/credyt/__init__.py", "from app.db import url\n"), "");
}

#[test]
fn commonjs_modules_export_the_members_of_their_object() {
    let app = [MANIFEST, ("lib/a.js", "const b = 1;\nmodule.exports = { b, c: 2 };\nexports.d = 3;\n")];
    let new = |text: &str| check(&app, &[("lib/new.js", "", text)]);
    assert_eq!(new("const { b, c, d } = require(\"./a\");\nb(c, d);\n"), "");
    insta::assert_snapshot!(new("const { e } = require(\"./a\");\ne();\n"), @"NoExport lib/new.js:1 `lib/a.js` exports no `e`");
}

#[test]
fn python_imports_are_names_of_the_module() {
    let app = [
        ("requirements.txt", "fastapi\n"),
        ("app/__init__.py", ""),
        ("app/auth.py", "from .db import *\ndef current():\n    return 1\n"),
        ("app/db.py", "import os\nurl = os.environ\n"),
        ("app/main.py", "import jwt\nfrom app.db import url\n"),
    ];
    let new = |text: &str| check(&app, &[("app/new.py", "", text)]);
    assert_eq!(
        new(
            "import logging\nimport jwt\nfrom app import db\nfrom app.db import url\nfrom .auth import anything\nanything(db, url)\n"
        ),
        ""
    );
    insta::assert_snapshot!(new("from .db import engine\nengine\n"), @"NoExport app/new.py:1 `app/db.py` exports no `engine`");
    insta::assert_snapshot!(new("from app.session import user\nuser\n"), @"NoModule app/new.py:1 `app.session` is no file, seen from `app/new.py`");
}

const ROUTE: (&str, &str) = (
    "app/route.ts",
    "import { auth } from \"../lib/auth\";\nexport async function POST(request: Request) {\n  const body = await request.json();\n  const session = await auth();\n  return Response.json({ body, session, headers: request.headers });\n}\n",
);

#[test]
fn a_name_is_declared_above_where_it_is_used() {
    let app = [MANIFEST, AUTH, ROUTE];
    let at = |mark: &str, text: &str| check(&app, &[("app/route.ts", mark, text)]);
    insta::assert_snapshot!(at("  const body", "  charge(auth);\n"), @"Unbound app/route.ts:3 nothing declares `charge` there, in `charge(auth);`");
    insta::assert_snapshot!(at("  const body", "  console.log(session);\n"), @"Early app/route.ts:3 `session` would be used above its declaration in line 5");
    // A function runs later.
    assert_eq!(at("  const body", "  setTimeout(() => console.log(session, body));\n"), "");
    assert_eq!(at("  return", "  console.log(session, body);\n"), "");
}

#[test]
fn a_python_name_that_is_bound_further_down_is_not_there_yet() {
    let app = [("requirements.txt", ""), ("a.py", "def f(x):\n    y = x\n    user = y\n    return user\n")];
    let at = |mark: &str, text: &str| check(&app, &[("a.py", mark, text)]);
    insta::assert_snapshot!(at("    y = x", "    print(user)\n"), @"Early a.py:2 `user` would be used above its declaration in line 4");
    insta::assert_snapshot!(at("    y = x", "    print(z)\n"), @"Unbound a.py:2 nothing declares `z` there, in `print(z)`");
    insta::assert_snapshot!(at("    user = y", "    y = 2\n    x = y\n"), @"Clash a.py:3 `y` is declared there already");
    assert_eq!(at("    user = y", "    z = 2\n    print(z)\n"), "");
    insta::assert_snapshot!(at("    return", "    user = 2\n"), @"Clash a.py:4 `user` is declared there already");
}

#[test]
fn what_is_imported_for_a_line_is_what_the_line_means() {
    let helper = ("lib/usage.ts", "export function bill(x: unknown) {}\n");
    let app = [MANIFEST, helper, ("app/x.ts", "export function f(bill: number) {\n  return bill;\n}\n")];
    let writes = [
        ("app/x.ts", "export", "import { bill } from \"../lib/usage\";\n"),
        ("app/x.ts", "  return", "  bill(1);\n"),
    ];
    insta::assert_snapshot!(check(&app, &writes), @"Captured app/x.ts:2 `bill` means another value there than the one that is imported for it");
}

#[test]
fn a_new_declaration_takes_no_name_that_is_in_use() {
    let app = [MANIFEST, AUTH, ROUTE];
    let at = |mark: &str, text: &str| check(&app, &[("app/route.ts", mark, text)]);
    insta::assert_snapshot!(at("  return", "  const body = 1;\n  void body;\n"), @"Clash app/route.ts:5 `body` is declared there already");
    insta::assert_snapshot!(at("  const session", "  const auth = 1;\n  void auth;\n"), @"Clash app/route.ts:4 a new `auth` would stand between the one that is there and its use in `const session = await auth();`");
    insta::assert_snapshot!(at("  const body", "  const Response = 1;\n  void Response;\n"), @"Clash app/route.ts:3 a new `Response` would stand between the one that is there and its use in `return Response.json({ body, session, headers: request.headers });`");
    assert_eq!(at("  return", "  const balance = 1;\n  void balance;\n"), "");
}

#[test]
fn a_members_value_has_it() {
    let lib = (
        "lib/log.ts",
        "export const log = async (m: string) => {};\nexport const logger = { error: (m: string) => {} };\nexport function tagged() {}\ntagged.error = 1;\n",
    );
    let app = [MANIFEST, lib];
    let new = |text: &str| check(&app, &[("lib/new.ts", "", text)]);
    insta::assert_snapshot!(new("import { log } from \"./log\";\nlog.error(\"x\");\n"), @r#"NoMember lib/new.ts:2 `log` has no `error` to be read in `log.error("x");`"#);
    insta::assert_snapshot!(new("import { logger } from \"./log\";\nlogger.warn(\"x\");\n"), @r#"NoMember lib/new.ts:2 `logger` has no `warn` to be read in `logger.warn("x");`"#);
    insta::assert_snapshot!(new("import * as logs from \"./log\";\nlogs.warning(\"x\");\n"), @r#"NoMember lib/new.ts:2 `logs` has no `warning` to be read in `logs.warning("x");`"#);
    assert_eq!(
        new(
            "import { log, logger, tagged } from \"./log\";\nlog.call(null, \"x\");\nlogger.error(\"x\");\ntagged.error;\n"
        ),
        ""
    );
}

#[test]
fn a_projection_has_only_what_was_asked_for() {
    let app = [
        MANIFEST,
        (
            "lib/users.ts",
            "export async function f(db: any) {\n  const [made] = await db.insert(users).values({}).returning({ id: users.id });\n  const one = await db.user.findFirst({ where: {}, select: { id: true } });\n  return made;\n}\ndeclare const users: any;\n",
        ),
    ];
    let at = |text: &str| check(&app, &[("lib/users.ts", "  return", text)]);
    insta::assert_snapshot!(at("  console.log(made.email);\n"), @"NoMember lib/users.ts:4 `made` has no `email` to be read in `console.log(made.email);`");
    insta::assert_snapshot!(at("  console.log(one.email);\n"), @"NoMember lib/users.ts:4 `one` has no `email` to be read in `console.log(one.email);`");
    assert_eq!(at("  console.log(made.id, one.id);\n"), "");
}

#[test]
fn what_may_be_nothing_is_asked_first() {
    let app = [
        MANIFEST,
        (
            "lib/f.ts",
            "type U = { id: string };\nexport function f(user: U | null, list: Array<U | null>) {\n  const a = 1;\n  if (!user) return;\n  return a;\n}\n",
        ),
    ];
    let at = |mark: &str, text: &str| check(&app, &[("lib/f.ts", mark, text)]);
    insta::assert_snapshot!(at("  const a", "  console.log(user.id);\n"), @"MaybeNull lib/f.ts:3 `user` may be nothing where `user.id` is read");
    assert_eq!(at("  const a", "  console.log(user?.id, user && user.id, list.length);\n"), "");
    assert_eq!(at("  return a", "  console.log(user.id);\n"), "");
}

#[test]
fn a_module_does_not_import_the_file_that_starts_the_server() {
    let index = "import express from \"express\";\nexport const app = express();\nexport function guard() {}\napp.get(\"/\", guard);\napp.listen(3000);\n";
    let app = [MANIFEST, ("src/index.ts", index)];
    let new = "import { guard } from \"./index\";\nguard();\n";
    insta::assert_snapshot!(check(&app, &[("src/billing.ts", "", new)]), @"Entry src/billing.ts:1 `src/index.ts` starts the server, so `src/billing.ts` cannot import from it");
    let quiet = [MANIFEST, ("src/index.ts", &index.replace("app.listen(3000);\n", "") as &str)];
    assert_eq!(check(&quiet, &[("src/billing.ts", "", new)]), "");
}

#[test]
fn modules_that_load_each_other_read_nothing_too_early() {
    let app = [MANIFEST, ("src/a.ts", "export const limit = 1;\nexport function guard() {}\n")];
    let back = ("src/a.ts", "export const", "import { b } from \"./b\";\nvoid b;\n");
    let early = "import { limit } from \"./a\";\nexport const b = limit + 1;\n";
    insta::assert_snapshot!(check(&app, &[back, ("src/b.ts", "", early)]), @"Cycle src/b.ts:1 `src/b.ts` and `src/a.ts` would load each other, and `limit` is read before it is there");
    let later = "import { limit, guard } from \"./a\";\nguard();\nexport function b() { return limit; }\n";
    assert_eq!(check(&app, &[back, ("src/b.ts", "", later)]), "");
    let python = [("requirements.txt", ""), ("main.py", "limit = 1\napp = 2\n")];
    let back = ("main.py", "app", "from billing import bill\nbill()\n");
    assert_eq!(
        check(
            &python,
            &[back, ("billing.py", "", "from main import limit\ndef bill():\n    return limit\n")]
        ),
        ""
    );
    insta::assert_snapshot!(check(&python, &[back, ("billing.py", "", "from main import app\ndef bill():\n    return app\n")]), @"Cycle billing.py:1 `billing.py` and `main.py` would load each other, and `app` is read before it is there");
}

#[test]
fn a_module_of_a_package_does_not_load_the_package() {
    let app = [
        ("requirements.txt", ""),
        ("app/__init__.py", "db = 1\nfrom app import views\n"),
        ("app/models.py", "from app import db\nuser = db\n"),
        ("app/views.py", "from app.models import user\n"),
    ];
    let billing = ("app/billing.py", "", "from app.models import user\ndef bill():\n    return user\n");
    let views = ("app/views.py", "from", "from app.billing import bill\nbill()\n");
    assert_eq!(check(&app, &[billing, views]), "");
    // In the package itself what stands above counts.
    let early = ("app/__init__.py", "db = 1", "from app.views import user\nuser\n");
    let back = ("app/views.py", "from", "from app import db\ndb\n");
    assert!(check(&app, &[early, back]).contains("would load each other"));
}

#[test]
fn no_module_of_node_reaches_another_runtime() {
    let edge =
        "export const runtime = \"edge\";\nexport async function POST() { return Response.json({}); }\n";
    let app = [
        MANIFEST,
        ("app/api/a/route.ts", edge),
        ("app/page.tsx", "export default function Page() { return null; }\n"),
        ("app/layout.tsx", "export default function L() { return null; }\n"),
    ];
    let import =
        ("app/api/a/route.ts", "export const", "import { bill } from \"../../../lib/usage\";\nvoid bill;\n");
    let module = |m: &str| format!("import * as m from \"{m}\";\nexport const bill = m;\n");
    insta::assert_snapshot!(check(&app, &[import, ("lib/usage.ts", "", &module("node:crypto"))]), @"Runtime app/api/a/route.ts:1 `app/api/a/route.ts` runs in the edge runtime, which has no `crypto` for `lib/usage.ts`");
    assert_eq!(check(&app, &[import, ("lib/usage.ts", "", &module("node:async_hooks"))]), "");
    assert_eq!(check(&app, &[("lib/usage.ts", "", &module("node:crypto"))]), "");
}

#[test]
fn a_module_is_called_by_something() {
    let app = [MANIFEST, ROUTE, AUTH];
    let module = || {
        EditUnit::new("the module", "why")
            .create("lib/credyt/usage.ts", NewFile::new("export function bill() {}\n", "why"))
            .library()
    };
    let call = unit(
        &app,
        &[("app/route.ts", "import", "import { bill } from \"../lib/credyt/usage\";\nvoid bill;\n")],
    );
    let lines = |units| found(&app, units).iter().map(|f| f.why.clone()).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(lines(vec![module()]), @"nothing in the app would call `lib/credyt/usage.ts`");
    assert_eq!(lines(vec![module(), call]), "");
}

#[test]
fn what_needs_a_withdrawn_unit_goes_with_it() {
    let app = [MANIFEST, ROUTE, AUTH];
    let workspace = Workspace::in_memory(app);
    let catalog = Catalog::embedded().expect("the catalogue is valid");
    let recognised = fingerprint(&workspace, &catalog).apps.first().cloned().unwrap_or_default();
    let before = Program::new(&workspace);
    let ground = Ground { before: &before, app: &recognised, catalog: &catalog };
    let module = EditUnit::new("the module", "why")
        .create("lib/credyt/usage.ts", NewFile::new("export function bill() {}\n", "why"))
        .library();
    let call =
        |mark: &str, text: &str| unit(&app, &[("app/route.ts", mark, text)]).needs("lib/credyt/usage.ts");
    let good = call("import", "import { bill } from \"../lib/credyt/usage\";\nvoid bill;\n");
    let bad = call("  return", "  bill(nobody.id);\n");
    let set = |units: Vec<EditUnit>| {
        let mut changes = ChangeSet::new();
        for unit in units {
            changes.push(unit).expect("no conflict");
        }
        changes
    };
    let caught = catch(&ground, &set(vec![module.clone(), good, bad.clone()])).expect("most of it stands");
    assert_eq!((caught.changes.units().len(), caught.todo.len()), (2, 1));
    assert!(caught.todo[0].unmet && caught.todo[0].text.contains("nobody"), "{:?}", caught.todo);
    // With its only caller gone, the module goes too.
    let withdrawn = catch(&ground, &set(vec![module, bad])).expect_err("nothing stands");
    assert!(withdrawn.todo.iter().all(|t| t.unmet), "{:?}", withdrawn.todo);
}
