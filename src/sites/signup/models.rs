//! The record type that stands for a user of the app.
//!
//! In: the shapes in which the picked ORMs declare record types. Out: the types that are users, with the members that
//! hold the id and the email. A name alone is not enough for anything but `User`: an `Account` may be a login of a
//! provider, a `Member` a row between a user and a team. So names are weighed with what the declaration holds.

use std::sync::Arc;

use rayon::prelude::*;

use super::key::primary;
use crate::catalog::{Callee, Create, CreateForm, Entry, Kind, ModelShape, Symbol, glob::Globs};
use crate::resolve::Def;
use crate::sites::cx::{Cx, after};
use crate::syntax::{ClassId, Expr, FunctionId, Path, Span};
use crate::workspace::{FileId, Language};

/// Classes of the app followed from a model up to the ORM's base.
const MAX_BASES: usize = 6;

/// Where a model is declared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum At {
    /// A class of the app.
    Class(FileId, ClassId),
    /// A value of the app.
    Value(FileId, usize),
    /// A schema file, or an export without a name.
    File,
    /// In the library.
    Library,
    /// A table that the code only knows by its name.
    Table,
}

/// The record type of users.
pub(super) struct Model<'a> {
    /// The ORM.
    pub(super) entry: &'a Entry,
    /// As the code calls it.
    pub(super) name: String,
    /// Its table, when the declaration says it.
    pub(super) table: Option<String>,
    /// Where.
    pub(super) at: At,
    /// The member that is the id.
    pub(super) id: String,
    /// The member that is the email.
    pub(super) email: Option<String>,
    /// The member that is the name.
    pub(super) display: Option<String>,
    /// Evidence, in words.
    pub(super) why: String,
    /// Whose records these are.
    pub(super) of: Whose,
    weight: i32,
}

/// Whose records are looked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Whose {
    /// Users'.
    Users,
    /// Those of the organisation whose record type has this name.
    Organisation(Arc<str>),
}

impl Whose {
    /// How much a name speaks for such a record: 3 for certain, 1 for words that may mean one, `None` for anything else.
    pub(super) fn weight(&self, name: &str) -> Option<i32> {
        match self {
            Self::Users => user_name(name),
            Self::Organisation(own) => same_name(name, own).then_some(3),
        }
    }
}

/// How sure it is that an expression is the model.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Certainty {
    /// By its name only: the definition could not be followed.
    Named,
    /// The definition was followed.
    Followed,
}

/// The models of users, best first; several only when they are equally good (two declarations of one thing).
pub(super) fn models<'a>(cx: &Cx<'a>) -> Vec<Model<'a>> {
    let mut found = Vec::new();
    for entry in cx.entries(Kind::Orm) {
        let Some(orm) = &entry.orm else { continue };
        for shape in &orm.models {
            declared(cx, entry, shape, &Whose::Users, &mut found);
        }
        for symbol in &orm.users {
            let name = symbol.name.split('.').next().unwrap_or_default().to_owned();
            let why = format!("the user record of {}", entry.title);
            found.push(Model {
                entry,
                name,
                table: None,
                at: At::Library,
                id: "id".into(),
                email: Some("email".into()),
                display: None,
                why,
                of: Whose::Users,
                weight: 3,
            });
        }
    }
    for entry in cx.entries(Kind::Orm) {
        let by_table = |c: &Create| matches!(c.form, CreateForm::ClientTable { .. } | CreateForm::Sql);
        if entry.orm.as_ref().is_some_and(|o| o.creates.iter().any(by_table)) && found.is_empty() {
            found.push(Model {
                entry,
                name: "users".into(),
                table: None,
                at: At::Table,
                id: "id".into(),
                email: Some("email".into()),
                display: None,
                why: "a table of users".into(),
                of: Whose::Users,
                weight: 3,
            });
        }
    }
    let best = found.iter().filter(|m| m.at != At::Library).map(|m| m.weight).max().unwrap_or(0);
    found.retain(|m| m.weight >= 3 && (m.at == At::Library || best < 5 || m.weight >= 5));
    found.sort_by_key(|m| -m.weight);
    found
}

