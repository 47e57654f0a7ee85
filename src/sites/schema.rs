//! Where the record of whoever pays is declared: the user, and the record a billing id already hangs on.
//!
//! Every record type of the app's data library is collected as a [`Model`]; two questions then choose among them: which
//! one is the user (by its name, and because others refer to it), and which one already carries an id of a payment
//! provider, because there the app has answered who pays. Both are selected; a person decides when they differ.

use crate::catalog::{Catalog, Entry, Kind, ModelShape, NamedBy, Symbol};
use crate::fingerprint::App;
use crate::resolve::{Def, Program};
use crate::syntax::{CallId, ClassId, Expr, Span};
use crate::workspace::{FileId, Language, SourceText};
use rayon::prelude::*;

use super::cx::{Cx, after, is_callee};
use super::owner::names_of;
use super::payer::{Paying, billing_column};
use super::{Detail, SELECT_FROM, Schema, Site, SiteKind};

/// A record type.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) file: FileId,
    pub(super) name: String,
    /// The name of the value that declares it, where it is one.
    pub(super) bound: Option<String>,
    /// Its table, where the declaration says it first.
    pub(super) table: Option<String>,
    pub(super) span: Span,
    pub(super) orm: String,
    /// Bytes that hold the columns, for what they are called.
    pub(super) columns: Span,
}

/// The declarations a customer id could be added to, best first.
pub fn schemas(cx: &Cx<'_>) -> Vec<Site> {
    let mut sites: Vec<Site> = cx.models().iter().filter_map(|m| site(cx, m)).collect();
    sites.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| (&a.file, a.line).cmp(&(&b.file, b.line))));
    // One user and one payer; further declarations of the same name are duplicates nobody migrates.
    let mut kept: Vec<(Role, Option<String>)> = Vec::new();
    for site in &mut sites {
        let role = role_of(site);
        let twice = kept.iter().any(|(r, name)| *r == role || *name == site.symbol);
        site.selected = site.score >= SELECT_FROM && !twice;
        if site.selected {
            kept.push((role, site.symbol.clone()));
        }
    }
    sites
}

/// Whether the record type of a site is the user, by its name.
pub fn is_user(site: &Site) -> bool {
    role_of(site) == Role::User
}

/// Whether the record type of a site is that of whoever pays.
pub fn is_payer(site: &Site, paying: Paying<'_>) -> bool {
    match paying {
        Paying::User => is_user(site),
        Paying::Organisation(organisation) => site.symbol.as_deref() == Some(organisation.name.as_str()),
        Paying::Unclear => false,
    }
}

/// Every record type of an app.
pub(super) fn declared(program: &Program, catalog: &Catalog, app: &App) -> Vec<Model> {
    let mut models: Vec<Model> = Vec::new();
    for entry in app.picked(catalog, Kind::Orm) {
        for shape in entry.orm.iter().flat_map(|o| &o.models) {
            models.extend(of_shape(program, app, entry, shape));
        }
    }
    models
}

/// Whether a record type is that of users, by its name.
pub(super) fn names_user(name: &str) -> bool {
    user_score(name) >= 0.9
}

/// What the code may call the users of an app: its own record types, and those that come with a library.
pub(super) fn user_names(cx: &Cx<'_>, models: &[Model]) -> Vec<String> {
    let mut users: Vec<String> = models.iter().filter(|m| names_user(&m.name)).flat_map(names_of).collect();
    let libraries = cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).flat_map(|o| &o.users);
    users.extend(libraries.filter(|s| !s.name.contains('(')).map(|s| s.name.clone()));
    users
}

/// Score of an organisation that does not pay so far: shown, not selected.
const ORGANISATION: f64 = 0.6;

/// Which of the two questions a record type answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    Payer,
}

fn role_of(site: &Site) -> Role {
    let named = user_score(site.symbol.as_deref().unwrap_or_default());
    if named < 0.7 { Role::Payer } else { Role::User }
}

/// How much a name says "user".
fn user_score(name: &str) -> f64 {
    let name = name.to_lowercase().replace('_', "");
    match name.as_str() {
        "user" | "users" => 1.0,
        "appuser" | "customuser" | "authuser" | "usermodel" | "dbuser" | "userentity" | "usertable"
        | "userschema" | "userdocument" | "appusers" | "baseuser" => 0.9,
        "profile" | "profiles" | "userprofile" | "userprofiles" => 0.75,
        "account" | "member" | "members" | "person" => 0.5,
        _ => 0.0,
    }
}

