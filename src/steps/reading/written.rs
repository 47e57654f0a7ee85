//! How the user is read in a handler: the edits.

use crate::catalog::Role;
use crate::edit::{Edit, Layer};
use crate::sites::HandlerRef;
use crate::steps::gating::refusal::refusal;
use crate::steps::paid::code::fill;
use crate::steps::paid::{role_name, shape_of};
use crate::steps::support::Kit;
use crate::steps::support::identity::{Home, Signed, Step, signed};
use crate::steps::support::names::{From, Wanted, bring};
use crate::syntax::source::Source;
use crate::syntax::{Function, Imported, facts, place};
use crate::workspace::FileId;

const WHY: &str = "names the signed-in user, who pays";

/// What whoever is not signed in is told.
const MESSAGE: &str = "Sign in first.";

/// The user, read at the head of a handler in a way that is meant; nothing where it cannot be written there.
pub(super) fn layer(
    kit: &Kit<'_>,
    handler: &HandlerRef,
    is_meant: impl Fn(&Signed) -> bool,
) -> Option<Layer> {
    let file = handler.file;
    let text = kit.text(file);
    let source = Source::parse(kit.cx.workspace.entry(file).language?, text.as_str())?;
    let function = kit.cx.program.facts(file).function(handler.function);
    let path = kit.path(file).to_owned();
    let home = |within: Option<FileId>| Home { path: &path, mounted_in: None, within };
    let read =
        |signed: &Signed| is_meant(signed).then(|| edits(kit, handler, &source, function, signed)).flatten();
    // What stands in the same file is in scope there.
    let edits = signed(kit, &home(Some(file))).ok().and_then(|signed| read(&signed));
    let edits = edits.or_else(|| signed(kit, &home(None)).ok().and_then(|signed| read(&signed)))?;
    Some(Layer::new(path, function.span.range(), edits))
}

fn edits(
    kit: &Kit<'_>,
    handler: &HandlerRef,
    source: &Source<'_>,
    function: &Function,
    signed: &Signed,
) -> Option<Vec<Edit>> {
    // A guard belongs in front of the route, and a decorator above it: that is for the owner to place.
    if signed.guard.is_some() || !signed.decorators.is_empty() || signed.response.is_some() {
        return None;
    }
    let mut edits = imports(kit, handler.file, source, signed)?;
    edits.extend(request(kit, handler, source, function, signed)?);
    let style = kit.style_of(source);
    if let Some(param) = &signed.param {
        let def = format!("def f({param}):\n    pass\n");
        let names = facts(kit.language(), &def).functions.into_iter().flat_map(|f| f.params);
        let taken = names.flat_map(|param| param.names).any(|name| binds(kit, handler, &name.local));
        // Whoever else calls the handler would not hand it over.
        if taken || !kit.graph().callers(handler.file, handler.function).is_empty() {
            return None;
        }
        edits.extend(place::add_parameter(source, &style, &function.span.range(), param, WHY).ok()?);
    }
    let lines = statements(kit, handler, source, signed)?;
    if signed.param.is_none() && lines.is_empty() {
        // What only has to be taken of the request is in scope once it is.
        return (!signed.members.is_empty()).then_some(edits);
    }
    if !lines.is_empty() {
        if declares(kit, handler, &lines) {
            return None;
        }
        let first = head(source, function)?;
        edits.extend(place::before(source, &style, &first, &lines.join("\n"), WHY).ok()?);
    }
    Some(edits)
}

/// The imports, as edits of the file; nothing where a name means something else there.
fn imports(kit: &Kit<'_>, file: FileId, source: &Source<'_>, signed: &Signed) -> Option<Vec<Edit>> {
    let mut wanted = Vec::new();
    let mut locals = Vec::new();
    for line in &signed.imports {
        for import in facts(kit.language(), line).imports {
            let name = match &import.imported {
                Imported::Named(name) => name.clone(),
                Imported::Default => "default".to_owned(),
                Imported::Namespace => "*".to_owned(),
                Imported::All => return None,
            };
            let local = (import.local != name).then(|| import.local.clone());
            locals.push(import.local);
            wanted.push(Wanted { from: From::Package(import.module), name, local, beside: None });
        }
    }
    let (edits, names) = bring(kit, kit.path(file), source, &wanted, None).ok()?;
    (names == locals).then_some(edits)
}

/// What the way to the user needs of the request: the handler has it by the same name, or takes one more part of it.
fn request(
    kit: &Kit<'_>,
    handler: &HandlerRef,
    source: &Source<'_>,
    function: &Function,
    signed: &Signed,
) -> Option<Vec<Edit>> {
    let Some(name) = &signed.request else {
        return if signed.members.is_empty() {
            Some(Vec::new())
        } else {
            taken(kit, source, function, signed)
        };
    };
    let shape = shape_of(kit, handler)?;
    let own = [Role::Request, Role::Context].into_iter().filter(|role| shape.params.contains(role));
    let own = own.filter_map(|role| role_name(kit, handler, role)).any(|own| own == *name);
    own.then(Vec::new)
}

