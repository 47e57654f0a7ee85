//! Records that are constructed first and stored later: `new User(…)` with `.save()`, `session.add(User(…))`.

use super::{Insert, Search, strip};
use crate::catalog::{CreateForm, Gives};
use crate::resolve::Def;
use crate::sites::signup::models::Certainty;
use crate::sites::signup::value::{Named, named};
use crate::syntax::{Call, CallId, Expr, Path, Root, Span};

impl<'a> Search<'_, 'a> {
    /// The construction of the model that a name is bound to, or that a chain starts with.
    fn construction(&self, id: CallId, makers: &[String]) -> Option<(usize, Certainty)> {
        let call = self.facts.call(id);
        if call.callee.root.is_this()
            && let [member] = call.callee.segments.as_slice()
            && makers.contains(member)
        {
            let class = self.facts.enclosing(call.function).find_map(|f| self.facts.function(f).class)?;
            let name = &self.facts.class(class).name;
            return self
                .own
                .iter()
                .find(|i| name.starts_with(&self.models[**i].name))
                .map(|i| (*i, Certainty::Named));
        }
        if let Some(hit) = self.refers(call.function, &call.callee) {
            let plain = matches!(self.create.form, CreateForm::RecordMethod { plain: true, .. });
            return (call.is_new || plain || !self.is_ecmascript()).then_some(hit);
        }
        // `User.model_validate(…)`, `User.from_orm(…)`: a class method that makes one.
        let (method, before) = call.callee.segments.split_last()?;
        let maker = ["model_validate", "from_orm", "parse_obj", "build"].contains(&method.as_str())
            || method.starts_with("from_")
            || method.starts_with("create");
        let object =
            Path { root: call.callee.root.clone(), segments: before.to_vec(), span: call.callee.span };
        maker.then(|| self.refers(call.function, &object))?
    }

    fn is_ecmascript(&self) -> bool {
        self.cx.workspace().entry(self.file).language.is_some_and(crate::workspace::Language::is_ecmascript)
    }

    /// The name a construction is bound to at a use of it, with the construction.
    fn constructed(&self, call: &Call, path: &Path, makers: &[String]) -> Option<(usize, Certainty, CallId)> {
        let name = path.as_name()?;
        let Def::Value(file, index, rest) =
            self.cx.program.name(self.file, call.function, name, path.span.start)
        else {
            return None;
        };
        if file != self.file || !rest.is_empty() {
            return None;
        }
        let made = self.cx.program.binding(file, index)?.value.as_call()?;
        let (model, certainty) = self.construction(made, makers)?;
        Some((model, certainty, made))
    }

    fn written_at(&self, made: CallId) -> Vec<(String, Expr)> {
        let call = self.facts.call(made);
        let mut written = self.pairs(call.function, call.args.first());
        written.extend(call.keywords.iter().cloned());
        written
    }

    pub(super) fn record_method(
        &self,
        id: CallId,
        call: &Call,
        methods: &[String],
        makers: &[String],
    ) -> Option<Insert<'a>> {
        if let Root::Call(made) = call.callee.root
            && let [method] = call.callee.segments.as_slice()
            && methods.contains(method)
        {
            let (model, certainty) = self.construction(made, makers)?;
            let mut insert = self.insert(model, id, certainty, self.written_at(made));
            if insert.callback.is_none() {
                insert.named = named(self.facts, id, Gives::Record);
            }
            return Some(insert);
        }
        let record = strip(&call.callee, methods)?;
        let (model, certainty, made) = self.constructed(call, &record, makers)?;
        // The last one in the function: earlier ones are followed by code that may still fail.
        let later = self.facts.call_ids().any(|other| {
            let o = self.facts.call(other);
            o.span.start > call.span.start
                && o.function == call.function
                && strip(&o.callee, methods)
                    .is_some_and(|p| self.constructed(o, &p, makers).is_some_and(|(_, _, m)| m == made))
        });
        if later {
            return None;
        }
        let mut insert = self.insert(model, id, certainty, self.written_at(made));
        let bound = named(self.facts, id, Gives::Record);
        insert.named = match bound {
            Named::Record(_) if insert.callback.is_none() => bound,
            _ => Named::Record(record.dotted()),
        };
        Some(insert)
    }

    pub(super) fn session_method(
        &self,
        id: CallId,
        call: &Call,
        methods: &[String],
        (settle, keep): (&[String], &[String]),
    ) -> Option<Insert<'a>> {
        let session = strip(&call.callee, methods)?;
        let record = |value: &Expr| match value {
            Expr::Path(path) => {
                let (model, certainty, made) = self.constructed(call, path, &[])?;
                Some((model, certainty, made, Some(path.dotted())))
            }
            value => {
                let made = value.as_call()?;
                let (model, certainty) = self.construction(made, &[])?;
                Some((model, certainty, made, None))
            }
        };
        let (model, certainty, made, name) = match call.args.first()? {
            // `session.add_all([user, login])`: the user among others.
            Expr::List(items) => items.iter().find_map(record)?,
            value => record(value)?,
        };
        let mut insert = self.insert(model, id, certainty, self.written_at(made));
        let settled = self.settled(call, &session, settle, name.as_deref());
        let settled = settled.map(|settled| self.kept(call, &session, keep, settled).unwrap_or(settled));
        insert.named = match (&name, settled.is_some()) {
            (Some(name), true) => Named::Record(name.clone()),
            _ => Named::Nothing,
        };
        if let Some(last) = settled {
            insert.region.end = last.end;
            insert.statement = last;
        }
        Some(insert)
    }

    /// The statement that makes sure of what an earlier one gave an id, where it stands beside that: until then all may be
    /// taken back, and the database waits. A commit that is awaited forgets what is known of the record, so that nothing
    /// can be read off it without asking again.
    fn kept(&self, add: &Call, session: &Path, keep: &[String], settled: Span) -> Option<Span> {
        let text = self.cx.workspace().text(self.file).ok()?;
        let column = |span: Span| {
            let start = span.start as usize;
            start - text.line_start(text.line_of(start))
        };
        let is_kept = |call: &&Call| {
            call.function == add.function
                && strip(&call.callee, keep).is_some_and(|object| object.dotted() == session.dotted())
        };
        let mut keeps = self.facts.calls.iter().filter(is_kept);
        let first = keeps.find(|call| call.statement.start > add.span.start)?;
        let beside = first.statement.start > settled.start && column(first.statement) == column(settled);
        (beside && !first.awaited).then_some(first.statement)
    }

    /// The statement that gives the added record its id: the first commit (or flush) after it, and a refresh of the
    /// record that follows.
    fn settled(&self, add: &Call, session: &Path, settle: &[String], name: Option<&str>) -> Option<Span> {
        let mut last: Option<Span> = None;
        for other in &self.facts.calls {
            let Some(object) = strip(&other.callee, settle) else { continue };
            if other.function != add.function
                || other.span.start < add.span.end
                || object.dotted() != session.dotted()
            {
                continue;
            }
            let of_record = other
                .args
                .first()
                .is_some_and(|a| a.as_path().is_some_and(|p| Some(p.dotted().as_str()) == name));
            match last {
                None => last = Some(other.statement),
                Some(_) if of_record => last = Some(other.statement),
                Some(_)
                    if other.args.is_empty() && last.is_some_and(|l| other.statement.start < l.end + 40) =>
                {
                    last = Some(other.statement);
                }
                Some(_) => break,
            }
        }
        last
    }
}
