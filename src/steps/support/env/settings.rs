//! The settings as the app's modules read them: what a declaration becomes, and under which name it is exported.
//!
//! A declaration may be the settings themselves (`createEnv({ … })`) or only describe them (a zod schema). Of the second
//! kind it is the parsed value that is read, never the schema; where parsing may drop what is declared, the place is not
//! used at all.

use std::ops::Range;

use super::{Place, outer_object};
use crate::catalog::DeclarationShape;
use crate::steps::support::Kit;
use crate::syntax::source::Source;
use crate::syntax::{Call, ExportTarget, Expr, Facts, Imported, Root};
use crate::workspace::FileId;

impl Place<'_> {
    /// What to import for the settings, and the expression for them.
    pub(super) fn object(&self, kit: &Kit<'_>) -> Option<(Imported, String)> {
        let facts = kit.cx.program.facts(self.file);
        let symbol = self.site.symbol.as_deref()?;
        if kit.is_python() {
            if let DeclarationShape::ReadingStatement { .. } = self.declaration.shape {
                let stem = self.path().rsplit('/').next()?.trim_end_matches(".py").to_owned();
                return Some((Imported::Namespace, stem));
            }
            let made = |value: &Expr| {
                value.as_call().is_some_and(|c| facts.call(c).callee.as_name() == Some(symbol))
            };
            if let Some(binding) = facts.bindings.iter().find(|b| b.function.is_none() && made(&b.value)) {
                let name = binding.names.first()?.local.clone();
                return Some((Imported::Named(name.clone()), name));
            }
            // `def get_settings(): return Settings()`
            let call =
                facts.calls.iter().find(|c| c.callee.as_name() == Some(symbol) && c.function.is_some())?;
            let function = facts.function(call.function?);
            return (function.parent.is_none() && function.params.is_empty())
                .then(|| (Imported::Named(function.name.clone()), format!("{}()", function.name)));
        }
        for export in &facts.exports {
            let local = match &export.target {
                ExportTarget::Local(name) => name.as_str(),
                ExportTarget::Value(Expr::Path(path)) => path.as_name().unwrap_or_default(),
                _ => "",
            };
            let read_by = &self.declaration.read_by;
            // A description is not what it describes.
            let itself = local == symbol || export.name == symbol;
            let is_read = || read_by.is_empty() || is_read(facts, symbol, read_by);
            let is_place = itself && is_read() || derives(kit, self.file, local, symbol, read_by);
            if !is_place {
                continue;
            }
            let stem = self.path().rsplit('/').next()?.split('.').next()?.to_owned();
            let stem = if stem == "index" { "config".to_owned() } else { stem };
            return Some(match export.name.as_str() {
                "default" if local.is_empty() => (Imported::Default, stem),
                "default" => (Imported::Default, local.to_owned()),
                name => (Imported::Named(name.to_owned()), name.to_owned()),
            });
        }
        None
    }

    /// Whether what is declared here may be gone from the settings that the app reads.
    pub(super) fn drops(&self, kit: &Kit<'_>) -> bool {
        let facts = kit.cx.program.facts(self.file);
        let symbol = self.site.symbol.as_deref().unwrap_or_default();
        let starts = |call: &Call| {
            let mut first = call;
            while let Root::Call(inner) = first.callee.root {
                first = facts.call(inner);
            }
            // The first call of the chain is the one that describes the settings, or a method of what it made.
            let describes = first.args.iter().any(|arg| matches!(arg, Expr::Object(_)));
            let inside = self.site.span.contains(first.span) && first.span != call.span;
            inside && describes || first.callee.root_name() == Some(symbol)
        };
        let keeps = |call: &Call| {
            let Some(Expr::Function(f)) = call.args.first() else { return false };
            let mut returned = facts.returns.iter().filter(|(of, _)| of == f);
            returned.all(
                |(_, value)| matches!(value, Expr::Object(pairs) if pairs.iter().any(|(k, _)| k == "...")),
            )
        };
        let drops =
            |call: &&Call| call.callee.segments.last().is_some_and(|m| self.declaration.drops.contains(m));
        facts.calls.iter().filter(drops).any(|call| starts(call) && !keeps(call))
    }

    /// The object literal of the same module that names the settings once more: it has several of them.
    pub(super) fn map_beside(
        &self,
        kit: &Kit<'_>,
        source: &Source<'_>,
        reads: &[String],
    ) -> Option<Range<usize>> {
        let facts = kit.cx.program.facts(self.file);
        let mut maps =
            facts.bindings.iter().filter(|b| b.function.is_none() && !self.site.span.contains(b.statement));
        maps.find_map(|map| {
            let Expr::Object(pairs) = &map.value else { return None };
            let both = pairs.iter().filter(|(key, _)| self.slice().contains(key.as_str())).count();
            let read = self.text.slice(map.statement.range());
            let is_map =
                both > 0 && reads.iter().any(|r| read.matches(r.as_str()).count() * 2 >= pairs.len());
            is_map.then(|| outer_object(source, map.statement.range()).map(|o| o.byte_range()))?
        })
    }
}

/// `export const env = schema.parse(process.env)`: a name whose value comes from the one that is declared, by one of these
/// methods where there are any.
fn derives(kit: &Kit<'_>, file: FileId, name: &str, symbol: &str, read_by: &[String]) -> bool {
    let facts = kit.cx.program.facts(file);
    let Some(binding) =
        facts.bindings.iter().find(|b| b.function.is_none() && b.names.iter().any(|n| n.local == name))
    else {
        return false;
    };
    match binding.value.unawaited() {
        Expr::Call(id) => {
            let callee = &facts.call(*id).callee;
            let read = read_by.is_empty() || callee.segments.last().is_some_and(|m| read_by.contains(m));
            callee.root_name() == Some(symbol) && read
        }
        Expr::Path(path) => {
            let root = path.root_name().unwrap_or_default();
            let itself = root == symbol && (read_by.is_empty() || is_read(facts, symbol, read_by));
            itself || (root != name && root != symbol && derives(kit, file, root, symbol, read_by))
        }
        _ => false,
    }
}

/// Whether a name holds what was read: `const env = z.object({ … }).parse(process.env)`.
fn is_read(facts: &Facts, symbol: &str, read_by: &[String]) -> bool {
    let binding =
        facts.bindings.iter().find(|b| b.function.is_none() && b.names.iter().any(|n| n.local == symbol));
    let last = binding.and_then(|b| facts.call(b.value.as_call()?).callee.segments.last());
    last.is_some_and(|method| read_by.contains(method))
}
