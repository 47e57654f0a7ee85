//! The user as the generated modules take it: an id that is text, and the email and name where they are known.

use crate::sites::{Detail, SiteKind, schema, signup};
use crate::steps::support::Kit;

/// `{ id: user.id, email: user.email }`, or `BillingUser(id=str(user.id), email=user.email)`.
pub fn literal(kit: &Kit<'_>, id: &str, email: Option<&str>, name: Option<&str>) -> String {
    let id = id_text(kit, id);
    let parts = [("id", Some(id.as_str())), ("email", email), ("name", name)];
    let written = parts.into_iter().filter_map(|(key, value)| value.map(|value| (key, value)));
    if kit.is_python() {
        let fields: Vec<String> = written.map(|(key, value)| format!("{key}={value}")).collect();
        return format!("{}({})", kit.told("BillingUser"), fields.join(", "));
    }
    let fields: Vec<String> = written
        .map(|(key, value)| if key == value { key.to_owned() } else { format!("{key}: {value}") })
        .collect();
    format!("{{ {} }}", fields.join(", "))
}

/// The id as text: ids of other types are written out.
pub fn id_text(kit: &Kit<'_>, expr: &str) -> String {
    if kit.is_python() {
        let text = expr.starts_with("str(") || expr.starts_with('"');
        return if text { expr.to_owned() } else { format!("str({expr})") };
    }
    if expr.starts_with("String(") || !is_other_type(kit, expr) {
        return expr.to_owned();
    }
    format!("String({expr})")
}

/// Whether the user's id is a number or an object, as far as its declaration tells.
fn is_other_type(kit: &Kit<'_>, expr: &str) -> bool {
    if expr.ends_with("._id") {
        return true;
    }
    let schemas = kit.cx.sites.iter().filter(|s| s.kind == SiteKind::Schema && s.selected);
    let paying = kit.paying();
    let schemas = schemas.filter(|s| !paying.is_shared() || schema::is_payer(s, paying));
    schemas.filter(|s| matches!(s.detail, Detail::Schema(_))).any(|site| {
        let Some(file) = kit.cx.workspace.find(&site.file) else { return false };
        let declaration = signup::declaration(kit.graph(), file, site.span);
        declaration.lines().map(str::trim).any(|line| {
            let Some(rest) = line.strip_prefix("id").or_else(|| line.strip_prefix("readonly id")) else {
                return false;
            };
            let rest = rest.trim_start_matches([':', '!', '?', ' ', '\t']).to_ascii_lowercase();
            ["int", "serial", "bigint", "number", "autoincrement"].iter().any(|t| rest.starts_with(t))
        })
    })
}
