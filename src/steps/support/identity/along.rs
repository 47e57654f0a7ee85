//! What comes along when a session call is written into another handler: imports, the statements that make what the
//! call is made on, and the request where it reads that.
//!
//! `const { data } = await supabase.auth.getUser()` brings `const supabase = await createClient()` and the import of
//! `createClient`. A name that cannot be had elsewhere (a constant of a file that nothing imports) stops it, by its name.

use std::collections::BTreeSet;

use super::{Home, Step, Unknown, checks};
use crate::catalog::{Handler, Role};
use crate::resolve::{Def, Module};
use crate::sites::handlers::handler_of;
use crate::sites::is_asked_for;
use crate::steps::support::{Kit, names};
use crate::syntax::source::Source;
use crate::syntax::style::Indent;
use crate::syntax::{
    Binding, BindingKind, ExportTarget, Facts, FunctionId, Import, Imported, Param, Span, all_names,
    free_names,
};
use crate::workspace::FileId;

/// What is brought along.
#[derive(Debug, Default)]
pub(super) struct Along {
    /// Import lines, in canonical form.
    pub(super) imports: Vec<String>,
    /// What stands in front of the call, in order.
    pub(super) statements: Vec<Step>,
    /// The handler's request, where something reads it.
    pub(super) request: Option<Taken>,
    /// The handler's response, where something uses it.
    pub(super) response: Option<String>,
    /// What is taken of a request, or a context, that is taken apart.
    pub(super) members: Vec<String>,
    /// Every name that the statements and imports bind or use.
    pub(super) names: BTreeSet<String>,
}

/// A parameter of the handler that the new one has to have as well.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    /// Its name.
    pub(super) name: String,
    /// Its type as written, if it has one.
    pub(super) of_type: Option<String>,
}

/// Looks names up in the file of a handler, and collects what has to come along.
pub(super) struct Bringing<'k, 'a> {
    kit: &'k Kit<'a>,
    file: FileId,
    facts: &'k Facts,
    source: &'k Source<'k>,
    home: &'k Home<'k>,
    /// What was bound is used here.
    until: u32,
    seen: BTreeSet<String>,
    along: Along,
}

impl<'k, 'a> Bringing<'k, 'a> {
    pub(super) fn new(
        kit: &'k Kit<'a>,
        file: FileId,
        facts: &'k Facts,
        source: &'k Source<'k>,
        home: &'k Home<'k>,
        until: u32,
    ) -> Self {
        Self { kit, file, facts, source, home, until, seen: BTreeSet::new(), along: Along::default() }
    }

    /// What has been collected.
    pub(super) fn finish(self) -> Along {
        self.along
    }

    /// Brings what the code at a range uses.
    pub(super) fn code(&mut self, range: Span) -> Result<(), Unknown> {
        let names = all_names(self.source, &range.range());
        self.along.names.extend(names.into_iter().map(str::to_owned));
        for (name, at) in free_names(self.source, &range.range()) {
            self.name(name, at as u32)?;
        }
        Ok(())
    }

    /// Brings what a name stands for.
    pub(super) fn name(&mut self, name: &str, at: u32) -> Result<(), Unknown> {
        if !self.seen.insert(name.to_owned()) {
            return Ok(());
        }
        let around: Vec<FunctionId> = self.facts.enclosing(innermost(self.facts, at)).collect();
        if let Some(binding) = local(self.facts, &around, name, at) {
            return self.local(binding, name);
        }
        if let Some((function, position)) = parameter(self.facts, &around, name) {
            return self.parameter(function, position, name);
        }
        let declared = |f: &FunctionId| {
            let f = self.facts.function(*f);
            f.name == name && f.parent.is_some_and(|p| around.contains(&p)) && f.argument_of.is_none()
        };
        if self.facts.function_ids().any(|f| declared(&f)) {
            return Err(self.local_to(name, at));
        }
        if let Some(import) = self.facts.imports.iter().find(|i| i.local == name) {
            return self.import(import, name, at);
        }
        self.top_level(name)
    }