/// The models of the organisation whose record type has this name.
pub(super) fn of_organisation<'a>(cx: &Cx<'a>, name: &str) -> Vec<Model<'a>> {
    let mut found = Vec::new();
    let of = Whose::Organisation(name.into());
    for entry in cx.entries(Kind::Orm) {
        for shape in entry.orm.iter().flat_map(|o| &o.models) {
            declared(cx, entry, shape, &of, &mut found);
        }
    }
    found
}

impl Model<'_> {
    /// Whether a path stands for this model where it is written.
    pub(super) fn is(
        &self,
        cx: &Cx<'_>,
        file: FileId,
        function: Option<FunctionId>,
        path: &Path,
    ) -> Option<Certainty> {
        match (cx.program.origin(file, function, path), self.at) {
            (Def::Class(f, c), At::Class(file, class)) => {
                return (f == file && c == class).then_some(Certainty::Followed);
            }
            (Def::Value(f, index, rest), At::Value(file, at))
                if f == file && index == at && rest.is_empty() =>
            {
                return Some(Certainty::Followed);
            }
            (Def::Class(..) | Def::Function(..) | Def::Namespace(..), _) => return None,
            _ => {}
        }
        let def = cx.def(file, function, path);
        match (&def, self.at) {
            (Def::Outside(..), At::Library) => {
                let orm = self.entry.orm.as_ref()?;
                let known = orm.users.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty));
                known.then_some(Certainty::Followed)
            }
            // `module.exports = mongoose.model(…)`: what made the value is known, its name is not.
            (Def::Outside(..), At::File | At::Value(..)) if self.is_made(&def) => self.named(path),
            // A virtual module of the framework (`hub:db`) cannot be followed; a package can, and is not the app's.
            (Def::Outside(module, _), At::Value(..)) if module.contains(':') => self.named(path),
            (Def::Unknown | Def::Value(..) | Def::Param(..), At::Class(..) | At::Value(..) | At::File) => {
                self.named(path)
            }
            _ => None,
        }
    }

    /// Whether a value is made by what the ORM makes models with.
    fn is_made(&self, def: &Def) -> bool {
        let shapes = self.entry.orm.iter().flat_map(|o| &o.models);
        let makers = shapes.flat_map(|shape| match shape {
            ModelShape::Call { symbols, named_by, .. } => {
                symbols.iter().chain(named_by.iter().flat_map(|n| &n.symbols)).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        });
        let is_call = |rest: &[String]| !rest.is_empty() && rest.iter().all(|m| m == "()");
        makers.into_iter().any(|s| after(s, def).is_some_and(is_call))
    }

    /// `User`, `UserModel`, `this.userModel`, `db.User`.
    fn named(&self, path: &Path) -> Option<Certainty> {
        path.last().is_some_and(|last| same_name(last, &self.name)).then_some(Certainty::Named)
    }

    /// `prisma.user` of the model `User`.
    pub(super) fn is_member(&self, member: &str) -> bool {
        let mut chars = self.name.chars();
        let small = chars.next().map(|c| c.to_lowercase().chain(chars).collect::<String>());
        small.is_some_and(|s| s == member)
    }

    /// Whether the text of a file can hold the model at all.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        let small = self.name.to_lowercase();
        let has = |word: &str| text.contains(word);
        has(&self.name) || has(&small) || has("get_user_model") && self.at == At::Library
    }
}

/// Whether two names differ only in case and in what people append to the name of a model.
fn same_name(a: &str, b: &str) -> bool {
    stem(a) == stem(b)
}

fn stem(name: &str) -> String {
    let small: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let mut stem = small.as_str();
    for ending in ["model", "entity", "schema", "table", "document", "repository", "repo", "collection"] {
        stem = stem.strip_suffix(ending).filter(|s| !s.is_empty()).unwrap_or(stem);
    }
    stem.strip_suffix('s').filter(|s| s.len() > 2).unwrap_or(stem).to_owned()
}

