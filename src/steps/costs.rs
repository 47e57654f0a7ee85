//! What each paid call costs the app, on the same event.
//!
//! The vendor is named at each recorder; amounts come from a dated price table in a module of its own, that the user can
//! edit. A call whose price is not known is sent without costs.

use std::collections::BTreeSet;

use crate::edit::{Edit, EditUnit};
use crate::sites::PaidTo;
use crate::steps::key::push;
use crate::steps::paid::code::quoted;
use crate::steps::paid::record::{is_recorded, recorders_of};
use crate::steps::paid::{Spend, questions};
use crate::steps::support::{Kit, generated};
use crate::steps::{Area, Halt, Question, Status, Step, StepContext, StepPlan, Todo};
use crate::syntax::source::Source;
use crate::syntax::{Call, place};
use crate::template::Price;

/// See the module.
#[derive(Debug)]
pub(super) struct CostsStep;

impl Step for CostsStep {
    fn area(&self) -> Area {
        Area::Costs
    }

    fn questions(&self, cx: &StepContext<'_>) -> Vec<Question> {
        Kit::new(cx).map_or_else(|_| Vec::new(), |kit| questions(&kit, Area::Costs))
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        match Kit::new(cx) {
            Ok(kit) => plan(&kit).unwrap_or_else(StepPlan::from),
            Err(unfit) => StepPlan::not_applicable(unfit.to_string()),
        }
    }
}

fn plan(kit: &Kit<'_>) -> Result<StepPlan, Halt> {
    let all = Spend::all(kit);
    let recorded: Vec<&Spend<'_>> = all.iter().filter(|s| is_recorded(kit, s, &all)).collect();
    if recorded.is_empty() {
        return Err(Halt::from("no usage event is sent yet that could carry a cost"));
    }
    let mut plan = StepPlan::new(Status::Planned);
    let mut vendors = BTreeSet::new();
    let mut units = Vec::new();
    for spend in &recorded {
        let Some(vendor) = spend.vendor() else {
            let why = match spend.billable.plan.paid_to {
                PaidTo::Unknown => "is not known from the address that answers",
                PaidTo::Provider | PaidTo::Entry(_) => "depends on the model",
            };
            plan.notes.push(format!(
                "Who is paid for `{}` {why}, so its events carry no cost.",
                spend.billable.call
            ));
            continue;
        };
        vendors.insert((vendor.clone(), spend.priced_by().to_owned()));
        match name_vendor(kit, spend, &all, &vendor) {
            Ok(Some(unit)) => {
                plan.sites.push(spend.site.id.clone());
                units.push(unit);
            }
            Ok(None) => {}
            Err(why) => plan.todo.push(
                Todo::chore(format!(
                    "name the vendor `{vendor}` where `{}` is recorded: {why}",
                    spend.billable.call
                ))
                .at(spend.site.file.clone(), spend.site.line),
            ),
        }
    }
    if !kit.done.costs || !units.is_empty() {
        let prices = prices(kit, &vendors);
        if prices.is_empty() && !vendors.is_empty() {
            plan.notes
                .push("No price of these vendors is known; fill in the table and costs follow.".to_owned());
        }
        let generated = generated::plan_with(kit, Area::Costs, |context, after| {
            if after {
                context.prices.clone_from(&prices);
            }
        })?;
        push(&mut plan, generated);
    }
    let modules = plan.changes.paths();
    for unit in units {
        push(&mut plan, unit);
    }
    plan.changes.rest_on(&modules);
    if plan.changes.is_empty() {
        plan.status = Status::Already;
    } else if !vendors.is_empty() {
        let names: BTreeSet<String> = vendors.iter().map(|(v, _)| format!("`{v}`")).collect();
        let names: Vec<String> = names.into_iter().collect();
        plan.todo.push(Todo::chore(format!(
            "make the vendor {} in Credyt, with that external id; until then events are sent without costs",
            names.join(", ")
        )));
    }
    plan.next = "Use a paid feature: the event shows the fee, the cost and the margin.".to_owned();
    Ok(plan)
}