    /// A constant of the handler: the statement that makes it, and what that uses.
    fn local(&mut self, binding: &Binding, name: &str) -> Result<(), Unknown> {
        let names_it =
            |b: &&Binding| b.names.iter().any(|n| n.local == name) && b.function == binding.function;
        let once = self.facts.bindings.iter().filter(names_it).count() == 1;
        let alone = self.facts.bindings.iter().filter(|b| b.statement == binding.statement).count() == 1;
        if let Some((call, range)) = checks::attempted(self.source, binding, name).filter(|_| alone) {
            // `let payload; try { payload = verify(token) } catch { return … }`
            self.until = range.start;
            self.code(range)?;
            self.along.statements.push(Step::Attempt { binding: name.to_owned(), call });
            return Ok(());
        }
        if !once || !alone {
            return Err(self.local_to(name, binding.statement.start));
        }
        // What one request asks for says nothing of who makes another.
        let asked = |function| is_asked_for(self.kit.graph(), self.file, function, &binding.value);
        if binding.function.is_some_and(asked) {
            return Err(Unknown::Nobody);
        }
        self.code(binding.statement)?;
        let text = canonical(self.kit, self.source, binding.statement);
        self.along.statements.push(Step::Code(text));
        // `if (!token) return …` says what the rest may rely on.
        if let Some(test) = checks::of_name(self.source, binding, name, self.until) {
            self.along.statements.push(Step::Unless(test));
        }
        Ok(())
    }

    fn parameter(&mut self, function: FunctionId, position: usize, name: &str) -> Result<(), Unknown> {
        let at = self.facts.function(function).span.start;
        let found = handler_of(self.kit.graph(), self.file, function).ok_or(self.local_to(name, at))?;
        let param = self.facts.function(function).params.get(position);
        let whole = param.filter(|p| p.name() == Some(name));
        let role = role(found.handler, self.facts, function, position);
        if role == Some(Role::Response) && whole.is_some() {
            self.along.response = Some(name.to_owned());
            return Ok(());
        }
        if !matches!(role, Some(Role::Request | Role::Context)) {
            return Err(self.local_to(name, at));
        }
        if whole.is_none() {
            let taken = param.and_then(|p| taken(p, name)).ok_or(self.local_to(name, at))?;
            self.along.members.push(taken);
            return Ok(());
        }
        let of_type = whole.and_then(|p| own_type(p.annotation_text.as_deref()?));
        if let (Some(param), Some(written)) = (whole, &of_type) {
            // `request: NextRequest` brings the type; the parameter's own name is bound by it.
            let start = param.span.start;
            let end = param.span.end;
            for (used, at) in free_names(self.source, &(start as usize..end as usize)) {
                if written.contains(used) && used != name {
                    self.name(used, at as u32)?;
                }
            }
        }
        self.along.request = Some(Taken { name: name.to_owned(), of_type });
        Ok(())
    }

    fn import(&mut self, import: &Import, name: &str, at: u32) -> Result<(), Unknown> {
        if self.home.within == Some(self.file) && import.function.is_none() {
            return Ok(());
        }
        let line = import_line(self.kit, self.file, self.home.path, import);
        let line = line.ok_or_else(|| self.local_to(name, at))?;
        self.along.names.insert(name.to_owned());
        if !self.along.imports.contains(&line) {
            self.along.imports.push(line);
        }
        Ok(())
    }

    /// A declaration of the handler's own file, which can be imported where it is exported and the file only declares.
    fn top_level(&mut self, name: &str) -> Result<(), Unknown> {
        let Some(at) = declared_at_top(self.source, self.facts, name) else {
            // Of the language or the platform.
            return Ok(());
        };
        if self.home.within == Some(self.file) {
            return Ok(());
        }
        let exported = self.facts.exports.iter().find(|e| match &e.target {
            ExportTarget::Local(local) => local == name,
            _ => e.name == name,
        });
        let export = exported.filter(|_| can_import(self.kit, self.file, self.home));
        let Some(export) = export else {
            let Some(made) = self.client(name) else { return Err(self.local_to(name, at)) };
            self.code(made)?;
            self.along.statements.push(Step::Code(canonical(self.kit, self.source, made)));
            return Ok(());
        };
        let what = match export.name.as_str() {
            "default" => Imported::Default,
            other => Imported::Named(other.to_owned()),
        };
        let line = names::import_line_from(self.kit, self.home.path, self.kit.path(self.file), &what, name);
        self.along.names.insert(name.to_owned());
        self.along.imports.push(line.ok_or_else(|| self.local_to(name, at))?);
        Ok(())
    }