/// How much a name speaks for a user: 3 for users, 1 for words that may mean one, `None` for anything else.
pub(super) fn user_name(name: &str) -> Option<i32> {
    let stem = stem(name);
    let mut stem = stem.as_str();
    for beginning in ["app", "custom", "auth", "db", "my", "base"] {
        stem = stem.strip_prefix(beginning).filter(|s| !s.is_empty()).unwrap_or(stem);
    }
    match stem {
        "user" => Some(3),
        "account" | "member" | "customer" | "profile" | "person" => Some(1),
        _ => None,
    }
}

fn declared<'a>(
    cx: &Cx<'a>,
    entry: &'a Entry,
    shape: &'a ModelShape,
    of: &Whose,
    found: &mut Vec<Model<'a>>,
) {
    match shape {
        ModelShape::Block { files, keyword } => blocks(cx, entry, files, keyword, of, found),
        ModelShape::Call { symbols, table, columns, named_by } => {
            for file in code_with(cx, symbols.iter().map(|s| last_name(&s.name))) {
                let facts = cx.program.facts(file);
                for (index, binding) in facts.bindings.iter().enumerate() {
                    let [name] = binding.names.as_slice() else { continue };
                    let Some(call) = binding.value.as_call() else { continue };
                    let at = facts.call(call);
                    if named_by.is_none()
                        && binding.function.is_none()
                        && made_by(cx, file, call, symbols)
                        && at.args.len() > *columns
                    {
                        let table = table.and_then(|t| at.args.get(t)).and_then(Expr::as_str);
                        let text = cx.slice(file, at.args_span);
                        let place = At::Value(file, index);
                        add(cx, entry, &name.local, table, place, (file, at.span), &text, of, found);
                    }
                }
            }
            if let Some(named_by) = named_by {
                named_models(cx, entry, named_by, of, found);
            }
        }
        ModelShape::Class { bases, made_bases, decorators, keyword } => {
            for file in code_where(cx, |text| declares_class(text, of)) {
                let facts = cx.program.facts(file);
                for (index, class) in facts.classes.iter().enumerate() {
                    if of.weight(&class.name).is_none() {
                        continue;
                    }
                    let id = ClassId(index as u32);
                    let marked = class.decorators.iter().any(|d| is_one_of(cx, file, &d.path, decorators));
                    let kept =
                        keyword.as_ref().is_none_or(|k| class.keywords.iter().any(|(name, _)| name == k));
                    if marked || (kept && has_base(cx, file, id, bases, made_bases, 0)) {
                        let text = with_bases(cx, file, id, 0);
                        let table = facts.bindings.iter().find_map(|b| {
                            let named = b.class == Some(id)
                                && b.names.first().is_some_and(|n| n.local == "__tablename__");
                            if named { b.value.as_str() } else { None }
                        });
                        let place = At::Class(file, id);
                        add(cx, entry, &class.name, table, place, (file, class.span), &text, of, found);
                    }
                }
            }
        }
        ModelShape::Define { callees, name, columns } => {
            for file in code_with(cx, callees.iter().filter_map(|c| c.made.as_deref())) {
                let facts = cx.program.facts(file);
                for id in facts.call_ids() {
                    let call = facts.call(id);
                    let Some(model) = call.args.get(*name).and_then(Expr::as_str) else { continue };
                    let defines = callees.iter().any(|c| c.made.as_deref() == call.callee.last());
                    if defines && call.args.len() > *columns {
                        let text = cx.slice(file, call.args_span);
                        let index = facts.bindings.iter().position(|b| b.value.as_call() == Some(id));
                        let place = index.map_or(At::File, |i| At::Value(file, i));
                        add(cx, entry, model, None, place, (file, call.span), &text, of, found);
                    }
                }
            }
        }
        ModelShape::Sql { .. } => {}
    }
}

/// `model User { … }` in schema files anywhere in the repository: a schema often lies in a package of its own.
fn blocks<'a>(
    cx: &Cx<'a>,
    entry: &'a Entry,
    globs: &Globs,
    keyword: &str,
    of: &Whose,
    found: &mut Vec<Model<'a>>,
) {
    for (file, at) in cx.workspace().files() {
        if !globs.match_path(&at.path) {
            continue;
        }
        let Ok(text) = cx.workspace().text(file) else { continue };
        let mut start = 0;
        while let Some((name, span)) = next_block(text.as_str(), keyword, &mut start) {
            let body = text.slice(span.range());
            let table = body.split_once("@@map(\"").and_then(|(_, t)| t.split('"').next());
            add(cx, entry, &name, table, At::File, (file, span), body, of, found);
        }
    }
}

