//! From the app's facts to the context the modules are rendered from.

use rust_decimal::Decimal;

use crate::answers::{ClientStyle, OnUnavailable as Policy};
use crate::catalog::Kind;
use crate::sites::Detail;
use crate::steps::paid::code::fill;
use crate::steps::support::{Kit, env, log};
use crate::template::{
    After, Areas, Asset, Client, Flavour, Host, HttpLibrary, Lang, ModuleContext, OnUnavailable, Portal,
};
use crate::workspace::FileId;

/// The context for the areas that are done then. Everything in it comes from the files and from `credyt.toml`, so that a
/// later run makes the same one.
pub fn context(kit: &Kit<'_>, areas: Areas) -> ModuleContext {
    let answers = kit.cx.answers;
    ModuleContext {
        lang: kit.lang,
        module: kit.module,
        ext: kit.ext.clone(),
        source_ext: kit.source_ext.clone(),
        noun: kit.noun().to_owned(),
        node_floor: node_floor(kit),
        python_floor: python_floor(kit),
        flavour: if kit.is_python() { flavour(kit) } else { Flavour::Async },
        client: match (kit.lang, answers.client()) {
            (Lang::TypeScript | Lang::JavaScript, _) => Client::Fetch,
            (Lang::Python, ClientStyle::Http) => Client::Http,
            (Lang::Python, ClientStyle::Sdk) => Client::Sdk,
        },
        http_library: if kit.is_python() { http_library(kit) } else { HttpLibrary::Httpx },
        areas,
        product: answers.product().to_owned(),
        asset: asset(answers.asset()),
        on_unavailable: match answers.on_unavailable() {
            Policy::Allow => OnUnavailable::Allow,
            Policy::Block => OnUnavailable::Block,
        },
        env: env::context(kit),
        log: log::context(kit),
        store: super::store::context(kit),
        readers: super::tokens::readers_in_use(kit),
        listeners: super::tokens::listeners_in_use(kit),
        summed: super::tokens::names(kit, "summed"),
        streams: meters_in_use(kit),
        carried: kit.module_file("payer").is_some(),
        prices: Vec::new(),
        portal: Portal {
            path: areas
                .portal
                .then(|| super::route::path(kit, crate::catalog::RoutePurpose::Portal))
                .flatten(),
            return_path: "/".to_owned(),
            failure_path: "/".to_owned(),
        },
        payment: super::payment::context(kit),
        server_only: server_only(kit),
        web_crypto: kit.framework.framework.as_ref().is_some_and(|f| f.web_crypto),
        host: host(kit),
        fetch_options: kit.framework.framework.as_ref().map(|f| f.fetch_options.clone()).unwrap_or_default(),
    }
}

/// What becomes of work that outlives its request, where the app runs.
fn host(kit: &Kit<'_>) -> Host {
    let hosts = kit.entries(Kind::Host);
    let mut hosts = hosts.iter().filter_map(|entry| entry.host.as_ref());
    let freezes = hosts.clone().any(|host| host.freezes);
    let after = hosts.find_map(|host| host.after.as_ref()).filter(|_| !kit.is_python());
    let after = after.and_then(|after| {
        let symbol = after.imports.first()?;
        Some(After {
            import: format!("import {{ {} }} from \"{}\";", symbol.name, symbol.module),
            call: fill(after, &[("work", "billed")])?,
        })
    });
    Host { freezes, after }
}

/// The meters that the stream module has already.
fn meters_in_use(kit: &Kit<'_>) -> Vec<crate::template::Meter> {
    let Some(file) = kit.module_file("stream") else { return Vec::new() };
    let text = kit.text(file);
    let mut meters = crate::template::meters().unwrap_or_default();
    meters.retain(|m| {
        let name = if kit.is_python() { &m.python.name } else { &m.typescript.name };
        text.as_str().contains(name.as_str())
    });
    meters
}

/// The dependency that makes a module unusable in the browser, when the app has it.
fn server_only(kit: &Kit<'_>) -> bool {
    !kit.is_python()
        && kit.files.iter().filter(|f| kit.text(**f).as_str().contains("server-only")).any(|f| {
            kit.cx.program.facts(*f).imports.iter().any(|i| i.module == "server-only" && i.local.is_empty())
        })
}

/// Modules of Python that are there stay what they are. New ones are asynchronous when most of the app's handlers are,
/// unless more of its paid calls could be billed otherwise: an asynchronous module is of no use to a plain function,
/// which a thread runs or which holds up the loop, and a plain one cannot read a stream asynchronously.
pub(super) fn flavour(kit: &Kit<'_>) -> Flavour {
    let of = |is_async: bool| if is_async { Flavour::Async } else { Flavour::Sync };
    let facts = |file: FileId| kit.cx.program.facts(file);
    if let Some(client) = kit.module_file("client") {
        return of(facts(client).functions.iter().any(|f| f.is_async));
    }
    let paid = kit.cx.sites.iter().filter_map(|site| match &site.detail {
        Detail::Billable(billable) => Some((kit.cx.workspace.find(&site.file)?, billable)),
        _ => None,
    });
    let (mut plain, mut read) = (0u32, 0u32);
    for (file, billable) in paid {
        let is_async = billable.plan.function.is_none_or(|f| facts(file).function(f).is_async);
        plain += u32::from(!is_async);
        read += u32::from(is_async && billable.streaming);
    }
    if plain != read {
        return of(majority(kit) && plain < read);
    }
    of(majority(kit))
}

