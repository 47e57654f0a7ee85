use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::*;
use crate::resolve::has_word;
use crate::syntax::facts;
use crate::workspace::Language;

mod runtime;
mod webhook;

/// A TypeScript app with every area and nothing unusual.
fn typescript() -> ModuleContext {
    ModuleContext {
        noun: "user".to_owned(),
        lang: Lang::TypeScript,
        module: ModuleSystem::Esm,
        ext: String::new(),
        source_ext: "ts".to_owned(),
        node_floor: None,
        python_floor: None,
        flavour: Flavour::Sync,
        client: Client::Fetch,
        http_library: HttpLibrary::Httpx,
        areas: Areas::up_to("webhook").unwrap(),
        product: "default_plan".to_owned(),
        asset: Asset { code: "USD".to_owned(), unit: None, symbol: Some("$".to_owned()) },
        on_unavailable: OnUnavailable::Allow,
        env: Env {
            import: None,
            key: "process.env.CREDYT_API_KEY".to_owned(),
            url: Some("process.env.CREDYT_API_URL".to_owned()),
            key_name: "CREDYT_API_KEY".to_owned(),
            webhook_secret: "process.env.CREDYT_WEBHOOK_SECRET".to_owned(),
            webhook_secret_name: "CREDYT_WEBHOOK_SECRET".to_owned(),
        },
        log: Log {
            import: None,
            setup: None,
            error: "console.error({message}, {error});".to_owned(),
            info: "console.info({message});".to_owned(),
        },
        store: None,
        streams: Vec::new(),
        readers: Vec::new(),
        listeners: Vec::new(),
        summed: false,
        carried: false,
        prices: Vec::new(),
        portal: Portal {
            path: Some("/api/billing/portal".to_owned()),
            return_path: "/".to_owned(),
            failure_path: "/".to_owned(),
        },
        payment: None,
        server_only: false,
        web_crypto: true,
        host: Host::default(),
        fetch_options: Vec::new(),
    }
}

fn javascript(module: ModuleSystem) -> ModuleContext {
    let ext = if module == ModuleSystem::Esm { ".js" } else { "" };
    ModuleContext {
        lang: Lang::JavaScript,
        module,
        ext: ext.to_owned(),
        source_ext: "js".to_owned(),
        ..typescript()
    }
}

fn python(flavour: Flavour, client: Client, http_library: HttpLibrary) -> ModuleContext {
    ModuleContext {
        lang: Lang::Python,
        source_ext: "py".to_owned(),
        flavour,
        client,
        http_library,
        env: Env {
            import: Some("import os".to_owned()),
            key: "os.environ.get(\"CREDYT_API_KEY\")".to_owned(),
            url: Some("os.environ.get(\"CREDYT_API_URL\")".to_owned()),
            key_name: "CREDYT_API_KEY".to_owned(),
            webhook_secret: "os.environ.get(\"CREDYT_WEBHOOK_SECRET\")".to_owned(),
            webhook_secret_name: "CREDYT_WEBHOOK_SECRET".to_owned(),
        },
        log: Log {
            import: Some("import logging".to_owned()),
            setup: Some("logger = logging.getLogger(__name__)".to_owned()),
            error: "logger.exception({message})".to_owned(),
            info: "logger.info({message})".to_owned(),
        },
        ..typescript()
    }
}