fn next_block(text: &str, keyword: &str, start: &mut usize) -> Option<(String, Span)> {
    let mut at = *start;
    for line in text.get(at..)?.split_inclusive('\n') {
        let begins = line.strip_prefix(keyword).filter(|r| r.starts_with([' ', '\t']));
        if let Some(rest) = begins
            && let Some((name, _)) = rest.split_once('{')
        {
            let end = text.get(at..)?.find("\n}").map_or(text.len(), |e| at + e + 2);
            *start = end;
            return Some((name.trim().to_owned(), Span { start: at as u32, end: end as u32 }));
        }
        at += line.len();
    }
    None
}

/// Models named by a call of their own: `mongoose.model("User", schema)`.
fn named_models<'a>(
    cx: &Cx<'a>,
    entry: &'a Entry,
    named_by: &crate::catalog::NamedBy,
    of: &Whose,
    found: &mut Vec<Model<'a>>,
) {
    for file in code_with(cx, named_by.symbols.iter().map(|s| last_name(&s.name))) {
        let facts = cx.program.facts(file);
        for id in facts.call_ids() {
            let call = facts.call(id);
            let Some(name) = call.args.get(named_by.name).and_then(Expr::as_str) else { continue };
            let Some(schema) = call.args.get(named_by.schema) else { continue };
            if !is_one_of(cx, file, &call.callee, &named_by.symbols) {
                continue;
            }
            let text = match schema {
                Expr::Path(path) => match cx.program.origin(file, call.function, path) {
                    Def::Value(at, index, _) => {
                        cx.program.binding(at, index).map_or(String::new(), |b| cx.slice(at, b.statement))
                    }
                    _ => String::new(),
                },
                _ => cx.slice(file, call.args_span),
            };
            let index = facts.bindings.iter().position(|b| b.names.len() == 1 && holds(&b.value, id));
            let place = index.map_or(At::File, |i| At::Value(file, i));
            add(cx, entry, name, None, place, (file, call.span), &text, of, found);
        }
    }
}

/// Whether a call is (a branch of) an expression's value.
pub(super) fn holds(value: &Expr, call: crate::syntax::CallId) -> bool {
    match value {
        Expr::Binary(a, _, b) | Expr::Either(a, b) => holds(a, call) || holds(b, call),
        other => other.as_call() == Some(call),
    }
}

