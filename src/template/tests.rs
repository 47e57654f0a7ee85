use std::collections::BTreeMap;

use super::*;

/// A TypeScript app with every area and nothing unusual.
fn typescript() -> ModuleContext {
    ModuleContext {
        lang: Lang::TypeScript,
        module: ModuleSystem::Esm,
        ext: String::new(),
        source_ext: "ts".to_owned(),
        node_floor: None,
        python_floor: None,
        flavour: Flavour::Sync,
        client: Client::Fetch,
        http_library: HttpLibrary::Httpx,
        areas: Areas::up_to("costs").unwrap(),
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
        log: Log { import: None, setup: None, error: "console.error({message}, {error});".to_owned() },
        store: None,
        streams: Vec::new(),
        prices: Vec::new(),
        portal: Portal {
            path: Some("/api/billing/portal".to_owned()),
            return_path: "/".to_owned(),
            failure_path: "/".to_owned(),
        },
        payment: None,
        server_only: false,
        web_crypto: true,
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
        },
        ..typescript()
    }
}

/// The same app with everything that can be switched on.
fn full(mut context: ModuleContext) -> ModuleContext {
    context.streams = meters().unwrap();
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
            imports: vec!["from app.users import users".to_owned()],
            load: "return users.get(user_id)".to_owned(),
            save: "users[user_id] = customer_id".to_owned(),
        },
        Lang::TypeScript | Lang::JavaScript => Store {
            imports: vec![match context.module {
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
        block.areas = Areas::up_to("costs").unwrap();
        block.on_unavailable = OnUnavailable::Block;
        block.asset = Asset {
            code: "IMAGES".to_owned(),
            unit: Some(Unit { one: "image".to_owned(), many: "images".to_owned() }),
            symbol: None,
        };
        block.payment = Some(Payment {
            return_url: "\"https://app.example.com/done\"".to_owned(),
            failure_url: "\"https://app.example.com/failed\"".to_owned(),
        });
        block.web_crypto = false;
        block.python_floor = Some((3, 12));
        block.env.url = None;
        all.insert(format!("{name}/block"), block);
    }
    all
}

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
    for (name, context) in matrix() {
        for module in modules(&context).unwrap_or_else(|error| panic!("{name}: {error:?}")) {
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

/// To look at what is rendered, or to compile and run it: `CREDYT_RENDER_TO=folder cargo test template::`.
#[test]
fn writes_the_matrix_where_asked() {
    let Some(folder) = std::env::var_os("CREDYT_RENDER_TO").map(std::path::PathBuf::from) else { return };
    for (name, context) in matrix() {
        let folder = folder.join(name).join("credyt");
        std::fs::create_dir_all(&folder).unwrap();
        for module in modules(&context).unwrap() {
            std::fs::write(folder.join(module.file_name), module.text).unwrap();
        }
    }
}