/// How much a record with such a column is who pays: a customer may also be somebody else's.
fn payer_score(name: &str) -> f64 {
    if name.to_lowercase().contains("customer") { 0.8 } else { 0.9 }
}

fn site(cx: &Cx<'_>, model: &Model) -> Option<Site> {
    let (program, catalog, app) = (cx.program, cx.catalog, cx.app);
    let ws = program.workspace();
    let entry = ws.entry(model.file);
    let text = ws.text(model.file).ok()?;
    let user = user_score(&model.name);
    let payment =
        billing_column(catalog, &model.name, text.slice(model.columns.range())).map(|(name, _)| name);
    let payers = cx.payers();
    let organisation = payers.organisations.iter().find(|o| o.name == model.name && o.record.is_some());
    let pays = matches!(payers.paying(), Paying::Organisation(o) if o.name == model.name);
    let shared = organisation.map_or(0.0, |o| if pays || o.billed { 0.9 } else { ORGANISATION });
    let mut score = user.max(payment.map_or(0.0, |_| payer_score(&model.name))).max(shared);
    if score < 0.5 {
        return None;
    }
    let line = text.line_of(model.span.start as usize);
    let mut evidence = vec![format!("declares `{}` (line {line})", model.name)];
    if let Some(column) = payment {
        evidence.push(format!("already holds an id of a payment provider (`{column}`)"));
        score = (score + 0.05).min(1.0);
    }
    // What an organisation's own declaration says stands above.
    let more = organisation.iter().flat_map(|o| o.evidence.iter().skip(1));
    let more: Vec<String> = more.map(|e| format!("{} ({}:{})", e.why, e.file, e.line)).collect();
    evidence.extend(more.into_iter().filter(|why| payment.is_none() || !why.starts_with("already holds")));
    if user < 0.7 && app.auth.is_empty() {
        score -= 0.3;
        evidence.push("but nobody signs in to this app".to_owned());
    }
    let own = crate::fingerprint::below(app.dir(), &entry.path);
    let stale = ["/old/", "/legacy/", "/backup/", "/generated/", "/deprecated/"]
        .iter()
        .any(|p| entry.path.contains(p));
    if stale {
        score -= 0.3;
        evidence.push("stands among old or generated code".to_owned());
    } else if !own {
        score -= 0.02;
    }
    Some(Site {
        id: format!("{}:{}#{}:0", SiteKind::Schema.as_str(), entry.path, model.name),
        kind: SiteKind::Schema,
        app: app.root.clone(),
        file: entry.path.clone(),
        line,
        end_line: text.line_of((model.span.end as usize).saturating_sub(1)),
        symbol: Some(model.name.clone()),
        score,
        selected: false,
        detail: Detail::Schema(Schema {
            orm: catalog.get(&model.orm).map_or_else(|| model.orm.clone(), |e| e.value().to_owned()),
            model: model.name.clone(),
            migrations: migrations(program, catalog, app, model),
        }),
        evidence,
        span: model.span,
    })
}

/// The migrations folder: the entry's candidates beside the declaration, in the folders above it, in the app.
fn migrations(program: &Program, catalog: &Catalog, app: &App, model: &Model) -> Option<String> {
    let ws = program.workspace();
    let candidates = &catalog.get(&model.orm)?.orm.as_ref()?.migrations;
    let start = ws.entry(model.file).dir().to_owned();
    let above = std::iter::successors((!start.is_empty()).then_some(start), |d| {
        d.rsplit_once('/').map(|(up, _)| up.to_owned()).filter(|up| !up.is_empty())
    });
    let dirs: Vec<String> = above.chain([app.dir().to_owned(), String::new()]).collect();
    let join = |dir: &str, c: &str| if dir.is_empty() { c.to_owned() } else { format!("{dir}/{c}") };
    dirs.iter().flat_map(|d| candidates.iter().map(move |c| join(d, c))).find(|path| ws.has_dir(path))
}

fn files<'a>(
    program: &'a Program,
    app: &'a App,
) -> impl Iterator<Item = (FileId, &'a str, Option<Language>)> {
    let ws = program.workspace();
    ws.files()
        .filter(|(_, f)| app.owns(&f.path) && !f.is_aside())
        .map(|(id, f)| (id, f.path.as_str(), f.language))
}