    /// The statement of a client that the file makes once for itself, by a library's function and out of the environment:
    /// another of the same serves as well.
    fn client(&self, name: &str) -> Option<Span> {
        let mut named = self.facts.bindings.iter().filter(|b| b.names.iter().any(|n| n.local == name));
        let binding = named.next().filter(|b| b.function.is_none() && b.kind == BindingKind::Const)?;
        let call = self.facts.call(binding.value.unawaited().as_call()?);
        let of_library = matches!(self.kit.graph().def(self.file, None, &call.callee), Def::Outside(..));
        let plain = self.facts.functions.iter().all(|f| !binding.statement.has(f.span.start));
        let alone = self.facts.bindings.iter().filter(|b| b.statement == binding.statement).count() == 1;
        let is_own = named.next().is_none() && of_library && plain && alone && !self.source.is_python();
        is_own.then_some(binding.statement)
    }

    fn local_to(&self, name: &str, at: u32) -> Unknown {
        let line = self.kit.text(self.file).line_of(at as usize);
        Unknown::Local { name: name.to_owned(), file: self.file, line }
    }
}

/// Whether a new file may import a file: it does more than start the app, and does not import the new file itself.
pub(super) fn can_import(kit: &Kit<'_>, file: FileId, home: &Home<'_>) -> bool {
    let starts = kit.framework.framework.as_ref().map_or(&[][..], |f| f.starts.as_slice());
    let facts = kit.cx.program.facts(file);
    let listens = facts.calls.iter().any(|c| c.callee.segments.last().is_some_and(|m| starts.contains(m)));
    home.mounted_in != Some(file) && !listens
}

/// The line that imports in a file at `path` what another file imports.
pub(super) fn import_line(kit: &Kit<'_>, from: FileId, path: &str, import: &Import) -> Option<String> {
    let Import { module, imported, local, .. } = import;
    let name = match imported {
        Imported::Named(name) => name.as_str(),
        _ => local.as_str(),
    };
    let line = match kit.cx.program.module(from, module, Some(name)) {
        Module::File(target) => names::import_line_from(kit, path, kit.path(target), imported, local)?,
        _ if module.starts_with('.') || module.is_empty() => return None,
        _ => package_line(kit, module, imported, local)?,
    };
    Some(match line.strip_prefix("import {") {
        Some(rest) if import.type_only => format!("import type {{{rest}"),
        _ => line,
    })
}

pub(super) fn package_line(kit: &Kit<'_>, module: &str, what: &Imported, local: &str) -> Option<String> {
    Some(match (kit.is_python(), what) {
        (true, Imported::Named(name)) if name == local => format!("from {module} import {name}"),
        (true, Imported::Named(name)) => format!("from {module} import {name} as {local}"),
        (true, Imported::Namespace) if module == local => format!("import {module}"),
        (true, Imported::Namespace) => format!("import {module} as {local}"),
        (true, _) | (_, Imported::All) => return None,
        (false, Imported::Named(name)) if name == local => format!("import {{ {name} }} from \"{module}\";"),
        (false, Imported::Named(name)) => format!("import {{ {name} as {local} }} from \"{module}\";"),
        (false, Imported::Default) => format!("import {local} from \"{module}\";"),
        (false, Imported::Namespace) => format!("import * as {local} from \"{module}\";"),
    })
}

/// What a parameter that is taken apart has to take for a name: `locals`, `request: req`.
pub(super) fn taken(param: &Param, name: &str) -> Option<String> {
    let bound = param.names.iter().find(|n| n.local == name)?;
    match bound.path.as_slice() {
        [key] if key == name => Some(name.to_owned()),
        [key] => Some(format!("{key}: {name}")),
        _ => None,
    }
}

/// The type of a request as written, unless it is the plain one, whose arguments are of the handler's own address.
pub(super) fn own_type(written: &str) -> Option<String> {
    let name = written.split('<').next().unwrap_or(written).trim();
    (name.rsplit('.').next() != Some("Request")).then(|| written.to_owned())
}

