//! Before, what is wanted, after; and what is refused.

use super::*;
use crate::edit::{ChangeSet, EditUnit};
use crate::syntax::style::Style;
use crate::workspace::{Language, Workspace};

#[track_caller]
fn check(language: Language, before: &str, requests: &[ImportRequest<'_>], names: &[&str], after: &str) {
    let source = Source::parse(language, before).unwrap();
    let (edits, got) = get_or_import_all(&source, &Style::of(&source), requests).unwrap();
    assert_eq!(got, names);
    let path = if language == Language::Python { "a.py" } else { "a.ts" };
    let mut set = ChangeSet::new();
    set.push(EditUnit::new("u", "w").edits(path, edits)).unwrap();
    let ws = Workspace::in_memory([(path, before)]);
    let outcome = set.outcome(&ws).unwrap();
    assert_eq!(outcome.file(path).map_or(before, |f| f.after().as_str()), after);
    outcome.check().unwrap();
    // Planned again on its own result, nothing is left to do.
    let again = Source::parse(language, after).unwrap();
    let (edits, names) = get_or_import_all(&again, &Style::of(&again), requests).unwrap();
    assert_eq!((edits, names), (Vec::new(), got));
}

#[track_caller]
fn ts(before: &str, request: ImportRequest<'_>, name: &str, after: &str) {
    check(Language::TypeScript, before, &[request], &[name], after);
}

#[track_caller]
fn py(before: &str, request: ImportRequest<'_>, name: &str, after: &str) {
    check(Language::Python, before, &[request], &[name], after);
}

#[track_caller]
fn refused(language: Language, before: &str, request: ImportRequest<'_>) -> ImportRefusal {
    let source = Source::parse(language, before).unwrap();
    get_or_import(&source, &Style::of(&source), &request).unwrap_err()
}

/// Two units that each need some names of the same file.
#[track_caller]
fn both(language: Language, before: &str, units: [&[ImportRequest<'_>]; 2], after: &str) {
    let source = Source::parse(language, before).unwrap();
    let path = if language == Language::Python { "a.py" } else { "a.ts" };
    let mut set = ChangeSet::new();
    for requests in units {
        let (edits, _) = get_or_import_all(&source, &Style::of(&source), requests).unwrap();
        set.push(EditUnit::new("u", "w").edits(path, edits)).unwrap();
    }
    let outcome = set.outcome(&Workspace::in_memory([(path, before)])).unwrap();
    assert_eq!(outcome.file(path).map_or(before, |f| f.after().as_str()), after);
}

#[test]
fn what_two_units_need_is_imported_once_whatever_else_each_needs() {
    let (usage, payer) = (named("./usage", "record"), named("./payer", "ask"));
    let units: [&[ImportRequest<'_>]; 2] = [&[usage], &[usage, payer]];
    let lines = "import { record } from \"./usage\";\nimport { ask } from \"./payer\";\n";
    both(
        Language::TypeScript,
        "import a from \"a\";\n\nrun();\n",
        units,
        &format!("import a from \"a\";\n{lines}\nrun();\n"),
    );
    both(Language::TypeScript, "run();\n", units, &format!("{lines}\nrun();\n"));
    both(
        Language::TypeScript,
        "\"use server\";\nrun();\n",
        units,
        &format!("\"use server\";\n\n{lines}\nrun();\n"),
    );
    let lines = "from usage import record\nfrom payer import ask\n";
    let (usage, payer) = (named("usage", "record"), named("payer", "ask"));
    let units: [&[ImportRequest<'_>]; 2] = [&[usage], &[usage, payer]];
    let sorted = lines.lines().rev().collect::<Vec<_>>().join("\n");
    both(Language::Python, "import a\n\nrun()\n", units, &format!("import a\n{sorted}\n\nrun()\n"));
}

#[test]
fn what_two_units_need_of_one_module_is_one_statement() {
    let of = |module| (named(module, "current_payer"), named(module, "bill_to"));
    let (current, bill) = of("./payer");
    for units in [[&[current][..], &[bill][..]], [&[current][..], &[current, bill][..]]] {
        both(
            Language::TypeScript,
            "import a from 'a'\n\nrun()\n",
            units,
            "import a from 'a'\nimport { current_payer, bill_to } from './payer'\n\nrun()\n",
        );
        both(
            Language::TypeScript,
            "run()\n",
            units,
            "import { current_payer, bill_to } from \"./payer\"\n\nrun()\n",
        );
        both(
            Language::TypeScript,
            "const a = require('a');\nrun();\n",
            units,
            "const a = require('a');\nconst { current_payer, bill_to } = require('./payer');\nrun();\n",
        );
        both(
            Language::TypeScript,
            "import { done } from './payer';\n",
            units,
            "import { done, current_payer, bill_to } from './payer';\n",
        );
    }
    let (current, bill) = of("payer");
    let units: [&[ImportRequest<'_>]; 2] = [&[current], &[bill]];
    let line = "from payer import bill_to, current_payer\n";
    both(Language::Python, "import a\n\nrun()\n", units, &format!("import a\n{line}\nrun()\n"));
    both(Language::Python, "run()\n", units, &format!("{line}\nrun()\n"));
    both(
        Language::Python,
        "from payer import a, z\n",
        units,
        "from payer import a, bill_to, current_payer, z\n",
    );
    // Whole modules are never one statement.
    let (a, b) = (of_whole("one"), of_whole("two"));
    both(Language::Python, "import a\n", [&[a], &[b]], "import a\nimport one\nimport two\n");
}

fn of_whole(module: &str) -> ImportRequest<'_> {
    of(module, ImportName::Namespace)
}

fn named<'a>(module: &'a str, name: &'a str) -> ImportRequest<'a> {
    ImportRequest::named(module, name)
}

fn of<'a>(module: &'a str, name: ImportName<'a>) -> ImportRequest<'a> {
    ImportRequest { name, ..ImportRequest::named(module, "") }
}

#[test]
fn an_existing_binding_is_reused_alias_included() {
    ts("import { db } from '@/db'\n", named("@/db", "db"), "db", "import { db } from '@/db'\n");
    ts(
        "import { db as database } from \"@/db\";\n",
        named("@/db", "db"),
        "database",
        "import { db as database } from \"@/db\";\n",
    );
    ts(
        "import { db } from \"../db.js\";\n",
        named("../db", "db"),
        "db",
        "import { db } from \"../db.js\";\n",
    );
    ts(
        "import z, { default as y } from \"m\";\n",
        of("m", ImportName::Default),
        "z",
        "import z, { default as y } from \"m\";\n",
    );
    ts("import * as m from \"m\";\n", of("m", ImportName::Namespace), "m", "import * as m from \"m\";\n");
    let relative = ImportRequest { also: &["./db"], ..named("@/lib/db", "db") };
    ts("import { db } from \"./db\";\n", relative, "db", "import { db } from \"./db\";\n");
}

#[test]
fn an_import_of_the_same_module_is_extended() {
    ts("import { b } from 'm'\n", named("m", "a"), "a", "import { b, a } from 'm'\n");
    ts("import { b, d } from 'm'\n", named("m", "c"), "c", "import { b, c, d } from 'm'\n");
    ts("import {b} from 'm';\n", named("m", "c"), "c", "import {b, c} from 'm';\n");
    ts("import {} from 'm';\n", named("m", "c"), "c", "import { c } from 'm';\n");
    ts("import d from \"m\";\n", named("m", "c"), "c", "import d, { c } from \"m\";\n");
    ts(
        "import { c } from \"m\";\n",
        ImportRequest { local: Some("d"), ..of("m", ImportName::Default) },
        "d",
        "import d, { c } from \"m\";\n",
    );
    ts(
        "import {\r\n\tb,\r\n\td,\r\n} from 'm'\r\n",
        named("m", "e"),
        "e",
        "import {\r\n\tb,\r\n\td,\r\n\te,\r\n} from 'm'\r\n",
    );
    ts("import {\n  b,\n  d\n} from 'm'\n", named("m", "a"), "a", "import {\n  a,\n  b,\n  d\n} from 'm'\n");
}

#[test]
fn several_names_of_one_module_share_a_statement() {
    let requests = [named("./u", "b"), named("./u", "a"), named("./v", "c"), named("./u", "a")];
    check(
        Language::TypeScript,
        "import { x } from './x'\n",
        &requests,
        &["b", "a", "c", "a"],
        "import { x } from './x'\nimport { b, a } from './u'\nimport { c } from './v'\n",
    );
}

#[test]
fn a_new_import_goes_after_the_last_one_in_the_style_of_the_file() {
    ts(
        "import {x} from 'x'\n\nf()\n",
        named("y", "y"),
        "y",
        "import {x} from 'x'\nimport {y} from 'y'\n\nf()\n",
    );
    ts(
        "import x from \"x\"; // why\r\n\r\nf();\r\n",
        of("y", ImportName::Namespace),
        "y",
        "import x from \"x\"; // why\r\nimport * as y from \"y\";\r\n\r\nf();\r\n",
    );
    ts("import x from \"x\";", named("y", "y"), "y", "import x from \"x\";\nimport { y } from \"y\";");
    ts("import \"m\";\nf();\n", named("m", "y"), "y", "import \"m\";\nimport { y } from \"m\";\nf();\n");
}

#[test]
fn what_stands_on_top_stays_there() {
    ts(
        "\"use client\";\n\nexport const a = 1;\n",
        named("y", "y"),
        "y",
        "\"use client\";\n\nimport { y } from \"y\";\n\nexport const a = 1;\n",
    );
    ts(
        "'use server'\nexport const a = 1\n",
        named("y", "y"),
        "y",
        "'use server'\n\nimport { y } from 'y'\n\nexport const a = 1\n",
    );
    ts(
        "#!/usr/bin/env node\nf();\n",
        named("y", "y"),
        "y",
        "#!/usr/bin/env node\n\nimport { y } from \"y\";\n\nf();\n",
    );
    ts(
        "// Copyright me\n\nf();\n",
        named("y", "y"),
        "y",
        "// Copyright me\n\nimport { y } from \"y\";\n\nf();\n",
    );
    ts("// about f\nf();\n", named("y", "y"), "y", "import { y } from \"y\";\n\n// about f\nf();\n");
    ts("\u{feff}f();\n", named("y", "y"), "y", "\u{feff}import { y } from \"y\";\n\nf();\n");
    ts("", named("y", "y"), "y", "import { y } from \"y\";\n");
}

#[test]
fn the_specifier_is_written_as_the_file_writes_its_own() {
    let request = ImportRequest { also: &["../credyt/usage"], ..named("@/lib/credyt/usage", "u") };
    ts("import a from '../a'\n", request, "u", "import a from '../a'\nimport { u } from '../credyt/usage'\n");
    ts(
        "import a from '@/a'\n",
        request,
        "u",
        "import a from '@/a'\nimport { u } from '@/lib/credyt/usage'\n",
    );
    ts(
        "import a from './a.js';\n",
        named("./b", "b"),
        "b",
        "import a from './a.js';\nimport { b } from './b.js';\n",
    );
}

#[test]
fn types_and_values_are_told_apart() {
    let value = named("m", "T");
    let ty = ImportRequest { type_only: true, ..value };
    ts("import type { T } from \"m\";\n", value, "T", "import { T } from \"m\";\n");
    ts("import { type T, u } from \"m\";\n", value, "T", "import { T, u } from \"m\";\n");
    ts(
        "import type { V } from \"m\";\n",
        value,
        "T",
        "import type { V } from \"m\";\nimport { T } from \"m\";\n",
    );
    ts("import type { V } from \"m\";\n", ty, "T", "import type { V, T } from \"m\";\n");
    ts("import { v } from \"m\";\n", ty, "T", "import { v } from \"m\";\nimport type { T } from \"m\";\n");
    ts("import { T } from \"m\";\n", ty, "T", "import { T } from \"m\";\n");
    let refusal = refused(Language::TypeScript, "import type { T, V } from \"m\";\n", value);
    assert_eq!(refusal, ImportRefusal::TypeOnly { name: "T".into(), line: 1 });
}

#[test]
fn a_name_that_is_taken_or_hidden_is_refused_and_can_be_had_under_another() {
    let taken = "import { y } from \"other\";\n";
    let request = named("m", "y");
    assert_eq!(
        refused(Language::TypeScript, taken, request),
        ImportRefusal::NameTaken { name: "y".into(), line: 1 }
    );
    let request = ImportRequest { local: Some("y2"), ..request };
    ts(taken, request, "y2", "import { y } from \"other\";\nimport { y as y2 } from \"m\";\n");
    assert!(matches!(
        refused(Language::TypeScript, "const f = (y) => y;\n", named("m", "y")),
        ImportRefusal::NameTaken { .. }
    ));
    ts("f(a.y);\n", named("m", "y"), "y", "import { y } from \"m\";\n\nf(a.y);\n");
    let hiding = "import { y } from \"m\";\nfunction f(y) {\n  g();\n}\n";
    let inside = ImportRequest { at: Some(hiding.find("g()").unwrap()), ..named("m", "y") };
    assert_eq!(
        refused(Language::TypeScript, hiding, inside),
        ImportRefusal::Hidden { name: "y".into(), line: 2 }
    );
    let beside = "import { y } from \"m\";\nfunction f() {\n  h((y) => y);\n  g();\n}\n";
    ts(beside, ImportRequest { at: Some(beside.find("g()").unwrap()), ..named("m", "y") }, "y", beside);
}

#[test]
fn commonjs_files_require() {
    let js = |before: &str, request, name: &str, after: &str| {
        check(Language::JavaScript, before, &[request], &[name], after);
    };
    js(
        "const a = require('a')\n\na()\n",
        named("./y", "y"),
        "y",
        "const a = require('a')\nconst { y } = require('./y')\n\na()\n",
    );
    js(
        "'use strict';\nconst { b } = require('m');\n",
        named("m", "c"),
        "c",
        "'use strict';\nconst { b, c } = require('m');\n",
    );
    js("const { b: x } = require('m');\n", named("m", "b"), "x", "const { b: x } = require('m');\n");
    js("const m = require('m');\n", of("m", ImportName::Default), "m", "const m = require('m');\n");
    let request = ImportRequest { local: Some("z"), ..named("./y", "y") };
    js(
        "const a = require('a');\n",
        request,
        "z",
        "const a = require('a');\nconst { y: z } = require('./y');\n",
    );
}

#[test]
fn python_reuses_extends_and_sorts() {
    py("from m import a as b\n", named("m", "a"), "b", "from m import a as b\n");
    py("from m import a, c\n", named("m", "b"), "b", "from m import a, b, c\n");
    py(
        "from m import (\n    a,\n    c,\n)\n",
        named("m", "d"),
        "d",
        "from m import (\n    a,\n    c,\n    d,\n)\n",
    );
    py("import app.m as m\n", of("app.m", ImportName::Namespace), "m", "import app.m as m\n");
    py("from app import m\n", of("app.m", ImportName::Namespace), "m", "from app import m\n");
    py(
        "import os\n\nfrom app.a import x\nfrom app.z import y\n\nf()\n",
        named("app.m", "q"),
        "q",
        "import os\n\nfrom app.a import x\nfrom app.m import q\nfrom app.z import y\n\nf()\n",
    );
    py(
        "import os\r\n\r\nf()\r\n",
        named("app.m", "q"),
        "q",
        "import os\r\nfrom app.m import q\r\n\r\nf()\r\n",
    );
    py("import os\n", of("httpx", ImportName::Namespace), "httpx", "import os\nimport httpx\n");
}

#[test]
fn python_puts_its_own_library_first_and_the_apps_modules_last() {
    py(
        "from fastapi import A\n\nimport speech\n",
        of("asyncio", ImportName::Namespace),
        "asyncio",
        "import asyncio\n\nfrom fastapi import A\n\nimport speech\n",
    );
    py(
        "import json\nimport os\n\nfrom fastapi import A\n\nimport speech\n",
        of("asyncio", ImportName::Namespace),
        "asyncio",
        "import asyncio\nimport json\nimport os\n\nfrom fastapi import A\n\nimport speech\n",
    );
    check(
        Language::Python,
        "import os\n\nf()\n",
        &[named(".n", "v"), named(".m", "u")],
        &["v", "u"],
        "import os\n\nfrom .m import u\nfrom .n import v\n\nf()\n",
    );
}

#[test]
fn python_is_relative_where_the_file_is() {
    let request = ImportRequest { also: &[".credyt.usage"], ..named("app.credyt.usage", "u") };
    py(
        "from . import a\nfrom .b import c\n",
        request,
        "u",
        "from . import a\nfrom .b import c\nfrom .credyt.usage import u\n",
    );
    py("from app.b import c\n", request, "u", "from app.b import c\nfrom app.credyt.usage import u\n");
    py("import os\n", named(".m", "u"), "u", "import os\n\nfrom .m import u\n");
}

#[test]
fn python_keeps_docstring_and_future_on_top() {
    py("\"\"\"Doc.\"\"\"\n\nx = 1\n", named("m", "u"), "u", "\"\"\"Doc.\"\"\"\n\nfrom m import u\n\nx = 1\n");
    py(
        "#!/usr/bin/env python\n\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n\nx = 1\n",
        named("m", "u"),
        "u",
        "#!/usr/bin/env python\n\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n\nfrom m import u\n\nx = 1\n",
    );
    py("x = 1\n", named("m", "u"), "u", "from m import u\n\nx = 1\n");
}

#[test]
fn python_refuses_what_it_cannot_name() {
    assert!(matches!(
        refused(Language::Python, "u = 1\n", named("m", "u")),
        ImportRefusal::NameTaken { line: 1, .. }
    ));
    assert!(matches!(
        refused(Language::Python, "", of("m", ImportName::Default)),
        ImportRefusal::NotPossible(_)
    ));
    let hiding = "from m import u\n\ndef f(u):\n    g()\n";
    let request = ImportRequest { at: Some(hiding.find("g()").unwrap()), ..named("m", "u") };
    assert!(matches!(refused(Language::Python, hiding, request), ImportRefusal::Hidden { line: 3, .. }));
}

#[test]
fn a_new_package_joins_the_group_of_one_of_its_kind() {
    let before = "import os\n\nfrom fastapi import FastAPI\n\nfrom app.db import db\n";
    let request =
        ImportRequest { beside: Some("fastapi.responses"), ..named("starlette.background", "Task") };
    let after = "import os\n\nfrom fastapi import FastAPI\nfrom starlette.background import Task\n\nfrom app.db import db\n";
    py(before, request, "Task", after);
}