/// Code files of the app with one of the entry's literals and a word, read side by side.
fn code(program: &Program, app: &App, entry: &Entry, word: &str) -> Vec<FileId> {
    let code: Vec<FileId> = files(program, app)
        .filter(|(_, _, l)| l.is_some_and(Language::is_code))
        .map(|(id, _, _)| id)
        .collect();
    let holds = |text: &str| text.contains(word) && entry.literals.iter().any(|l| text.contains(l.as_str()));
    let has = |id: &FileId| program.workspace().text(*id).is_ok_and(|text| holds(text.as_str()));
    let found: Vec<FileId> = code.into_par_iter().filter(has).collect();
    program.read(&found);
    found
}

fn of_shape(program: &Program, app: &App, entry: &Entry, shape: &ModelShape) -> Vec<Model> {
    let model = |file, name: String, span, columns| Model {
        file,
        name,
        bound: None,
        table: None,
        span,
        orm: entry.id.clone(),
        columns,
    };
    let mut found = Vec::new();
    match shape {
        ModelShape::Block { files: globs, keyword } => {
            for (id, path, _) in files(program, app) {
                if globs.match_path(path)
                    && let Ok(text) = program.workspace().text(id)
                {
                    found.extend(blocks(&text, keyword).into_iter().map(|(n, s)| model(id, n, s, s)));
                }
            }
        }
        ModelShape::Call { symbols, table, columns, named_by } => {
            for id in code(program, app, entry, "") {
                let facts = program.facts(id);
                for call in &facts.calls {
                    let Some(last) = call.callee.last() else { continue };
                    // Resolving is the dear part; a table maker of the app's own may have any name.
                    if table.is_none() && !symbols.iter().any(|s| s.name.ends_with(last)) {
                        continue;
                    }
                    if table.is_some() && !matches!(call.args.first(), Some(Expr::Str(_))) {
                        continue;
                    }
                    let def = maker(program, program.resolve_path(id, call.function, &call.callee));
                    if !symbols
                        .iter()
                        .any(|s| after(s, &def).is_some_and(|rest| rest.iter().all(|m| m == "()")))
                    {
                        continue;
                    }
                    let binding = facts.bindings.iter().find(|b| b.statement.contains(call.span));
                    let bound = binding.and_then(|b| Some(b.names.first()?.local.clone()));
                    let name = match named_by {
                        Some(by) => named(program, id, by, bound.as_deref()).or_else(|| bound.clone()),
                        None => {
                            bound.clone().or_else(|| call.args.get((*table)?)?.as_str().map(str::to_owned))
                        }
                    };
                    let _ = columns;
                    let span = binding.map_or(call.statement, |b| b.statement);
                    let table = table.and_then(|at| call.args.get(at)?.as_str().map(str::to_owned));
                    found.extend(name.map(|n| Model { bound, table, ..model(id, n, span, call.args_span) }));
                }
            }
        }
        ModelShape::Class { bases, made_bases, decorators, keyword } => {
            for id in code(program, app, entry, "class ") {
                let facts = program.facts(id);
                for (index, class) in facts.classes.iter().enumerate() {
                    let decorated = class.decorators.iter().any(|d| {
                        let def = program.resolve_path(id, None, &d.path);
                        decorators.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty))
                    });
                    let derived = || derives(program, id, ClassId(index as u32), bases, made_bases, 0);
                    let marked = keyword.as_ref().is_none_or(|k| {
                        class.keywords.iter().any(|(name, value)| name == k && *value == Expr::Bool(true))
                    });
                    if !class.name.is_empty() && marked && (decorated || derived()) {
                        found.push(model(id, class.name.clone(), class.span, class.body));
                    }
                }
            }
        }
        ModelShape::Define { callees, name, columns } => {
            for id in code(program, app, entry, "define") {
                let facts = program.facts(id);
                for call in facts.calls.iter().filter(|c| c.callee.last() == Some("define")) {
                    let def = program.resolve_path(id, call.function, &call.callee);
                    // A client handed in as a parameter cannot be followed; two telling arguments are enough.
                    let known = callees.iter().any(|c| is_callee(c, &def))
                        || matches!(def, Def::Param(..) | Def::Unknown);
                    let named = call.args.get(*name).and_then(Expr::as_str);
                    if let (true, Some(named), Some(Expr::Object(_))) =
                        (known, named, call.args.get(*columns))
                    {
                        found.push(model(id, named.to_owned(), call.statement, call.args_span));
                    }
                }
            }
        }
        ModelShape::Sql { files: globs } => {
            for (id, path, _) in files(program, app) {
                if globs.match_path(path)
                    && let Ok(text) = program.workspace().text(id)
                {
                    found.extend(tables(text.as_str()).into_iter().map(|(n, s)| model(id, n, s, s)));
                }
            }
        }
    }
    found
}

