//! How a handler refuses: as it refuses elsewhere, and only in a form that its callers take.
//!
//! An entry says how a kind of handler usually refuses, and which other ways there are. One of those is taken where the
//! handler itself answers in that way: it throws, it renders pages, it answers with a class of its own. A value that the
//! handler's declared type has no room for is never given back.

use std::borrow::Cow;

use tree_sitter::Node;

use super::spot::is_function;
use crate::catalog::{Answer, Handler, RefuseAs, Role, Snippet};
use crate::sites::HandlerRef;
use crate::steps::support::Kit;
use crate::syntax::source::{Source, named};
use crate::template::Lang;

/// Types that take any value.
const ANY: &[&str] = &["any", "unknown", "object"];

/// The condition under which a check of the balance failed, in a script. A compiler without strict null checks tells
/// `{ ok: true }` from `{ ok: false }` by a comparison only: https://www.typescriptlang.org/tsconfig/#strictNullChecks
pub(super) fn failed(kit: &Kit<'_>, path: &str, variable: &str) -> String {
    let strict = kit.cx.program.compiler_option(path, &["strictNullChecks", "strict"]);
    let is_lenient = strict.is_some_and(|set| set.as_bool() != Some(true));
    if kit.lang == Lang::TypeScript && is_lenient {
        return format!("{variable}.ok === false");
    }
    format!("!{variable}.ok")
}

/// The way in which a handler refuses.
///
/// # Errors
/// In words, where no known way fits what the handler gives back.
pub(in crate::steps) fn refusal<'a>(
    kit: &Kit<'_>,
    source: &Source<'_>,
    handler: &HandlerRef,
    shape: &'a Handler,
) -> Result<Cow<'a, Snippet>, String> {
    let unknown = || "how this kind of handler refuses is not known".to_owned();
    if shape.answers == Answer::Socket {
        return Err(unknown());
    }
    let span = kit.cx.program.facts(handler.file).function(handler.function).span;
    let function = source.whole_node(&span.range()).ok_or_else(unknown)?;
    if let Some(annotation) =
        narrow_response(kit, handler, shape).or_else(|| narrow_variable(source, function, shape))
    {
        return Err(format!("its answers are typed `{annotation}`, which has no room for a refusal"));
    }
    let own = Own {
        text: source.of(function),
        leaves: Leaves::of(source, function),
        declared: declared(source, function),
    };
    let another = shape.refuse_as.iter().find(|way| own.answers_so(way)).map(|way| &way.snippet);
    if let Some(another) = another {
        return Ok(Cow::Borrowed(another));
    }
    if let Some(own) = own.leaves.error_among.clone().filter(|_| shape.answers == Answer::Value) {
        return Ok(Cow::Owned(Snippet { lines: own, imports: Vec::new() }));
    }
    // What gives nothing back has nobody who would read a value: of a form's action the type says so, too.
    let throwing = shape.refuse_as.iter().find(|way| way.throws && way.marks.is_empty());
    if let (Answer::Value, true, Some(way)) = (shape.answers, own.leaves.without_value, throwing) {
        return Ok(Cow::Borrowed(&way.snippet));
    }
    let usual = shape.refuse.as_ref().ok_or_else(unknown)?;
    let fits = !gives_back(usual)
        || match (&own.declared, shape.answers) {
            // A type from which the handler gives back `{ error }` itself takes one more.
            (Some(_), Answer::Value) if own.leaves.with_only_error => true,
            (Some(declared), _) => declared.takes(&shape.refuse_types, shape.answers == Answer::Response),
            (None, Answer::Value) => {
                own.leaves.with_error || own.leaves.without_value || own.uses_function_of(usual)
            }
            (None, _) => true,
        };
    match own.declared {
        _ if fits => Ok(Cow::Borrowed(usual)),
        Some(declared) => Err(format!(
            "its declared answer `{}` has no room for a refusal, and it throws none",
            declared.text
        )),
        None => {
            Err("its callers take its value as it is, and it never gives back or throws an error".to_owned())
        }
    }
}

/// What leaves out a part that the handler goes on without when it fails.
pub(super) fn skipping(kit: &Kit<'_>) -> Snippet {
    let lines = if kit.is_python() {
        "raise RuntimeError({{ body }}[\"error\"])"
    } else {
        "throw new Error({{ body }}.error);"
    };
    Snippet { lines: lines.to_owned(), imports: Vec::new() }
}

/// The annotation of a response that takes one type of answer only: `NextApiResponse<Data>`.
fn narrow_response(kit: &Kit<'_>, handler: &HandlerRef, shape: &Handler) -> Option<String> {
    let at = shape.params.iter().position(|role| *role == Role::Response)?;
    let function = kit.cx.program.facts(handler.file).function(handler.function);
    let annotation = function.params.get(at)?.annotation_text.as_deref()?;
    narrow(annotation)
}

/// The same where the type is that of the variable which holds the handler: `const handler: Handler<Data> = …`.
fn narrow_variable(source: &Source<'_>, function: Node<'_>, shape: &Handler) -> Option<String> {
    shape.params.iter().position(|role| *role == Role::Response)?;
    let declarator = function.parent().filter(|parent| parent.kind() == "variable_declarator")?;
    let annotation = source.of(declarator.child_by_field_name("type")?);
    narrow(annotation)
}

/// A type whose argument is one type of answer.
fn narrow(annotation: &str) -> Option<String> {
    let (_, argument) = annotation.split_once('<')?;
    let argument = argument.split([',', '>']).next().unwrap_or_default().trim();
    (!ANY.contains(&argument)).then(|| annotation.trim_start_matches(':').trim().to_owned())
}

