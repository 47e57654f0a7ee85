//! Calls that make a user record, whatever the ORM.
//!
//! In: the user models and the create forms of the ORM entries. Out: one [`Insert`] a record that comes to exist, with
//! the statement after which it has its id. Only files that hold a form's method and the model's name are parsed.

mod records;
mod stores;

use super::models::{At, Certainty, Model, Whose};
use super::spelled::{self, Form};
use super::value::{Named, named};
use crate::catalog::{Create, CreateForm, Entry, Gives, Kind};
use crate::resolve::Def;
use crate::sites::cx::{Cx, after};
use crate::syntax::{Call, CallId, Expr, Facts, FunctionId, Path, Root, Span};
use crate::workspace::FileId;

/// A record that comes to exist.
pub(super) struct Insert<'a> {
    /// Index in the models.
    pub(super) model: usize,
    pub(super) entry: &'a Entry,
    pub(super) file: FileId,
    pub(super) function: Option<FunctionId>,
    /// The call that makes it.
    pub(super) call: CallId,
    /// From the first statement concerned to the last.
    pub(super) region: Span,
    /// The statement after which it exists.
    pub(super) statement: Span,
    pub(super) named: Named,
    /// What it is made from, by member.
    pub(super) written: Vec<(String, Expr)>,
    pub(super) certainty: Certainty,
    /// It may have existed before.
    pub(super) upsert: bool,
    /// Several at once.
    pub(super) many: bool,
    /// The body of the function that is called when it exists (`.then(…)`, a callback).
    pub(super) callback: Option<Span>,
    /// The members that the call gives, where it does not give all of them.
    pub(super) only: Option<Vec<String>>,
    /// The member of the answer that says what went wrong, where nothing is thrown.
    pub(super) failed_by: Option<String>,
    /// No record may come to exist although nothing went wrong.
    pub(super) may_skip: bool,
}

/// A call that the library hands on to a function of the app: `get_user_model().objects.create_user(…)` with a manager
/// of the app's own.
pub(super) struct Indirect {
    pub(super) at: FileId,
    pub(super) call: CallId,
    pub(super) file: FileId,
    pub(super) function: FunctionId,
}