/// What makes a table: a maker that was given a function (`pgTableCreator((name) => …)`) resolves to that function.
fn maker(program: &Program, def: Def) -> Def {
    let Def::Function(file, function) = def else { return def };
    let facts = program.facts(file);
    let Some((call, _)) = facts.function(function).argument_of else { return def };
    let call = facts.call(call);
    program.resolve_path(file, call.function, &call.callee)
}

/// The name another call gives a schema: `model("User", userSchema)`.
fn named(program: &Program, file: FileId, by: &NamedBy, schema: Option<&str>) -> Option<String> {
    let facts = program.facts(file);
    facts.calls.iter().find_map(|call| {
        let last = call.callee.last()?;
        if !by.symbols.iter().any(|s| s.name.ends_with(last)) {
            return None;
        }
        let given = call.args.get(by.schema)?.as_path()?.as_name()?;
        (Some(given) == schema).then(|| call.args.get(by.name)?.as_str().map(str::to_owned))?
    })
}

/// Whether a class derives from one of the bases, through the app's own classes.
fn derives(
    program: &Program,
    file: FileId,
    class: ClassId,
    bases: &[Symbol],
    made: &[crate::catalog::Callee],
    hops: usize,
) -> bool {
    let facts = program.facts(file);
    hops < 6
        && facts.class(class).bases.iter().any(|base| match program.resolve_path(file, None, base) {
            Def::Class(f, c) => (f, c) != (file, class) && derives(program, f, c, bases, made, hops + 1),
            def @ Def::Outside(..) => {
                let by_name = bases.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty));
                by_name || made.iter().any(|c| is_made(c, &def))
            }
            Def::Value(f, binding, _) => program
                .binding(f, binding)
                .and_then(|b| b.value.as_call())
                .is_some_and(|call| is_made_by(program, f, call, made)),
            _ => false,
        })
}

/// A base that is the value of a call itself (`declarative_base()`) or a member of it (`db.Model`).
fn is_made(callee: &crate::catalog::Callee, def: &Def) -> bool {
    let symbol = Symbol { module: callee.module.clone(), name: callee.name.clone() };
    match &callee.made {
        Some(_) => is_callee(callee, def),
        None => after(&symbol, def).is_some_and(|rest| rest == ["()"]),
    }
}

fn is_made_by(program: &Program, file: FileId, call: CallId, made: &[crate::catalog::Callee]) -> bool {
    let facts = program.facts(file);
    let call = facts.call(call);
    let def = program.resolve_path(file, call.function, &call.callee);
    made.iter().any(|c| c.made.is_none() && is_callee(c, &def))
}

/// Blocks `keyword Name { … }`, closed by a brace at the start of a line.
fn blocks(text: &SourceText, keyword: &str) -> Vec<(String, Span)> {
    let body = text.as_str();
    let mut found = Vec::new();
    let mut offset = 0;
    let mut open: Option<(String, usize)> = None;
    for line in body.split_inclusive('\n') {
        let trimmed = line.trim_end();
        if let Some(rest) = trimmed.strip_prefix(keyword).and_then(|r| r.strip_prefix(' '))
            && let Some(name) = rest.trim().strip_suffix('{')
        {
            open = Some((name.trim().to_owned(), offset));
        } else if trimmed == "}"
            && let Some((name, start)) = open.take()
        {
            found.push((name, Span::from(start..offset + trimmed.len())));
        }
        offset += line.len();
    }
    found
}

/// `CREATE TABLE [IF NOT EXISTS] name ( … )` statements.
fn tables(text: &str) -> Vec<(String, Span)> {
    let upper = text.to_ascii_uppercase();
    let mut found = Vec::new();
    for (at, head) in upper.match_indices("CREATE TABLE") {
        let Some(rest) = text.get(at + head.len()..) else { continue };
        let Some((name, columns)) = rest.split_once('(') else { continue };
        let name = name.split_whitespace().last().unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or(name).trim_matches(['"', '`', '\'', '[', ']']);
        let Some(length) = closing(columns) else { continue };
        let end = at + head.len() + (rest.len() - columns.len()) + length;
        if !name.is_empty() {
            found.push((name.to_owned(), Span::from(at..end)));
        }
    }
    found
}

/// Bytes up to and with the bracket that closes an open one.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests;
