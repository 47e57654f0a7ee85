//! Records that cannot be read any more: a session has let go of them, and reading a member would have to wait for a query.

use super::Kit;
use crate::catalog::Kind;
use crate::syntax::{Call, Expr, FunctionId};
use crate::workspace::FileId;

/// Why an id that is a member of a record cannot be read at an offset of a function, in words.
pub fn expired(kit: &Kit<'_>, file: FileId, function: FunctionId, at: u32, id: &str) -> Option<String> {
    let (root, _) = id.split_once('.')?;
    let graph = kit.graph();
    let says = |texts: &[String]| texts.iter().any(|text| graph.says(text));
    let mut rules = kit.entries(Kind::Orm).into_iter().filter_map(|e| e.orm.as_ref()?.expires.as_ref());
    let rule = rules.find(|rule| says(&rule.uses) && !says(&rule.unless))?;
    let facts = kit.cx.program.facts(file);
    let named = |call: &&Call, names: &[String]| {
        call.callee.last().is_some_and(|last| names.iter().any(|n| n == last))
    };
    let before = || {
        facts.calls.iter().filter(|c| c.span.end <= at && facts.enclosing(c.function).any(|f| f == function))
    };
    let ended = before().filter(|c| named(c, &rule.after)).max_by_key(|c| c.span.start)?;
    let of_record = |arg: &Expr| arg.as_path().is_some_and(|path| path.as_name() == Some(root));
    let loaded = before().any(|c| {
        c.span.start > ended.span.start && named(&c, &rule.loads) && c.args.first().is_some_and(of_record)
    });
    let line = kit.text(file).line_of(ended.span.start as usize);
    (!loaded).then(|| {
        format!(
            "`{root}` cannot be read after `{}` (line {line}), as the app's sessions expire what they hold; keep `{id}` under a name of its own before that",
            ended.callee.dotted()
        )
    })
}
