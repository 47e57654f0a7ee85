//! Classes that nothing of the app uses: who is made in a method of one is made by nobody.

use crate::resolve::{Def, is_word};
use crate::sites::cx::Cx;
use crate::syntax::{ClassId, FunctionId};
use crate::workspace::{FileId, Language};

/// Classes that name each other before giving up.
const MAX_HOPS: usize = 6;

/// Why a method is never called, where that can be said: nothing names its class, or only classes that nothing names.
pub(super) fn unused(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>) -> Option<String> {
    if cx.workspace().entry(file).language != Some(Language::Python) {
        return None;
    }
    let facts = cx.program.facts(file);
    let class = facts.enclosing(function).find_map(|f| facts.function(f).class)?;
    is_unused(cx, (file, class), 0)
        .then(|| format!("nothing that requests reach uses `{}`", facts.class(class).name))
}

fn is_unused(cx: &Cx<'_>, (file, id): (FileId, ClassId), hops: usize) -> bool {
    let class = cx.program.facts(file).class(id);
    let name = class.name.as_str();
    if name.is_empty() || hops >= MAX_HOPS {
        return false;
    }
    let mut files = cx.program.files_with_word(name);
    files.retain(|at| cx.holds(*at));
    files.into_iter().all(|at| {
        let Ok(text) = cx.workspace().text(at) else { return false };
        let text = text.as_str();
        let facts = cx.program.facts(at);
        let meant = match cx.program.name(at, None, name, u32::MAX) {
            Def::Class(of, named) => (of, named) == (file, id),
            // `views.SignUp`, or a name in a setting.
            _ => true,
        };
        let uses = text.match_indices(name).filter(|(offset, _)| {
            let (before, after) = (text.get(..*offset), text.get(offset + name.len()..));
            let alone = !before.is_some_and(|b| b.ends_with(is_word))
                && !after.is_some_and(|a| a.starts_with(is_word));
            let dotted = before.is_some_and(|b| b.ends_with('.'));
            alone && (meant || dotted)
        });
        let mut uses = uses.map(|(offset, _)| offset as u32).filter(|offset| {
            let own = at == file && class.span.has(*offset);
            !own && !facts.imports.iter().any(|import| import.span.has(*offset))
        });
        uses.all(|offset| {
            let around = facts.classes.iter().rposition(|class| class.span.has(offset));
            around.is_some_and(|around| is_unused(cx, (at, ClassId(around as u32)), hops + 1))
        })
    })
}