/// The role of a handler's parameter, by its position or by how it is declared.
pub(super) fn role(handler: &Handler, facts: &Facts, function: FunctionId, position: usize) -> Option<Role> {
    let by_position = handler.params.get(position).copied();
    by_position.or_else(|| {
        let param = facts.function(function).params.get(position)?;
        let fits = |named: &&crate::catalog::NamedParam| {
            let annotated = named.annotation.as_deref().is_some_and(|a| {
                param.annotation_text.as_deref().is_some_and(|text| text.rsplit('.').next() == Some(a))
            });
            annotated || named.name.is_some() && named.name.as_deref() == param.name()
        };
        handler.named_params.iter().find(fits).map(|named| named.role)
    })
}

/// The innermost function around an offset.
fn innermost(facts: &Facts, at: u32) -> Option<FunctionId> {
    let around = facts.function_ids().filter(|f| facts.function(*f).span.has(at));
    around.max_by_key(|f| facts.function(*f).span.start)
}

fn local<'f>(facts: &'f Facts, around: &[FunctionId], name: &str, at: u32) -> Option<&'f Binding> {
    facts.bindings.iter().rev().find(|b| {
        b.function.is_some_and(|f| around.contains(&f))
            && b.scope.has(at)
            && b.statement.start < at
            && b.names.iter().any(|n| n.local == name)
    })
}

/// The function around that has a parameter of this name, and its position.
fn parameter(facts: &Facts, around: &[FunctionId], name: &str) -> Option<(FunctionId, usize)> {
    around.iter().find_map(|f| {
        let params = &facts.function(*f).params;
        let position = params.iter().position(|p| p.names.iter().any(|n| n.local == name))?;
        Some((*f, position))
    })
}

/// Where a name is declared at the top of a file.
fn declared_at_top(source: &Source<'_>, facts: &Facts, name: &str) -> Option<u32> {
    let bound = facts.bindings.iter().filter(|b| b.function.is_none() && b.class.is_none());
    let mut bound = bound.filter(|b| b.names.iter().any(|n| n.local == name)).map(|b| b.statement.start);
    let function = || {
        let named = |f: &FunctionId| {
            let f = facts.function(*f);
            f.name == name && f.parent.is_none() && f.class.is_none() && f.argument_of.is_none()
        };
        facts.function_ids().find(named).map(|f| facts.function(f).statement.start)
    };
    let class = || facts.classes.iter().find(|c| c.name == name && c.parent.is_none()).map(|c| c.span.start);
    bound.next().or_else(function).or_else(class).or_else(|| source.type_at_top(name).map(|at| at as u32))
}

/// The text of a statement, its lines indented as templates have them.
pub(super) fn canonical(kit: &Kit<'_>, source: &Source<'_>, statement: Span) -> String {
    let text = canonical_lines(kit, source, statement.start, source.slice(statement.range()));
    if kit.is_python() || text.ends_with([';', '}']) { text } else { format!("{text};") }
}

/// Code of a statement that starts there, its lines indented as templates have them.
pub(super) fn canonical_lines(kit: &Kit<'_>, source: &Source<'_>, statement: u32, text: &str) -> String {
    let outer = source.indent_at(statement as usize);
    let unit = match kit.style_of(source).indent {
        Indent::Tab => 1,
        Indent::Spaces(n) => usize::from(n.max(1)),
    };
    let level = if kit.is_python() { 4 } else { 2 };
    let lines = text.lines().enumerate().map(|(index, line)| {
        if index == 0 {
            return line.to_owned();
        }
        let inner = line.strip_prefix(outer).unwrap_or_else(|| line.trim_start());
        let body = inner.trim_start_matches([' ', '\t']);
        let blanks = inner.len() - body.len();
        format!("{}{body}", " ".repeat(blanks / unit * level + blanks % unit))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a node holds the statements of a function or of the file.
pub(super) fn is_block(node: tree_sitter::Node<'_>) -> bool {
    let of_function =
        |n: tree_sitter::Node<'_>| n.kind().contains("function") || n.kind() == "method_definition";
    matches!(node.kind(), "program" | "module") || node.parent().is_some_and(of_function)
}