#[expect(clippy::too_many_arguments, reason = "one declaration, seen from five shapes")]
fn add<'a>(
    cx: &Cx<'a>,
    entry: &'a Entry,
    name: &str,
    table: Option<&str>,
    at: At,
    (file, span): (FileId, Span),
    text: &str,
    of: &Whose,
    found: &mut Vec<Model<'a>>,
) {
    let weighed = of.weight(name).or_else(|| table.and_then(|t| of.weight(t)));
    let Some(mut weight) = weighed else { return };
    let is_python = cx.workspace().entry(file).language == Some(Language::Python);
    let mut nested = identifiers(text);
    let own = if is_python { class_fields(text) } else { Vec::new() };
    if !own.is_empty() {
        for (field, depth) in &mut nested {
            *depth = usize::from(!own.contains(&field.as_str()));
        }
    }
    let fields: Vec<&String> = nested.iter().map(|(field, _)| field).collect();
    // Outside of Python a record's own members stand in braces; what is before those is the declaration's head.
    let braced = usize::from(!is_python);
    let outermost = nested.iter().map(|(_, depth)| *depth).filter(|d| *d >= braced).min().unwrap_or(0);
    // A member of a member (`profile: { name }`) is not the record's own.
    let own: Vec<&String> = nested.iter().filter(|(_, depth)| *depth == outermost).map(|(f, _)| f).collect();
    let email_of = |fields: &[&String]| {
        let is = |f: &&&String| f.to_lowercase() == "email";
        let ends = |f: &&&String| f.to_lowercase().ends_with("email");
        fields.iter().find(is).or_else(|| fields.iter().find(ends)).map(|f| (*f).clone())
    };
    let email = email_of(&own);
    let secret = fields.iter().any(|f| {
        let f = f.to_lowercase();
        f.contains("password") || f.contains("passwd") || f == "hash" || f.contains("passhash")
    });
    weight += i32::from(email_of(&fields).is_some()) + i32::from(secret) * if weight < 3 { 2 } else { 1 };
    let of_user = fields.iter().any(|f| matches!(f.to_lowercase().as_str(), "userid" | "user_id" | "user"));
    if of.weight(name).is_some_and(|w| w < 3) && of_user {
        weight -= 3;
    }
    let marks = entry.orm.as_ref().map_or(&[][..], |o| &o.primary_key);
    let id = primary(text, marks).unwrap_or_else(|| "id".into());
    let display = ["name", "displayName", "display_name", "fullName", "full_name", "username"];
    let display = display.iter().find(|d| own.iter().any(|f| f == *d)).map(|d| (*d).to_owned());
    let what = if *of == Whose::Users { "the user record" } else { "the record of who pays" };
    let why = format!("`{name}` is {what} ({}:{})", cx.path(file), cx.line(file, span.start));
    let (name, table) = (name.to_owned(), table.map(str::to_owned));
    found.push(Model { entry, name, table, at, id, email, display, why, of: of.clone(), weight });
}

/// The fields in the body of a Python class: names that begin a line of it, and not one of a method or inside of brackets.
fn class_fields(body: &str) -> Vec<&str> {
    let mut open = 0usize;
    // A body begins with its first word, and those of its bases follow it: these lines come without their indentation.
    let mut lines: Vec<(usize, &str)> = Vec::new();
    for line in body.lines() {
        let code = line.trim_start();
        if open == 0 && !code.is_empty() {
            lines.push((line.len() - code.len(), code));
        }
        for c in code.chars() {
            match c {
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' => open = open.saturating_sub(1),
                _ => {}
            }
        }
    }
    let own = lines.iter().map(|(indent, _)| *indent).filter(|indent| *indent > 0).min().unwrap_or_default();
    let of_body = lines.into_iter().filter(|(indent, _)| *indent == own || *indent == 0);
    let field = |code: &'_ str| {
        let end = code.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        let (name, rest) = code.split_at(end);
        let rest = rest.trim_start();
        let is_field = rest.starts_with(':') || rest.starts_with('=') && !rest.starts_with("==");
        is_field.then_some(name.len())
    };
    of_body.filter_map(|(_, code)| code.get(..field(code)?)).collect()
}

/// The words of a declaration that are followed by what makes them a field, with the braces around them.
fn identifiers(text: &str) -> Vec<(String, usize)> {
    let mut words = Vec::new();
    let mut depth = 0usize;
    let bytes = text.as_bytes();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            match bytes[at] {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        let rest = text.get(at..).unwrap_or_default();
        let field = rest.trim_start_matches([' ', '\t', '?', '!']);
        let first_on_line =
            text.get(..start).is_some_and(|t| t.rsplit('\n').next().is_some_and(|l| l.trim().is_empty()));
        let before = text.get(..start).and_then(|t| t.chars().next_back());
        let is_key = (field.starts_with(':') || (field.starts_with('=') && !field.starts_with("==")))
            && before != Some('.');
        if is_key || (first_on_line && rest.starts_with([' ', '\t']) && !field.is_empty()) {
            words.extend(text.get(start..at).map(|word| (word.to_owned(), depth)));
        }
    }
    words
}

fn last_name(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}

/// Code files of the app whose text holds one of the words.
pub(super) fn code_with<'w>(cx: &Cx<'_>, words: impl Iterator<Item = &'w str>) -> Vec<FileId> {
    let words: Vec<&str> = words.collect();
    code_where(cx, |text| words.iter().any(|word| text.contains(word)))
}