/// One more name in the pattern that the handler takes its request apart with.
fn taken(kit: &Kit<'_>, source: &Source<'_>, function: &Function, signed: &Signed) -> Option<Vec<Edit>> {
    let param = function.params.first()?;
    let mut edits = Vec::new();
    for member in &signed.members {
        if param.names.iter().any(|name| name.local == *member) {
            continue;
        }
        let whole = param.span.range();
        let pattern = whole.start..whole.start + source.slice(whole.clone()).find('}')? + 1;
        edits.extend(place::add_to_pattern(source, &kit.style_of(source), &pattern, member, WHY).ok()?);
    }
    Some(edits)
}

/// The statements, in canonical form.
fn statements(
    kit: &Kit<'_>,
    handler: &HandlerRef,
    source: &Source<'_>,
    signed: &Signed,
) -> Option<Vec<String>> {
    let python = kit.is_python();
    let unless = |test: &str| -> Option<String> {
        let refuse = turned_away(kit, handler, source)?;
        Some(if python {
            format!("if {test}:\n    {}", refuse.replace('\n', "\n    "))
        } else {
            format!("if ({test}) {{\n  {}\n}}", refuse.replace('\n', "\n  "))
        })
    };
    let mut lines = Vec::new();
    for step in &signed.setup {
        lines.push(match step {
            Step::Code(code) => code.clone(),
            Step::Unless(test) => unless(test)?,
            Step::Attempt { .. } => return None,
        });
    }
    if let Some(missing) = &signed.missing {
        lines.push(unless(missing)?);
    }
    Some(lines)
}

/// How the handler turns away whoever is not signed in.
fn turned_away(kit: &Kit<'_>, handler: &HandlerRef, source: &Source<'_>) -> Option<String> {
    let shape = shape_of(kit, handler)?;
    let refuse = refusal(kit, source, handler, shape).ok()?;
    if !refuse.imports.iter().all(|symbol| source.uses_name(&symbol.name).is_some()) {
        return None;
    }
    let role = |role| role_name(kit, handler, role).unwrap_or_default();
    let (request, response, context, next) =
        (role(Role::Request), role(Role::Response), role(Role::Context), role(Role::Next));
    let quoted = format!("\"{MESSAGE}\"");
    let (body, inside) = if kit.is_python() {
        (format!("{{\"error\": {quoted}}}"), "[\"error\"]")
    } else {
        (format!("{{ error: {quoted} }}"), ".error")
    };
    let variables = [
        ("body", body.as_str()),
        ("status", "401"),
        ("headers", ""),
        ("request", &request),
        ("response", &response),
        ("context", &context),
        ("next", &next),
    ];
    let lines = fill(&refuse, &variables)?;
    Some(lines.trim().replace(&format!("{body}{inside}"), &quoted))
}

/// Whether a name that would be bound is one that the handler's file binds or means otherwise.
fn declares(kit: &Kit<'_>, handler: &HandlerRef, lines: &[String]) -> bool {
    let own = facts(kit.language(), &lines.join("\n"));
    own.bindings.iter().flat_map(|b| &b.names).any(|name| binds(kit, handler, &name.local))
}

/// Whether a name is bound in a handler or at the top of its file.
fn binds(kit: &Kit<'_>, handler: &HandlerRef, name: &str) -> bool {
    let there = kit.cx.program.facts(handler.file);
    let function = there.function(handler.function);
    let inside = |span: crate::syntax::Span| function.span.has(span.start);
    there
        .bindings
        .iter()
        .any(|b| (b.function.is_none() || inside(b.statement)) && b.names.iter().any(|n| n.local == name))
        || there.imports.iter().any(|import| import.local == name)
        || there.functions.iter().any(|f| {
            (f.parent.is_none() && f.name == name)
                || (inside(f.span) && f.params.iter().any(|p| p.names.iter().any(|n| n.local == name)))
        })
}

/// The first statement of a function, behind its directives and its docstring.
fn head(source: &Source<'_>, function: &Function) -> Option<std::ops::Range<usize>> {
    if function.expression_body {
        return None;
    }
    let body = source.whole_node(&function.body.range())?;
    let mut cursor = body.walk();
    let mut statements = body
        .named_children(&mut cursor)
        .filter(|node| !node.kind().contains("comment") && !place::is_docstring(*node));
    statements.next().map(|node| node.byte_range())
}
