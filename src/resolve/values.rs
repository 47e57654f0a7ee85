//! What a value is: the function, class or outside member that an expression comes to.
//!
//! A value is followed through names, members, calls and what functions of the app return, as far as the code says it in
//! plain words. Where several values are possible, the answer counts only when they agree.

use super::program::{Def, Level, MAX_HOPS, Program};
use crate::syntax::{Binding, BindingKind, Call, CallId, Expr, FunctionId, Imported, Path, Root};
use crate::workspace::FileId;

/// Functions whose returned values are followed one inside the other: each may return several values.
const MAX_RETURNS: u32 = 4;

/// Names of the object that holds what is global.
const GLOBAL_OBJECTS: &[&str] = &["globalThis", "global"];

std::thread_local! {
    static ASKED: std::cell::RefCell<Vec<(FileId, usize)>> = const { std::cell::RefCell::new(Vec::new()) };
    static RETURNS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// A name whose assignments are being looked at; `None` when they are already.
struct Asked;

impl Asked {
    fn enter(name: (FileId, usize)) -> Option<Self> {
        ASKED.with_borrow_mut(|asked| {
            if asked.contains(&name) {
                return None;
            }
            asked.push(name);
            Some(Self)
        })
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        ASKED.with_borrow_mut(Vec::pop);
    }
}

impl Program {
    /// What a value expression is, as far as it can be followed.
    pub(super) fn value(
        &self,
        file: FileId,
        function: Option<FunctionId>,
        value: &Expr,
        path: &[String],
        hops: usize,
    ) -> Def {
        let Some(_level) = Level::enter() else { return Def::Unknown };
        if hops > MAX_HOPS {
            return Def::Unknown;
        }
        match value.unawaited() {
            Expr::Function(id) if path.is_empty() => Def::Function(file, *id),
            Expr::Path(p) => {
                let base = match &p.root {
                    Root::Name(name) => self.name(file, function, name, p.span.start),
                    Root::This(_) => self.this_member(file, function, &p.segments),
                    _ => Def::Unknown,
                };
                let segments: Vec<String> = if p.root.is_this() {
                    path.to_vec()
                } else {
                    p.segments.iter().chain(path).cloned().collect()
                };
                self.members(base, &segments, hops + 1)
            }
            Expr::Object(pairs) => {
                let Some((first, rest)) = path.split_first() else { return Def::Unknown };
                let found = pairs.iter().find(|(key, _)| key == first);
                found.map_or(Def::Unknown, |(_, v)| self.value(file, function, v, rest, hops + 1))
            }
            Expr::Call(id) => {
                if let Some(module) = required(self.facts(file).call(*id)) {
                    let base = self.imported_at(file, module, &Imported::Default, hops + 1);
                    return self.members(base, path, hops + 1);
                }
                let result = self.call_result(file, *id, path);
                // `const POST = withAuth(async () => {})` is the function inside when the wrapper is not ours.
                if result == Def::Unknown && path.is_empty() {
                    self.wrapped_function(file, *id)
                } else {
                    result
                }
            }
            Expr::Binary(left, "|", right) => {
                let part = |part| self.value(file, function, part, &[], hops + 1);
                composed(part(left), part(right), path)
            }
            Expr::Binary(kept, _, made) if self.is_on_global_object(file, function, kept) => {
                self.value(file, function, made, path, hops + 1)
            }
            Expr::Binary(left, _, right) | Expr::Either(left, right) => {
                let def = self.value(file, function, left, path, hops + 1);
                if def == Def::Unknown { self.value(file, function, right, path, hops + 1) } else { def }
            }
            _ => Def::Unknown,
        }
    }

    /// Whether a value is kept on the global object, under whatever name that has here: `globalThis.db`, `cache.db` after
    /// `const cache = globalThis as …`. In front of `?? make()` it is what was made that way before.
    pub fn is_on_global_object(&self, file: FileId, function: Option<FunctionId>, value: &Expr) -> bool {
        let is_global = |path: &Path| path.as_name().is_some_and(|name| GLOBAL_OBJECTS.contains(&name));
        let Some(path) = value.as_path().filter(|path| !path.segments.is_empty()) else { return false };
        let Root::Name(name) = &path.root else { return false };
        match self.name(file, function, name, path.span.start) {
            Def::Value(at, index, members) if members.is_empty() => {
                let binding = self.binding(at, index);
                binding.is_some_and(|b| b.value.as_path().is_some_and(is_global))
            }
            Def::Unknown => GLOBAL_OBJECTS.contains(&name.as_str()),
            _ => false,
        }
    }

    /// The function given to a wrapper call.
    pub fn wrapped_function(&self, file: FileId, call: CallId) -> Def {
        let facts = self.facts(file);
        let call = facts.call(call);
        for arg in &call.args {
            match arg {
                Expr::Function(id) => return Def::Function(file, *id),
                Expr::Call(inner) => {
                    let def = self.wrapped_function(file, *inner);
                    if def != Def::Unknown {
                        return def;
                    }
                }
                _ => {}
            }
        }
        Def::Unknown
    }

    /// A member of the value a call gives: an instance of a class, or what a function of the app returns when it is
    /// plain to see.
    pub fn call_result(&self, file: FileId, call: CallId, path: &[String]) -> Def {
        let Some(_level) = Level::enter() else { return Def::Unknown };
        let facts = self.facts(file);
        let c = facts.call(call);
        let callee = self.resolve_path(file, c.function, &c.callee);
        match callee {
            Def::Class(class_file, class) => match path.split_first() {
                Some((first, rest)) => self.members(self.class_member(class_file, class, first), rest, 1),
                None => Def::Class(class_file, class),
            },
            Def::Outside(module, mut members) => {
                members.push("()".to_owned());
                members.extend(path.iter().cloned());
                Def::Outside(module, members)
            }
            Def::Function(f, id) => self.returned(f, id, path),
            _ => Def::Unknown,
        }
    }

    /// What a function of the app returns: followed only when every `return` that can be told gives the same answer, or
    /// answers of one family of packages (a factory that picks one of several models of a vendor).
    pub(super) fn returned(&self, file: FileId, id: FunctionId, path: &[String]) -> Def {
        let depth = RETURNS.get();
        if depth >= MAX_RETURNS {
            return Def::Unknown;
        }
        RETURNS.set(depth + 1);
        let def = self.agreed_return(file, id, path);
        RETURNS.set(depth);
        def
    }

    fn agreed_return(&self, file: FileId, id: FunctionId, path: &[String]) -> Def {
        let facts = self.facts(file);
        let mut found = Def::Unknown;
        for (_, value) in facts.returns.iter().filter(|(function, _)| *function == id) {
            let def = match value.unawaited() {
                Expr::Call(call) => self.call_result(file, *call, path),
                Expr::Path(p) => {
                    let mut longer = p.clone();
                    longer.segments.extend(path.iter().cloned());
                    match self.resolve_path(file, Some(id), &longer) {
                        def @ (Def::Class(..) | Def::Outside(..)) => def,
                        // `return None` and what was handed in say nothing about the other answers.
                        _ => continue,
                    }
                }
                either @ (Expr::Binary(..) | Expr::Either(..)) => {
                    match self.value(file, Some(id), either, path, 1) {
                        Def::Unknown => continue,
                        def => def,
                    }
                }
                _ => continue,
            };
            if def == Def::Unknown || (found != Def::Unknown && found != def && !same_family(&found, &def)) {
                return Def::Unknown;
            }
            if found == Def::Unknown {
                found = def;
            }
        }
        found
    }

    /// What a name declared without a telling value is given elsewhere: `let client = null` with `client = new Client()`
    /// in the function that first needs it. Several assignments must agree.
    pub(super) fn assigned(&self, file: FileId, index: usize, path: &[String]) -> Def {
        let Some(_level) = Level::enter() else { return Def::Unknown };
        // `text = text.trim()` asks for itself, once for each such line and each line that asks.
        let Some(_asked) = Asked::enter((file, index)) else { return Def::Unknown };
        let facts = self.facts(file);
        let Some(declared) = facts.bindings.get(index) else { return Def::Unknown };
        let Some(name) = declared.names.iter().find(|n| n.path.is_empty()).map(|n| n.local.as_str()) else {
            return Def::Unknown;
        };
        let mut found = Def::Unknown;
        for (at, given) in facts.bindings.iter().enumerate() {
            let names_it = given.names.iter().any(|n| n.path.is_empty() && n.local == name);
            if at == index || !names_it || !self.is_outer(file, declared, given, name) {
                continue;
            }
            let def = self.value(file, given.function, &given.value, path, 1);
            if found == Def::Unknown {
                found = def;
            } else if def != Def::Unknown && def != found && !same_family(&found, &def) {
                return Def::Unknown;
            }
        }
        found
    }

    /// Whether an assignment gives a value to a name that was declared further out.
    fn is_outer(&self, file: FileId, declared: &Binding, given: &Binding, name: &str) -> bool {
        if given.kind == BindingKind::Assigned {
            return declared.scope.contains(given.statement);
        }
        let (None, None, Some(function)) = (declared.function, declared.class, given.function) else {
            return false;
        };
        // Python says so in words.
        let body = self.facts(file).function(function).body;
        self.workspace().text(file).is_ok_and(|text| {
            let lines =
                text.slice(body.range()).lines().filter_map(|l| l.trim_start().strip_prefix("global "));
            lines.into_iter().any(|names| names.split(',').any(|n| n.trim() == name))
        })
    }

    /// The same name bound several times in one function (`if … : model = A() else: model = B()`) to values of one family
    /// of packages is the first of them; otherwise what the last binding gave stands.
    pub(super) fn first_of_family(&self, file: FileId, index: usize, path: &[String], last: Def) -> Def {
        let facts = self.facts(file);
        let Some(binding) = facts.bindings.get(index) else { return last };
        let (Def::Outside(..), Some(name)) = (&last, binding.names.first().filter(|n| n.path.is_empty()))
        else {
            return last;
        };
        let first = facts.bindings.iter().position(|b| {
            b.function == binding.function && b.class == binding.class && b.names.first() == Some(name)
        });
        let Some(first) = first.filter(|first| *first < index) else { return last };
        let Some(_level) = Level::enter() else { return last };
        let def = self.value(file, binding.function, &facts.bindings[first].value, path, 1);
        if same_family(&def, &last) { def } else { last }
    }
}

/// The module of `require("m")`, which a barrel of CommonJS modules exports directly.
fn required(call: &Call) -> Option<&str> {
    let is_require = call.callee.as_name() == Some("require");
    call.args.first().and_then(Expr::as_str).filter(|_| is_require)
}

/// Values made by the same call chain of packages that share their first name (`@scope/a` and `@scope/b`, `lib_a` and
/// `lib_b`), with the same members after the last call.
fn same_family(a: &Def, b: &Def) -> bool {
    let (Def::Outside(a, of_a), Def::Outside(b, of_b)) = (a, b) else { return false };
    let family = |module: &str| {
        let module = module.trim_start_matches('@');
        module.split(['/', '.', '_', '-']).next().unwrap_or(module).to_owned()
    };
    let tail = |members: &[String]| {
        members.iter().rposition(|m| m == "()").map(|at| members[at..].to_vec()).unwrap_or_default()
    };
    family(a) == family(b) && !tail(of_a).is_empty() && tail(of_a) == tail(of_b)
}

/// `prompt | model`: the chain keeps what makes each part, so that it can be told what running it means.
fn composed(left: Def, right: Def, path: &[String]) -> Def {
    let (module, before, after) = match (left, right) {
        (Def::Outside(module, before), Def::Outside(_, after)) => (module, before, after),
        (Def::Outside(module, before), _) => (module, before, Vec::new()),
        (_, Def::Outside(module, after)) => (module, Vec::new(), after),
        _ => return Def::Unknown,
    };
    let members = before.into_iter().chain(["|".to_owned()]).chain(after).chain(path.iter().cloned());
    Def::Outside(module, members.collect())
}