/// Code files of the app whose text passes a look, read side by side.
fn code_where(cx: &Cx<'_>, passes: impl Fn(&str) -> bool + Sync) -> Vec<FileId> {
    let holds = |file: &&FileId| cx.workspace().text(**file).is_ok_and(|text| passes(text.as_str()));
    let files: Vec<FileId> = cx.files.par_iter().filter(holds).copied().collect();
    cx.program.read(&files);
    files
}

/// Whether a text declares a class whose name speaks for a record that is looked for.
fn declares_class(text: &str, of: &Whose) -> bool {
    let word = "class ";
    text.match_indices(word).any(|(at, _)| {
        let name = text.get(at + word.len()..).unwrap_or_default().trim_start();
        let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(name.len());
        name.get(..end).is_some_and(|name| of.weight(name).is_some())
    })
}

fn is_one_of(cx: &Cx<'_>, file: FileId, path: &Path, symbols: &[Symbol]) -> bool {
    let def = cx.def(file, None, path);
    symbols.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty))
}

/// Whether a call's callee is one of the symbols, or what one of them makes: `pgTableCreator(…)("user", …)`.
fn made_by(cx: &Cx<'_>, file: FileId, call: crate::syntax::CallId, symbols: &[Symbol]) -> bool {
    let def = match cx.callee(file, call) {
        Def::Value(at, index, rest) if rest.is_empty() => {
            let maker = cx.program.binding(at, index).and_then(|b| b.value.as_call());
            maker.map_or(Def::Unknown, |maker| cx.program.call_result(at, maker, &[]))
        }
        def => def,
    };
    symbols.iter().any(|s| after(s, &def).is_some_and(|rest| rest.is_empty() || rest == ["()"]))
}

fn has_base(
    cx: &Cx<'_>,
    file: FileId,
    class: ClassId,
    bases: &[Symbol],
    made: &[Callee],
    hops: usize,
) -> bool {
    if hops > MAX_BASES {
        return false;
    }
    let facts = cx.program.facts(file);
    let class = facts.class(class);
    class.bases.iter().any(|base| {
        let def = match cx.def(file, class.parent, base) {
            Def::Class(at, id) if (at, id.0) != (file, u32::MAX) => {
                return has_base(cx, at, id, bases, made, hops + 1);
            }
            Def::Value(at, index, rest) => {
                let maker = cx.program.binding(at, index).and_then(|b| b.value.as_call());
                maker.map_or(Def::Unknown, |maker| cx.program.call_result(at, maker, &rest))
            }
            def => def,
        };
        bases.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty))
            || made.iter().any(|callee| {
                let symbol = Symbol { module: callee.module.clone(), name: callee.name.clone() };
                let wanted: Vec<&str> =
                    std::iter::once("()").chain(callee.made.iter().flat_map(|m| m.split('.'))).collect();
                after(&symbol, &def).is_some_and(|rest| rest == wanted)
            })
    })
}

/// The text of a class with that of the app's classes it extends: fields may be declared there.
pub(super) fn with_bases(cx: &Cx<'_>, file: FileId, class: ClassId, hops: usize) -> String {
    let facts = cx.program.facts(file);
    let class = facts.class(class);
    let mut text = cx.slice(file, class.body);
    if hops < MAX_BASES {
        for base in &class.bases {
            if let Def::Class(at, id) = cx.def(file, class.parent, base) {
                text.push('\n');
                text += &with_bases(cx, at, id, hops + 1);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::class_fields;

    #[test]
    fn only_what_begins_a_line_of_a_class_is_a_field_of_it() {
        let body = "id: Mapped[int] = column(\n        primary_key=True)\n    email = Column(String, name='mail',\n                   unique=True)\n    posts = relationship(\n        name='posts')\n\n    def to_dict(self):\n        name = self.email\n        return {'name': name}\n";
        assert_eq!(class_fields(body), ["id", "email", "posts"]);
        assert_eq!(
            class_fields("id: int\n    at: int\nemail: str\n    full_name: str"),
            ["id", "at", "email", "full_name"]
        );
    }
}