/// The same app with everything that can be switched on.
fn full(mut context: ModuleContext) -> ModuleContext {
    context.streams = meters().unwrap();
    context.readers = readers().unwrap();
    context.summed = true;
    context.listeners = vec![ChainListener {
        typescript: "chainListener".to_owned(),
        python: "ChainListener".to_owned(),
        reader: "chainTokens".to_owned(),
        python_reader: "chain_tokens".to_owned(),
        base_module: "langchain_core.callbacks".to_owned(),
        base_name: "BaseCallbackHandler".to_owned(),
    }];
    context.carried = true;
    context.host.after = Some(After {
        import: "import { after } from \"next/server\";".to_owned(),
        call: "after(billed);".to_owned(),
    });
    context.prices = ["input_tokens", "output_tokens"]
        .map(|unit| Price {
            vendor: "openai".to_owned(),
            model: "gpt-4o-mini".to_owned(),
            unit: unit.to_owned(),
            amount: "0.15".to_owned(),
            per: 1_000_000,
            currency: "USD".to_owned(),
            as_of: "2026-11-01".to_owned(),
            source: "https://example.com/pricing".to_owned(),
        })
        .to_vec();
    let store = match context.lang {
        Lang::Python => Store {
            standard: vec!["import asyncio".to_owned()],
            packages: vec!["from sqlalchemy import select".to_owned()],
            own: vec!["from app.users import users".to_owned()],
            load: "return users.get(user_id)".to_owned(),
            save: "users[user_id] = customer_id".to_owned(),
        },
        Lang::TypeScript | Lang::JavaScript => Store {
            standard: Vec::new(),
            packages: Vec::new(),
            own: vec![match context.module {
                ModuleSystem::Cjs if context.lang == Lang::JavaScript => {
                    "const { users } = require(\"../users\");".to_owned()
                }
                _ => format!("import {{ users }} from \"../users{}\";", context.ext),
            }],
            load: "const user = await users.find(userId);\nreturn user?.credytId ?? null;".to_owned(),
            save: "await users.update(userId, { credytId: customerId });".to_owned(),
        },
    };
    context.store = Some(store);
    context
}

/// Contexts that between them take every branch of every template, each with a name.
fn matrix() -> BTreeMap<String, ModuleContext> {
    let bases = [
        ("ts", typescript()),
        ("js-esm", javascript(ModuleSystem::Esm)),
        ("js-cjs", javascript(ModuleSystem::Cjs)),
        ("py-sync-sdk", python(Flavour::Sync, Client::Sdk, HttpLibrary::Requests)),
        ("py-async-sdk", python(Flavour::Async, Client::Sdk, HttpLibrary::Httpx)),
        ("py-async-sdk-aiohttp", python(Flavour::Async, Client::Sdk, HttpLibrary::Requests)),
        ("py-sync-httpx", python(Flavour::Sync, Client::Http, HttpLibrary::Httpx)),
        ("py-sync-requests", python(Flavour::Sync, Client::Http, HttpLibrary::Requests)),
        ("py-async-http", python(Flavour::Async, Client::Http, HttpLibrary::Httpx)),
    ];
    let mut all = BTreeMap::new();
    for (name, base) in bases {
        for area in areas().unwrap() {
            let areas = Areas::up_to(&area.id).unwrap();
            let plain = ModuleContext { areas, ..base.clone() };
            let full = full(plain.clone());
            all.insert(format!("{name}/{}-{}-plain", area.order, area.id), plain);
            all.insert(format!("{name}/{}-{}-full", area.order, area.id), full);
        }
        let only_display = Areas { key: true, customer: true, balance: true, ..Areas::default() };
        let mut block = ModuleContext { areas: only_display, ..base.clone() };
        all.insert(format!("{name}/only-display"), block.clone());
        block.areas = Areas::up_to("webhook").unwrap();
        block.on_unavailable = OnUnavailable::Block;
        block.asset = Asset {
            code: "IMAGES".to_owned(),
            unit: Some(Unit { one: "image".to_owned(), many: "images".to_owned() }),
            symbol: None,
        };
        block.payment = Some(Payment {
            url: match base.lang {
                Lang::Python => "os.environ.get(\"CREDYT_RETURN_URL\")",
                Lang::TypeScript | Lang::JavaScript => "process.env.CREDYT_RETURN_URL",
            }
            .to_owned(),
            name: "CREDYT_RETURN_URL".to_owned(),
            site_only: name.contains("sdk") || name.contains("js"),
        });
        block.web_crypto = false;
        block.host.freezes = true;
        block.python_floor = Some((3, 12));
        block.env.url = None;
        all.insert(format!("{name}/block"), block);
    }
    all
}

/// The matrix and its modules, rendered once for all tests.
static RENDERED: LazyLock<Vec<(String, ModuleContext, Vec<Module>)>> = LazyLock::new(|| {
    let render = |(name, context): (String, ModuleContext)| {
        let modules = modules(&context).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        (name, context, modules)
    };
    matrix().into_iter().map(render).collect()
});

fn parse_error(text: &str, lang: Lang) -> Option<usize> {
    let mut parser = tree_sitter::Parser::new();
    let language = match lang {
        Lang::Python => tree_sitter_python::LANGUAGE.into(),
        Lang::TypeScript | Lang::JavaScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    };
    parser.set_language(&language).unwrap();
    javascript::first_error(parser.parse(text, None).unwrap().root_node())
}