/// Takes from the inserts those that are calls of a function which holds an insert itself.
pub(super) fn indirect(cx: &Cx<'_>, models: &[Model<'_>], inserts: &mut Vec<Insert<'_>>) -> Vec<Indirect> {
    let mut found = Vec::new();
    inserts.retain(|insert| {
        if models[insert.model].at != At::Library {
            return true;
        }
        let facts = cx.program.facts(insert.file);
        let Some((method, before)) = facts.call(insert.call).callee.segments.split_last() else {
            return true;
        };
        let Some(manager) = before.last() else { return true };
        let handed_to = models.iter().find_map(|m| match m.at {
            At::Class(file, class) => match cx.program.class_member(file, class, manager) {
                Def::Class(file, class) => match cx.program.class_member(file, class, method) {
                    Def::Function(file, function) => Some((file, function)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
        if let Some((file, function)) = handed_to {
            found.push(Indirect { at: insert.file, call: insert.call, file, function });
        }
        handed_to.is_none()
    });
    found
}

/// Every insert of a user in the app, in file order.
pub(super) fn inserts<'a>(cx: &Cx<'a>, models: &[Model<'a>]) -> Vec<Insert<'a>> {
    let mut forms: Vec<Form<'a>> = Vec::new();
    for entry in cx.entries(Kind::Orm) {
        for create in entry.orm.iter().flat_map(|o| &o.creates) {
            let is_own = |i: &usize| models[*i].entry.id == entry.id || by_table(&create.form);
            forms.push(Form { entry, create, own: (0..models.len()).filter(is_own).collect() });
        }
    }
    let files = spelled::files(cx, models, &forms);
    cx.program.read(&files.iter().map(|(file, _)| *file).collect::<Vec<_>>());
    let mut found: Vec<Insert<'a>> = Vec::new();
    for (index, Form { entry, create, own }) in forms.iter().enumerate() {
        for (file, _) in files.iter().filter(|(_, held)| held.contains(&index)) {
            let search =
                Search { cx, models, own, entry, create, file: *file, facts: cx.program.facts(*file) };
            search.run(&mut found);
        }
    }
    found.sort_by_key(|i| (i.file, i.statement.start, i.region.start));
    found.dedup_by(|b, a| a.file == b.file && (a.call == b.call || a.statement == b.statement));
    found
}

fn by_table(form: &CreateForm) -> bool {
    matches!(form, CreateForm::ClientTable { .. } | CreateForm::Sql)
}

struct Search<'c, 'a> {
    cx: &'c Cx<'a>,
    models: &'c [Model<'a>],
    own: &'c [usize],
    entry: &'a Entry,
    create: &'a Create,
    file: FileId,
    facts: &'c Facts,
}

impl<'a> Search<'_, 'a> {
    fn run(&self, found: &mut Vec<Insert<'a>>) {
        for id in self.facts.call_ids() {
            let call = self.facts.call(id);
            let insert = match &self.create.form {
                CreateForm::ClientModel { methods, clients } => self.client_model(id, call, methods, clients),
                CreateForm::ClientArgument { method, values, .. } => {
                    self.client_argument(id, call, method, values)
                }
                CreateForm::ClientTable { table, methods, .. } => self.client_table(id, call, table, methods),
                CreateForm::ModelMethod { methods, with } => {
                    self.model_method(id, call, methods, with.as_deref())
                }
                CreateForm::RecordMethod { methods, makers, .. } => {
                    self.record_method(id, call, methods, makers)
                }
                CreateForm::SessionMethod { methods, settle, keep } => {
                    self.session_method(id, call, methods, (settle, keep))
                }
                CreateForm::Repository { methods } => self.repository(id, call, methods),
                CreateForm::Sql => self.sql(id, call),
            };
            found.extend(insert);
        }
    }

    /// The insert whose value is that of the outermost call of a chain.
    fn insert(
        &self,
        model: usize,
        call: CallId,
        certainty: Certainty,
        written: Vec<(String, Expr)>,
    ) -> Insert<'a> {
        let outer = self.chain(call).last().copied().unwrap_or(call);
        let gives = self.gives(call);
        let statement = self.facts.call(outer).statement;
        let method = self.facts.call(call).callee.last().unwrap_or_default().to_lowercase();
        let (named, callback) = match self.callback(call) {
            Some((name, body)) => (name.map_or(Named::Nothing, Named::Record), Some(body)),
            None => (named(self.facts, outer, gives), None),
        };
        Insert {
            model,
            entry: self.entry,
            file: self.file,
            function: self.facts.call(call).function,
            call: outer,
            region: statement,
            statement,
            named,
            callback,
            written,
            certainty,
            only: self.only(call),
            failed_by: self.create.failed_by.clone(),
            may_skip: {
                let text = self.cx.slice(self.file, statement);
                self.create.may_skip.iter().any(|mark| text.contains(mark.as_str()))
            },
            upsert: ["upsert", "orcreate", "or_create", "orupdate", "findone"]
                .iter()
                .any(|w| method.contains(w)),
            many: ["many", "bulk"].iter().any(|w| method.contains(w)),
        }
    }

    /// The members that a call is told to give: `.returning({ id: users.id })`, `select: { id: true }`, `.select("id")`.
    fn only(&self, call: CallId) -> Option<Vec<String>> {
        let lists = &self.create.lists;
        let named = |value: &Expr| match value {
            Expr::Object(pairs) => Some(pairs.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>()),
            Expr::Str(text) => Some(text.split(',').map(|name| name.trim().to_owned()).collect()),
            Expr::List(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let chain = self.chain(call);
        let by_method = chain
            .iter()
            .map(|id| self.facts.call(*id))
            .filter(|c| c.callee.last().is_some_and(|method| lists.iter().any(|l| l == method)));
        let by_option = || lists.iter().find_map(|key| self.facts.call(call).option(key));
        let listed =
            by_method.filter_map(|c| c.args.first()).next_back().or_else(by_option).and_then(named)?;
        (!listed.iter().any(|name| name.contains('*'))).then_some(listed)
    }

    /// The call and those chained onto it, in order.
    fn chain(&self, call: CallId) -> Vec<CallId> {
        let mut chain = vec![call];
        let mut last = call;
        while let Some(next) =
            self.facts.call_ids().find(|id| self.facts.call(*id).callee.root == Root::Call(last))
        {
            chain.push(next);
            last = next;
            if chain.len() > 16 {
                break;
            }
        }
        chain
    }

    /// The function that is handed the record, with the name it has there: `.then((user) => …)`, `(err, user) => …`.
    fn callback(&self, call: CallId) -> Option<(Option<String>, Span)> {
        let of = |id: CallId, arg: &Expr, position: usize| {
            let Expr::Function(f) = arg else { return None };
            let f = self.facts.function(*f);
            let waits = self.facts.call(id).awaited || f.expression_body;
            let name = f.params.get(position).and_then(|p| p.name()).map(str::to_owned);
            (!waits).then_some((name, f.body))
        };
        let then = self.chain(call).into_iter().find(|id| self.facts.call(*id).callee.last() == Some("then"));
        match then {
            Some(then) => of(then, self.facts.call(then).args.first()?, 0),
            None => of(call, self.facts.call(call).args.last()?, 1),
        }
    }

    /// What the chain is worth: `.returning()` makes a list of nothing, `.single()` a record of a list.
    fn gives(&self, call: CallId) -> Gives {
        let create = self.create;
        let chain = self.chain(call);
        let has = |name: &str| {
            chain.iter().any(|id| self.facts.call(*id).callee.segments.iter().any(|s| s == name))
        };
        let returning = create.returning.as_deref().and_then(|r| r.strip_prefix('.')).map(|r| {
            let word: String = r.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            word
        });
        let returns = returning.is_none_or(|word| {
            // `.returning` also stands for `.returningAll`, and the other way round.
            chain.iter().any(|id| {
                self.facts
                    .call(*id)
                    .callee
                    .segments
                    .iter()
                    .any(|s| s.starts_with(&word) || word.starts_with(s) && s.len() > 5)
            })
        });
        let one = create.one.iter().any(|o| has(o));
        match create.gives {
            Gives::Nothing if returns && create.returning.is_some() => {
                if one {
                    Gives::Record
                } else {
                    Gives::List
                }
            }
            Gives::Data if !returns => Gives::Nothing,
            gives => gives,
        }
    }

    /// How much a name speaks for a record that is looked for.
    fn weight(&self, name: &str) -> Option<i32> {
        self.own.iter().filter_map(|i| self.models[*i].of.weight(name)).max()
    }

    fn refers(&self, function: Option<FunctionId>, path: &Path) -> Option<(usize, Certainty)> {
        let mut hits = self
            .own
            .iter()
            .filter_map(|i| Some((*i, self.models[*i].is(self.cx, self.file, function, path)?)));
        hits.next()
    }

    /// The members written by an object, keyword arguments, or a name bound to an object.
    fn pairs(&self, function: Option<FunctionId>, value: Option<&Expr>) -> Vec<(String, Expr)> {
        match value {
            Some(Expr::Object(pairs)) => pairs.clone(),
            Some(Expr::List(items)) => self.pairs(function, items.first()),
            Some(Expr::Path(path)) => match self.cx.program.origin(self.file, function, path) {
                Def::Value(file, index, rest) if rest.is_empty() => {
                    match self.cx.program.binding(file, index) {
                        Some(binding) => match &binding.value {
                            Expr::Object(pairs) => pairs.clone(),
                            _ => Vec::new(),
                        },
                        None => Vec::new(),
                    }
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn client_model(
        &self,
        id: CallId,
        call: &Call,
        methods: &[String],
        clients: &[crate::catalog::Symbol],
    ) -> Option<Insert<'a>> {
        let (method, before) = call.callee.segments.split_last()?;
        let (member, client) = before.split_last()?;
        if !methods.contains(method) {
            return None;
        }
        let model = *self.own.iter().find(|i| self.models[**i].is_member(member))?;
        let client =
            Path { root: call.callee.root.clone(), segments: client.to_vec(), span: call.callee.span };
        let certainty = match self.cx.def(self.file, call.function, &client) {
            def @ Def::Outside(..) => {
                let known = clients
                    .iter()
                    .any(|s| after(s, &def).is_some_and(|r| r.first().is_some_and(|m| m == "()")));
                // Hung on something of the framework's (`request.server.prisma`): its usual name has to do.
                let usual = client.last().is_some_and(|n| self.entry.literals.iter().any(|l| l == n));
                if known { Certainty::Followed } else { usual.then_some(Certainty::Named)? }
            }
            // A service class of the app's own on top of the client.
            Def::Class(at, class) => {
                let class = self.cx.program.facts(at).class(class);
                let extends = class.bases.iter().any(|base| {
                    let def = self.cx.def(at, class.parent, base);
                    clients.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty))
                });
                extends.then_some(Certainty::Followed)?
            }
            Def::Function(..) => return None,
            Def::Unknown | Def::Value(..) | Def::Param(..) | Def::Namespace(..) => Certainty::Named,
        };
        let options = call.args.first();
        let data = ["data", "create"].iter().find_map(|k| options?.property(k));
        Some(self.insert(model, id, certainty, self.pairs(call.function, data)))
    }

    fn client_argument(&self, id: CallId, call: &Call, method: &str, values: &str) -> Option<Insert<'a>> {
        if call.callee.segments.last().is_none_or(|m| m != method) {
            return None;
        }
        let Some(Expr::Path(path)) = call.args.first() else { return None };
        let (model, certainty) = self.refers(call.function, path)?;
        let chain = self.chain(id);
        let with = chain.iter().find(|c| self.facts.call(**c).callee.segments.iter().any(|s| s == values))?;
        let written = self.facts.call(*with).args.first();
        let many = matches!(written, Some(Expr::List(items)) if items.len() > 1);
        let mut insert = self.insert(model, id, certainty, self.pairs(call.function, written));
        insert.many |= many;
        Some(insert)
    }

    fn client_table(&self, id: CallId, call: &Call, table: &str, methods: &[String]) -> Option<Insert<'a>> {
        let named_by = if table.is_empty() {
            call.callee.segments.len() < 2
        } else {
            call.callee.segments.last().is_some_and(|m| m == table)
        };
        let name = call.args.first().and_then(Expr::as_str).filter(|_| named_by)?;
        let model = self.table_model(name)?;
        let chain = self.chain(id);
        let inserts = chain
            .iter()
            .copied()
            .find(|c| *c != id && self.facts.call(*c).callee.segments.iter().any(|s| methods.contains(s)))?;
        let values = chain.iter().map(|c| self.facts.call(*c)).find_map(|c| {
            let pairs = self.pairs(c.function, c.args.first());
            (!pairs.is_empty()).then_some(pairs)
        });
        let written = values.unwrap_or_default();
        let of = &self.models[model].of;
        let with_password = || written.iter().any(|(k, _)| k.to_lowercase().contains("password"));
        let is_one = of.weight(name) == Some(3) || (*of == Whose::Users && with_password());
        is_one.then(|| {
            let mut insert = self.insert(model, id, Certainty::Named, written);
            insert.upsert |= self.facts.call(inserts).callee.last() == Some("upsert");
            insert
        })
    }

    /// The model of a table, where one is known; tables need no declaration in the code.
    fn table_model(&self, name: &str) -> Option<usize> {
        let bare = name.rsplit('.').next().unwrap_or(name).trim_matches(['"', '`', '\'']);
        self.weight(bare)?;
        self.own
            .iter()
            .copied()
            .find(|i| self.models[*i].table.as_deref() == Some(bare))
            .or_else(|| self.own.iter().copied().find(|i| self.models[*i].name.eq_ignore_ascii_case(bare)))
            .or_else(|| self.own.first().copied())
    }

    fn model_method(
        &self,
        id: CallId,
        call: &Call,
        methods: &[String],
        with: Option<&str>,
    ) -> Option<Insert<'a>> {
        let object = strip(&call.callee, methods)?;
        if let Some(option) = with
            && !call.args.iter().any(|a| matches!(a.property(option), Some(Expr::Bool(true))))
        {
            return None;
        }
        let (model, certainty) = self.refers(call.function, &object)?;
        // A method of the app's own under that name: it holds the insert, or leads to it.
        if let Def::Function(..) = self.cx.callee(self.file, id) {
            return None;
        }
        let mut written = self.pairs(call.function, call.args.first());
        written.extend(call.keywords.iter().cloned());
        Some(self.insert(model, id, certainty, written))
    }
}

fn strip(callee: &Path, methods: &[String]) -> Option<Path> {
    methods.iter().find_map(|method| {
        let parts: Vec<&str> = method.split('.').collect();
        let kept = callee.segments.len().checked_sub(parts.len())?;
        let (before, last) = callee.segments.split_at(kept);
        (last.iter().map(String::as_str).eq(parts)).then(|| Path {
            root: callee.root.clone(),
            segments: before.to_vec(),
            span: callee.span,
        })
    })
}
