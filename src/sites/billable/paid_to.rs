//! Who is paid for a call, and for which model.
//!
//! An SDK does not say that: its client may talk to somebody else's address, and calls that take any provider's model are
//! charged by whoever made the model. Where an address is nobody's that is known, nobody is named.

use std::collections::BTreeSet;

use super::{Paid, Rule};
use crate::catalog::{Client, Entry, Kind, Provider};
use crate::sites::PaidTo;
use crate::sites::cx::Cx;
use crate::sites::makers::choices;
use crate::sites::{exempt, makers};
use crate::syntax::{Call, CallId, Expr, Path};
use crate::workspace::FileId;

/// Options by which makers of models are told which one.
const MODEL_OPTIONS: &[&str] = &["model", "modelName", "model_name"];

/// Who is paid, with the text of the expression that names the model.
pub(super) struct Named {
    pub(super) paid_to: PaidTo,
    pub(super) model: Option<String>,
}

/// Who is paid for a call.
pub(super) fn of(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call) -> Named {
    made(cx, paid, call).unwrap_or_else(|| Named {
        paid_to: by_client(cx, paid, call).unwrap_or_default(),
        model: model(cx, paid, call),
    })
}

/// The text of the expression that names the model.
fn model(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call) -> Option<String> {
    let Rule::Call(rule) = &paid.rule else { return None };
    match rule.model_of(call)? {
        Expr::Str(text) => Some(format!("\"{text}\"")),
        Expr::Path(path) => Some(cx.slice(paid.file, path.span)),
        _ => None,
    }
}

/// The model that a call is given, when all that it may be are one provider's.
fn made(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call) -> Option<Named> {
    let Rule::Call(rule) = &paid.rule else { return None };
    if paid.provider.provider.as_ref().is_none_or(|p| p.vendor.is_some()) {
        return None;
    }
    let makers = match rule.model.as_deref() {
        Some(_) => makers::of_value(cx, paid.file, call.function, rule.model_of(call)?),
        // The call is the model's own.
        None => makers::of_path(cx, paid.file, call.function, &call.callee),
    };
    let entries = makers.iter().map(|(file, maker)| {
        let def = cx.callee(*file, *maker);
        let known = |e: &&Entry| {
            e.provider.as_ref().is_some_and(|p| p.models.iter().any(|symbol| exempt::is_made(symbol, &def)))
        };
        cx.catalog.of(Kind::Provider).find(known).map(|entry| entry.id.clone())
    });
    let entries: Option<BTreeSet<String>> = entries.collect();
    let entry = entries.filter(|all| all.len() == 1)?.into_iter().next()?;
    let provider = cx.catalog.get(&entry)?.provider.as_ref()?;
    let moved = makers.iter().find_map(|maker| by_address(cx, provider, *maker));
    let names = makers.iter().filter_map(|(file, maker)| {
        let maker = cx.program.facts(*file).call(*maker);
        let name = MODEL_OPTIONS.iter().find_map(|option| maker.option(option));
        let name = name.or(maker.args.first()).filter(|name| !matches!(name, Expr::Object(_)))?;
        Some((*file, maker.function, name))
    });
    // A setting that is asked for first may name any other one.
    let names = names.flat_map(|(file, function, name)| choices(cx, file, function, name));
    let names = names.map(|choice| cx.folded(choice.file, choice.function, &choice.value));
    let names: Option<BTreeSet<String>> = names.collect();
    let names = names.unwrap_or_default();
    let model = names.first().filter(|_| names.len() == 1);
    Some(Named {
        paid_to: moved.unwrap_or(PaidTo::Entry(entry)),
        model: model.map(|name| format!("{name:?}")),
    })
}

/// Who is paid by what the client of a call is, or is told; `None` where that is the provider of its SDK.
fn by_client(cx: &Cx<'_>, paid: &Paid<'_>, call: &Call) -> Option<PaidTo> {
    let (Rule::Call(_), Some(provider)) = (&paid.rule, &paid.provider.provider) else { return None };
    let makers = makers::of_path(cx, paid.file, call.function, &call.callee);
    let (client, maker) = makers.into_iter().find_map(|(file, maker)| {
        let def = cx.callee(file, maker);
        let client = provider.clients.iter().find(|c| exempt::is_made(&c.symbol, &def))?;
        Some((client, (file, maker)))
    })?;
    match &client.vendor {
        Some(vendor) => {
            let named = |e: &&Entry| e.provider.as_ref().is_some_and(|p| p.vendor.as_ref() == Some(vendor));
            let entry = cx.catalog.of(Kind::Provider).find(named);
            Some(entry.map_or(PaidTo::Unknown, |entry| PaidTo::Entry(entry.id.clone())))
        }
        None => by_literal_address(cx, provider, client, maker),
    }
}

/// Who is paid where a client is told a literal address. One from the settings is taken for the provider's own.
fn by_literal_address(
    cx: &Cx<'_>,
    provider: &Provider,
    client: &Client,
    (file, maker): (FileId, CallId),
) -> Option<PaidTo> {
    let call = cx.program.facts(file).call(maker);
    let told = client.base_url.iter().find_map(|option| call.option(option))?;
    let address = cx.folded(file, call.function, told).filter(|address| address.contains('.'))?;
    owner_of(cx, provider, &address)
}

/// Who is paid where a maker of a model is told an address.
fn by_address(cx: &Cx<'_>, provider: &Provider, (file, maker): (FileId, CallId)) -> Option<PaidTo> {
    let maker = cx.program.facts(file).call(maker);
    let mut given = provider.address_options().filter_map(|option| maker.option(option));
    // An address that is read from the settings may be anybody's, unless the setting says whose it is.
    let vendor = provider.vendor.as_deref().unwrap_or_default().to_ascii_uppercase();
    let says_vendor = |value: &Expr| {
        let name = value.as_path().and_then(Path::last);
        name.is_some_and(|name| !vendor.is_empty() && name.to_ascii_uppercase().contains(&vendor))
    };
    given.find_map(|value| match cx.folded(file, maker.function, value) {
        Some(address) => owner_of(cx, provider, &address),
        None => (!says_vendor(value)).then_some(PaidTo::Unknown),
    })
}

/// Who answers at an address; `None` where that is the provider itself.
fn owner_of(cx: &Cx<'_>, provider: &Provider, address: &str) -> Option<PaidTo> {
    let is_at = |p: &Provider| p.hosts.iter().any(|host| address.contains(host.as_str()));
    if is_at(provider) {
        return None;
    }
    let owner = cx.catalog.of(Kind::Provider).find(|e| e.provider.as_ref().is_some_and(is_at));
    Some(owner.map_or(PaidTo::Unknown, |entry| PaidTo::Entry(entry.id.clone())))
}