#[test]
fn every_template_renders_to_clean_text_that_parses() {
    for (name, context, modules) in &*RENDERED {
        for module in modules {
            let place = format!("{name}/{}\n{}", module.file_name, module.text);
            assert_eq!(parse_error(&module.text, context.lang), None, "{place}");
            assert!(module.text.ends_with('\n') && !module.text.ends_with("\n\n"), "{place}");
            assert!(!module.text.contains("\n\n\n\n"), "{place}");
            assert!(module.text.lines().all(|line| line.trim_end() == line), "{place}");
            if context.lang != Lang::Python {
                assert!(!module.text.contains("\n\n\n"), "{place}");
            }
        }
    }
}

#[test]
fn what_a_module_imports_it_uses() {
    for (name, context, modules) in &*RENDERED {
        let language = match context.lang {
            Lang::Python => Language::Python,
            Lang::TypeScript => Language::TypeScript,
            Lang::JavaScript => Language::JavaScript,
        };
        // The head of a package passes on what it imports, and the lines of the store are made up here.
        let made_up: Vec<&String> =
            context.store.iter().flat_map(|s| s.standard.iter().chain(&s.packages)).collect();
        for module in modules.iter().filter(|m| m.name != "__init__") {
            let imports = facts(language, &module.text).imports;
            for import in imports.iter().filter(|i| !i.local.is_empty() && i.module != "__future__") {
                let statement = module.text.get(import.span.range()).unwrap_or_default();
                let outside = module.text.replacen(statement, "", 1);
                let used = has_word(&outside, &import.local) || made_up.iter().any(|line| *line == statement);
                assert!(used, "{name}/{}: `{}` is not used", module.file_name, import.local);
            }
        }
    }
}

/// To look at what is rendered, or to compile and run it: `CREDYT_RENDER_TO=folder cargo test template::`.
#[test]
fn every_template_is_told_for_an_organisation_without_a_user_left_over() {
    for (name, context) in matrix() {
        let context = ModuleContext { noun: "organization".to_owned(), store: None, ..context };
        for module in modules(&context).unwrap() {
            assert_eq!(parse_error(&module.text, context.lang), None, "{name}: {}", module.file_name);
            let left = ["BillingUser", "userId", "user_id", "a user", "userid"];
            let left = left.iter().find(|word| module.text.contains(**word));
            assert_eq!(left, None, "{name}: {}", module.file_name);
        }
    }
}

#[test]
fn writes_the_matrix_where_asked() {
    let Some(folder) = std::env::var_os("CREDYT_RENDER_TO").map(std::path::PathBuf::from) else { return };
    for (name, _, modules) in &*RENDERED {
        let folder = folder.join(name).join("credyt");
        std::fs::create_dir_all(&folder).unwrap();
        for module in modules {
            std::fs::write(folder.join(&module.file_name), &module.text).unwrap();
        }
    }
}

/// What adding an area to an app that has all the areas before it does to the files.
fn changes(base: &ModuleContext, area: &str) -> Vec<String> {
    let last = areas().unwrap().into_iter().take_while(|earlier| earlier.id != area).last().unwrap();
    let render =
        |id: &str| modules(&ModuleContext { areas: Areas::up_to(id).unwrap(), ..base.clone() }).unwrap();
    let before = render(&last.id);
    let mut changes = Vec::new();
    for module in render(area) {
        match before.iter().find(|old| old.name == module.name) {
            None => changes.push(format!("new {}", module.file_name)),
            Some(old) if *old != module => changes.push(format!("change {}", module.file_name)),
            Some(_) => {}
        }
    }
    changes
}