/// Whether most of a Python app's handlers are asynchronous.
fn majority(kit: &Kit<'_>) -> bool {
    let (mut sync, mut awaited) = (0u32, 0u32);
    for file in kit.files.iter().filter(|file| !kit.is_generated(**file)) {
        for function in kit.cx.program.facts(*file).functions.iter().filter(|f| !f.decorators.is_empty()) {
            if function.is_async { awaited += 1 } else { sync += 1 }
        }
    }
    awaited > sync
}

/// What the app already uses; the SDK brings requests.
fn http_library(kit: &Kit<'_>) -> HttpLibrary {
    let imports = |name: &str| {
        let says = |f: &FileId| kit.text(*f).as_str().contains(name);
        let brings = |f: &FileId| kit.cx.program.facts(*f).imports.iter().any(|i| i.module == name);
        kit.files.iter().any(|f| says(f) && brings(f))
    };
    let depends = |name: &str| manifest_texts(kit).iter().any(|t| mentions(t, name));
    if kit.cx.answers.client() == ClientStyle::Sdk && flavour(kit) == Flavour::Sync {
        return HttpLibrary::Requests;
    }
    if imports("httpx") || depends("httpx") {
        HttpLibrary::Httpx
    } else if flavour(kit) == Flavour::Async {
        if kit.cx.answers.client() == ClientStyle::Sdk { HttpLibrary::Requests } else { HttpLibrary::Httpx }
    } else {
        HttpLibrary::Requests
    }
}

fn mentions(manifest: &str, name: &str) -> bool {
    manifest.lines().any(|line| {
        let line = line.trim().trim_start_matches(['"', '\'']);
        line.strip_prefix(name).is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
    })
}

fn manifest_texts(kit: &Kit<'_>) -> Vec<String> {
    ["requirements.txt", "pyproject.toml", "Pipfile"]
        .iter()
        .filter_map(|name| kit.cx.workspace.text_at(&super::join(kit.cx.app.dir(), name)))
        .map(|t| t.as_str().to_owned())
        .collect()
}

/// `engines.node` of the manifest: the lowest major version it admits.
fn node_floor(kit: &Kit<'_>) -> Option<u32> {
    if kit.is_python() {
        return None;
    }
    let text = kit.cx.workspace.text_at(&super::join(kit.cx.app.dir(), "package.json"))?;
    let json: serde_json::Value = serde_json::from_str(text.as_str().trim_start_matches('\u{feff}')).ok()?;
    let range = json.get("engines")?.get("node")?.as_str()?;
    let digits: String =
        range.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// `requires-python`, or what `.python-version` says.
pub(in crate::steps) fn python_floor(kit: &Kit<'_>) -> Option<(u32, u32)> {
    if !kit.is_python() {
        return None;
    }
    let project = kit.cx.workspace.text_at(&super::join(kit.cx.app.dir(), "pyproject.toml"));
    let table = project.and_then(|t| toml::from_str::<toml::Table>(t.as_str()).ok());
    let get = |path: &[&str]| -> Option<String> {
        let (first, rest) = path.split_first()?;
        let value = rest.iter().try_fold(table.as_ref()?.get(*first)?, |v, key| v.get(key))?;
        value.as_str().map(str::to_owned)
    };
    let poetry = ["tool", "poetry", "dependencies", "python"];
    let range = get(&["project", "requires-python"]).or_else(|| get(&poetry)).or_else(|| {
        let pinned = kit.cx.workspace.text_at(&super::join(kit.cx.app.dir(), ".python-version"))?;
        Some(pinned.as_str().to_owned())
    })?;
    let at = range.find(|c: char| c.is_ascii_digit())?;
    let mut parts = range.get(at..)?.split(|c: char| !c.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    Some((major, parts.next().and_then(|p| p.parse().ok()).unwrap_or(0)))
}

/// A code of three capital letters is a currency; anything else is counted in units of its own name.
fn asset(code: &str) -> Asset {
    let currency = code.len() == 3 && code.chars().all(|c| c.is_ascii_uppercase());
    let symbol = match code {
        "USD" => Some("$"),
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        _ => None,
    };
    let unit = (!currency).then(|| {
        let one = code.to_ascii_lowercase().replace(['_', '-'], " ");
        let one = one.strip_suffix('s').unwrap_or(&one).to_owned();
        crate::template::Unit { many: format!("{one}s"), one }
    });
    Asset { code: code.to_owned(), unit, symbol: symbol.map(str::to_owned) }
}

/// A number as code writes it.
pub fn number(value: Decimal) -> String {
    value.normalize().to_string()
}