/// Adds the vendor to each recorder behind a paid call: an answer that ends and one that is stopped have one each. `None`
/// when it is there.
fn name_vendor(
    kit: &Kit<'_>,
    spend: &Spend<'_>,
    all: &[Spend<'_>],
    vendor: &str,
) -> Result<Option<EditUnit>, String> {
    let (file, recorders) = recorders_of(kit, spend, all, &names(kit)).ok_or("it is not recorded here")?;
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language.ok_or("the file is no code")?;
    let source = Source::parse(language, text.as_str()).ok_or("the file does not parse")?;
    let why = format!("adds what `{vendor}` charges");
    let mut edits = Vec::new();
    for recorder in recorders.iter().filter(|recorder| recorder.option("vendor").is_none()) {
        edits.extend(with_vendor(kit, &source, recorder, vendor, &why)?);
    }
    if edits.is_empty() {
        return Ok(None);
    }
    let title = format!("Vendor of `{}`", spend.billable.call);
    Ok(Some(
        EditUnit::new(title, why).for_site(spend.site.id.clone()).edits(kit.path(file).to_owned(), edits),
    ))
}

/// The edits that name the vendor at one recorder.
fn with_vendor(
    kit: &Kit<'_>,
    source: &Source<'_>,
    recorder: &Call,
    vendor: &str,
    why: &str,
) -> Result<Vec<Edit>, String> {
    let style = kit.style_of(source);
    let edits = if kit.is_python() {
        let argument = format!("vendor={}", quoted(vendor));
        place::add_argument(source, &style, &recorder.span.range(), &argument, why)
    } else {
        let node = source.node(&recorder.args_span.range()).ok_or("its arguments were not found")?;
        let mut cursor = node.walk();
        let object = node.named_children(&mut cursor).find(|n| n.kind() == "object").map(|n| n.byte_range());
        let object = object.ok_or("the event is not written in place")?;
        place::add_property(source, &style, &object, ("vendor", &quoted(vendor)), why)
    };
    edits.map_err(|refusal| refusal.to_string())
}

/// Names of what takes an event: the recorder, and what a stream is metered with.
fn names(kit: &Kit<'_>) -> Vec<String> {
    let mut names = vec![kit.function("recordUsage")];
    if kit.is_python() {
        // A meter takes the event as a value.
        names.push("StreamEvent".to_owned());
    } else {
        names.extend(crate::template::meters().unwrap_or_default().into_iter().map(|m| m.typescript.name));
    }
    names
}

/// Models of a vendor that the table starts with when the app names none: enough to show the form.
const SAMPLE_MODELS: usize = 4;

/// The rows of the price table: the models the app's files name, as the catalogue knows them.
fn prices(kit: &Kit<'_>, vendors: &BTreeSet<(String, String)>) -> Vec<Price> {
    let texts = texts(kit);
    let mut rows = Vec::new();
    for (vendor, entry) in vendors {
        let Some(Ok(prices)) = crate::catalog::prices(entry) else { continue };
        let is_named = |model: &str| texts.iter().any(|t| names_model(t.as_str(), model));
        let mut models: Vec<&crate::catalog::Price> =
            prices.models.iter().filter(|p| is_named(&p.model)).collect();
        if models.is_empty() {
            models = prices.models.iter().take(SAMPLE_MODELS).collect();
        }
        for price in models {
            rows.extend(rows_of(vendor, &prices, price));
        }
    }
    rows
}

/// Code, settings and env templates: where models are named.
fn texts(kit: &Kit<'_>) -> Vec<std::sync::Arc<crate::workspace::SourceText>> {
    let files = kit.cx.workspace.files().filter(|(id, f)| {
        let settings =
            f.name().starts_with(".env") || f.language.is_some_and(crate::workspace::Language::is_code);
        settings && kit.cx.app.owns(&f.path) && !kit.is_generated(*id)
    });
    files.filter_map(|(id, _)| kit.cx.workspace.text(id).ok()).collect()
}

/// Whether a text names a model, alone or with the date of a version behind it.
fn names_model(text: &str, model: &str) -> bool {
    text.match_indices(model).any(|(at, _)| {
        let rest = text.get(at + model.len()..).unwrap_or_default();
        let longer = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
        let dated = rest.strip_prefix('-').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
        !longer && (dated || !rest.starts_with('-') || rest.starts_with("-latest"))
    })
}

fn rows_of(vendor: &str, prices: &crate::catalog::Prices, price: &crate::catalog::Price) -> Vec<Price> {
    let row = |unit: &str, amount: &Option<String>, per: u64| {
        amount.as_ref().map(|amount| Price {
            vendor: vendor.to_owned(),
            model: price.model.clone(),
            unit: unit.to_owned(),
            amount: amount.clone(),
            per,
            currency: prices.currency.clone(),
            as_of: prices.as_of.clone(),
            source: prices.source.clone(),
        })
    };
    let unit = price.unit.as_deref().unwrap_or_default();
    let plural = if unit.ends_with('s') { unit.to_owned() } else { format!("{unit}s") };
    let rows = [
        row("input_tokens", &price.input_per_million, 1_000_000),
        row("cache_read_tokens", &price.cached_input_per_million, 1_000_000),
        row("cache_write_tokens", &price.cache_write_per_million, 1_000_000),
        row("cache_write_1h_tokens", &price.cache_write_1h_per_million, 1_000_000),
        row("audio_input_tokens", &price.audio_input_per_million, 1_000_000),
        row("output_tokens", &price.output_per_million, 1_000_000),
        row("reasoning_tokens", &price.output_per_million, 1_000_000),
        row("audio_output_tokens", &price.audio_output_per_million, 1_000_000),
        (!unit.is_empty()).then(|| row(&plural, &price.per_unit, 1)).flatten(),
    ];
    rows.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::names_model;

    #[test]
    fn a_model_is_named_alone_or_with_a_date_and_not_by_a_longer_name() {
        for (text, named) in [
            ("model: 'gpt-4o'", true),
            ("gpt-4o-2024-08-06", true),
            ("MODEL=gpt-4o-mini", false),
            ("gpt-4o-latest", true),
            ("gpt-4o2", false),
        ] {
            assert_eq!(names_model(text, "gpt-4o"), named, "{text}");
        }
    }
}