#[test]
fn an_area_touches_only_the_files_it_concerns() {
    let typescript = typescript();
    assert_eq!(changes(&typescript, "customer"), ["new customer.ts"]);
    assert_eq!(changes(&typescript, "events"), ["change client.ts", "new usage.ts"]);
    assert_eq!(
        changes(&typescript, "gating"),
        ["change client.ts", "change customer.ts", "change usage.ts", "new balance.ts"]
    );
    assert_eq!(changes(&typescript, "portal"), ["change client.ts", "change balance.ts", "new portal.ts"]);
    assert_eq!(changes(&typescript, "balance"), ["new display.ts"]);
    assert_eq!(changes(&typescript, "costs"), ["change client.ts", "change usage.ts", "new costs.ts"]);
    assert_eq!(changes(&typescript, "webhook"), ["change client.ts", "new webhook.ts"]);

    let python = full(python(Flavour::Async, Client::Sdk, HttpLibrary::Httpx));
    assert_eq!(
        changes(&python, "events"),
        ["change client.py", "new usage.py", "new tokens.py", "new payer.py", "new stream.py"]
    );
    assert_eq!(changes(&python, "balance"), ["new display.py"]);
    assert_eq!(changes(&python, "costs"), ["change usage.py", "change stream.py", "new costs.py"]);
}

#[test]
fn files_export_the_names_their_entries_list() {
    for context in [full(typescript()), full(python(Flavour::Async, Client::Sdk, HttpLibrary::Httpx))] {
        let rendered = modules(&context).unwrap();
        for file in areas().unwrap().into_iter().flat_map(|area| area.files) {
            let Some(names) = (if context.lang == Lang::Python { file.python } else { file.typescript })
            else {
                continue;
            };
            let text = &rendered.iter().find(|module| module.name == file.name).unwrap().text;
            for name in names {
                let declared = ["type", "function", "const", "class", "def"]
                    .iter()
                    .any(|keyword| text.contains(&format!("{keyword} {name}")));
                assert!(declared || text.contains(&format!("\n{name}:")), "{name} in\n{text}");
            }
        }
    }
}

#[test]
fn areas_come_after_those_they_need_and_all_their_files_are_rendered() {
    let areas = areas().unwrap();
    for area in &areas {
        for needed in &area.needs {
            assert!(
                areas.iter().any(|other| other.id == *needed && other.order < area.order),
                "{}: {needed}",
                area.id
            );
        }
    }
    let mut rendered = std::collections::BTreeSet::new();
    for (_, context, modules) in &*RENDERED {
        let language = if context.lang == Lang::Python { "python" } else { "typescript" };
        rendered.extend(modules.iter().map(|module| format!("{language}/{}.j2", module.name)));
    }
    let templates = catalog::template_paths();
    assert!(!templates.is_empty());
    // Bodies of routes are rendered by the steps that write them.
    for path in templates.into_iter().filter(|path| !path.ends_with("/route.j2")) {
        assert!(rendered.iter().any(|name| path.ends_with(name)), "{path} is never rendered");
    }
}

#[test]
fn javascript_has_no_types_and_commonjs_no_imports() {
    let kinds = [
        "type_annotation",
        "type_predicate_annotation",
        "type_arguments",
        "type_parameters",
        "type_alias_declaration",
        "as_expression",
        "satisfies_expression",
        "non_null_expression",
        "optional_parameter",
        "enum_declaration",
        "accessibility_modifier",
        "import_statement",
        "export_statement",
    ];
    for (name, context, modules) in &*RENDERED {
        if context.lang != Lang::JavaScript {
            continue;
        }
        let forbidden = if context.module == ModuleSystem::Cjs { &kinds[..] } else { &kinds[..11] };
        for module in modules {
            let tree = javascript::parse(&module.text).unwrap();
            let mut nodes = vec![tree.root_node()];
            while let Some(node) = nodes.pop() {
                assert!(!forbidden.contains(&node.kind()), "{name}: {} in\n{}", node.kind(), module.text);
                nodes.extend(javascript::children(node));
            }
        }
    }
}