/// What a handler's own code says of its answers.
struct Own<'s> {
    text: &'s str,
    leaves: Leaves,
    declared: Option<Declared<'s>>,
}

impl Own<'_> {
    /// Whether the handler answers in this way itself.
    fn answers_so(&self, way: &RefuseAs) -> bool {
        let marked = way.marks.is_empty() || way.marks.iter().any(|m| self.text.contains(m));
        let fits = !gives_back(&way.snippet)
            || self.declared.as_ref().is_none_or(|declared| declared.takes(&way.types, way.types.is_empty()));
        marked
            && fits
            && !way.unless.iter().any(|m| self.text.contains(m))
            && (!way.throws || (self.leaves.throws && !self.leaves.with_error))
    }

    /// Whether the handler calls the function itself with which the usual refusal is made: `return fail(…)`.
    fn uses_function_of(&self, usual: &Snippet) -> bool {
        let made = usual.lines.trim_start().strip_prefix("return ").and_then(|rest| rest.split_once('('));
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        made.is_some_and(|(name, _)| is_name(name) && self.text.contains(&format!("return {name}(")))
    }
}

/// How a function leaves where something is wrong: below a condition, functions in it not counted.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a way out that the function has or has not")]
struct Leaves {
    /// By an exception.
    throws: bool,
    /// With an object that says `error`.
    with_error: bool,
    /// With one that says nothing else.
    with_only_error: bool,
    /// With one that says more, and always the same: `{ success: false, error: "…" }`. As a refusal.
    error_among: Option<String>,
    /// Nowhere with a value, not even at its end.
    without_value: bool,
}

impl Leaves {
    fn of(source: &Source<'_>, function: Node<'_>) -> Self {
        let mut leaves = Self { without_value: true, ..Self::default() };
        let Some(body) = function.child_by_field_name("body") else { return leaves };
        if body.kind() != "statement_block" && body.kind() != "block" {
            leaves.without_value = false;
        }
        leaves.look(source, body, false);
        leaves
    }

    fn look(&mut self, source: &Source<'_>, node: Node<'_>, conditional: bool) {
        for child in named(node) {
            match child.kind() {
                "throw_statement" | "raise_statement" => self.throws |= conditional,
                "return_statement" => {
                    if let Some(value) = child.named_child(0) {
                        self.without_value = false;
                        let keys = keys(source, value);
                        let says_error = conditional && keys.contains(&"error");
                        self.with_error |= says_error;
                        self.with_only_error |= says_error && keys.len() == 1;
                        if conditional && self.error_among.is_none() {
                            self.error_among = error_among(source, value);
                        }
                    }
                }
                kind if is_function(kind) => {}
                kind => {
                    let conditional =
                        conditional || matches!(kind, "if_statement" | "catch_clause" | "except_clause");
                    self.look(source, child, conditional);
                }
            }
        }
    }
}

/// Members of an answer that hold what went wrong.
const MESSAGES: &[&str] = &["error", "message"];

/// An object that says what went wrong among other things, as a refusal: all of the others are written out, and one of them
/// says that it did go wrong.
fn error_among(source: &Source<'_>, value: Node<'_>) -> Option<String> {
    let pairs = named(value);
    let is_object = value.kind() == "object" && pairs.len() > 1;
    if !is_object || pairs.iter().any(|pair| pair.kind() != "pair") {
        return None;
    }
    let (mut messages, mut failed) = (0, false);
    let mut written = Vec::new();
    for pair in pairs {
        let (key, of) = (pair.child_by_field_name("key")?, pair.child_by_field_name("value")?);
        if MESSAGES.contains(&source.of(key).trim_matches(['"', '\''])) {
            messages += 1;
            written.push(format!("{}: {{{{ body }}}}.error", source.of(key)));
            continue;
        }
        if !matches!(of.kind(), "true" | "false" | "null" | "undefined" | "string" | "number") {
            return None;
        }
        failed |= matches!(of.kind(), "false" | "null" | "undefined")
            || MESSAGES.contains(&source.of(of).trim_matches(['"', '\'']));
        written.push(source.of(pair).to_owned());
    }
    (messages == 1 && failed).then(|| format!("return {{ {} }};", written.join(", ")))
}

/// The members of an object as it is written; none of anything else.
fn keys<'s>(source: &Source<'s>, value: Node<'_>) -> Vec<&'s str> {
    if !matches!(value.kind(), "object" | "dictionary") {
        return Vec::new();
    }
    let key = |pair: Node<'_>| {
        let key = pair.child_by_field_name("key").unwrap_or(pair);
        source.of(key).trim_matches(['"', '\''])
    };
    named(value).into_iter().map(key).collect()
}

/// The type a function says it gives back.
struct Declared<'s> {
    text: &'s str,
}

/// `None` where it says none, and where types are not checked before the program runs.
fn declared<'s>(source: &Source<'s>, function: Node<'_>) -> Option<Declared<'s>> {
    if source.is_python() {
        return None;
    }
    let text = source.of(function.child_by_field_name("return_type")?).trim_start_matches(':').trim();
    Some(Declared { text })
}

impl Declared<'_> {
    /// Whether a value of one of these types may be given back; `unless_known` where none are named.
    fn takes(&self, types: &[String], unless_known: bool) -> bool {
        let inner = self.text.strip_prefix("Promise<").and_then(|t| t.strip_suffix('>')).unwrap_or(self.text);
        let parts = || inner.split('|').map(str::trim);
        (types.is_empty() && unless_known)
            || parts().any(|part| ANY.contains(&part) || types.iter().any(|t| t == part))
    }
}

/// Whether a refusal gives back a value.
fn gives_back(refuse: &Snippet) -> bool {
    refuse.lines.lines().any(|line| line.trim_start().starts_with("return "))
}