#[test]
fn types_leave_and_documentation_stays() {
    let typescript = "\
import { type Shape, area } from \"./shape\";

/** A box. */
export type Box<T> = { kind: \"box\"; /** In metres. */ side?: number };

type Hidden = string;

/** How much fits in. */
export function volume<T extends Shape>(
  shape: T,
  depth?: number,
): number | null {
  return (area(shape) as number) * depth!;
}
";
    let expected = "\
import { area } from \"./shape\";

/**
 * A box.
 *
 * @typedef {object} Box
 * @property {\"box\"} kind
 * @property {number} [side]
 */

/**
 * How much fits in.
 *
 * @template {import(\"./shape\").Shape} T
 * @param {T} shape
 * @param {number} [depth]
 * @returns {number | null}
 */
export function volume(shape, depth) {
  return (area(shape)) * depth;
}
";
    assert_eq!(javascript::from_typescript(typescript).unwrap(), expected);
    let whole = "import type { A, B } from \"m\";\nimport { c } from \"m\";\n\nexport function f(a: A) {\n  return c(a);\n}\n";
    let plain = javascript::from_typescript(whole).unwrap();
    assert!(!plain.contains("type") && plain.contains("import { c }"), "{plain}");
    assert_eq!(javascript::from_typescript("const a = ;\nconst b = 1;\n"), Err(1));
}

#[test]
fn imports_become_requires() {
    let module = "\
import \"server-only\";
import db, { one as first, two } from \"./db\";
import * as fs from \"node:fs\";
const old = require(\"./old\");

export const A = 1;

export async function b() {}

function c() {}
";
    let expected = "\
require(\"server-only\");
const db = require(\"./db\");
const { one: first, two } = require(\"./db\");
const fs = require(\"node:fs\");
const old = require(\"./old\");

const A = 1;

async function b() {}

function c() {}

module.exports = { A, b };
";
    assert_eq!(commonjs::from_esm(module).unwrap(), expected);
}

#[test]
fn old_runtimes_are_refused_with_the_way_out() {
    let message = |context: &ModuleContext| modules(context).unwrap_err().to_string();
    let node = ModuleContext { node_floor: Some(16), ..typescript() };
    assert_eq!(message(&node), "the app names Node 16, which has no `fetch`: raise it to Node 18 or newer");
    let mut old = python(Flavour::Sync, Client::Sdk, HttpLibrary::Requests);
    old.python_floor = Some((3, 8));
    assert!(message(&old).contains("set `client = \"http\"`"));
    old.client = Client::Http;
    assert!(modules(&old).is_ok());
    old.python_floor = Some((3, 7));
    assert!(message(&old).contains("3.8 or newer"));
}

#[test]
fn packages_follow_the_client() {
    let of = |flavour, client, library| packages(&python(flavour, client, library)).unwrap();
    let sdk = "credyt-api>=0.2.0,<0.3";
    assert_eq!(of(Flavour::Sync, Client::Sdk, HttpLibrary::Httpx), [sdk]);
    assert_eq!(of(Flavour::Async, Client::Sdk, HttpLibrary::Requests), [sdk, "aiohttp"]);
    assert_eq!(of(Flavour::Async, Client::Http, HttpLibrary::Requests), ["httpx"]);
    assert_eq!(of(Flavour::Sync, Client::Http, HttpLibrary::Requests), ["requests"]);
    assert!(packages(&typescript()).unwrap().is_empty());
}

#[test]
fn text_from_answers_is_quoted() {
    let context = ModuleContext { product: "a\"b\\c${d}".to_owned(), ..typescript() };
    let customer = modules(&context).unwrap().into_iter().find(|module| module.name == "customer").unwrap();
    assert!(customer.text.contains(r#"const PRODUCT_CODE = "a\"b\\c${d}";"#), "{}", customer.text);
}

#[test]
fn snapshots() {
    let key = Areas::up_to("key").unwrap();
    let events = Areas::up_to("events").unwrap();
    let cases = [
        ("ts_key", ModuleContext { areas: key, ..typescript() }),
        ("ts_events", ModuleContext { areas: events, ..typescript() }),
        ("ts_all", full(typescript())),
        ("ts_block", matrix().remove("ts/block").unwrap()),
        ("js_cjs_all", full(javascript(ModuleSystem::Cjs))),
        ("py_async_sdk_all", full(python(Flavour::Async, Client::Sdk, HttpLibrary::Httpx))),
        (
            "py_sync_sdk_events",
            ModuleContext { areas: events, ..python(Flavour::Sync, Client::Sdk, HttpLibrary::Httpx) },
        ),
        ("py_sync_requests_block", matrix().remove("py-sync-requests/block").unwrap()),
    ];
    for (name, context) in cases {
        let files = modules(&context)
            .unwrap()
            .into_iter()
            .map(|module| format!("==> {}\n{}", module.file_name, module.text));
        insta::assert_snapshot!(name, files.collect::<Vec<_>>().join("\n"));
    }
}
