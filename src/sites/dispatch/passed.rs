//! What a call hands to the function it runs, now or later.

use super::{Along, along, event, known, task, task_names};
use crate::catalog::Dispatch;
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::handlers::argument_for;
use crate::syntax::{CallId, Expr, Facts, FunctionId, Param};
use crate::workspace::FileId;

/// What a call hands to the function it runs, now or later.
pub(in crate::sites) enum Passed<'f> {
    /// Its arguments from one on; the first parameter is not among them where it is the object itself.
    Arguments { facts: &'f Facts, call: CallId, from: usize, skip: usize },
    /// A list and a dictionary.
    Packed { list: Option<&'f Expr>, dict: Option<&'f Expr>, skip: usize },
    /// One value, which is a member of the first parameter, or the parameter itself.
    Payload { value: Option<&'f Expr>, member: Option<&'f str> },
}

/// What a call hands to a function that it calls or has run later.
pub(in crate::sites) fn passed<'f>(
    cx: &'f Cx<'_>,
    (file, call): (FileId, CallId),
    (to, callee): (FileId, FunctionId),
) -> Passed<'f> {
    let facts = cx.program.facts(file);
    let c = facts.call(call);
    let target = cx.program.facts(to).function(callee);
    let is_self = |p: &Param| p.name().is_some_and(|n| n == "self" || n == "cls");
    let skip = usize::from(target.params.first().is_some_and(is_self));
    let arguments = |from| Passed::Arguments { facts, call, from, skip };
    if cx.callee(file, call) == Def::Function(to, callee) {
        return arguments(0);
    }
    let packed = |from: usize| {
        let part = |name: &str, at: usize| {
            c.keywords.iter().find(|(k, _)| k == name).map(|(_, v)| v).or_else(|| c.args.get(at))
        };
        Passed::Packed { list: part("args", from), dict: part("kwargs", from.saturating_add(1)), skip }
    };
    match along(cx, (file, call), (to, callee)) {
        Some(Along::From(from)) => return arguments(from),
        Some(Along::Packed) => return packed(usize::MAX),
        None => {}
    }
    let Some(method) = c.callee.segments.last() else { return arguments(0) };
    for dispatch in known(cx) {
        match dispatch {
            Dispatch::Event { listeners, listens, starts, name, member, .. } => {
                if let Some(names) = event::heard(cx, to, callee, (listeners, listens, starts)) {
                    let value = event::payload(cx, (file, call), (&names, name));
                    return Passed::Payload { value, member: Some(member) };
                }
            }
            Dispatch::Task { .. } => {
                if let Some(names) = task_names(dispatch)
                    && task::maker(cx, to, callee, names).is_some()
                {
                    return Passed::Payload { value: task::payload(cx, (file, call), names), member: None };
                }
            }
            _ => {}
        }
    }
    for dispatch in known(cx) {
        match dispatch {
            Dispatch::Method { packed: methods, .. } if methods.contains(method) => return packed(0),
            Dispatch::Named { methods, .. } if methods.contains(method) => return packed(1),
            Dispatch::Queue { methods, payload: Some(at), member, .. } if methods.contains(method) => {
                return Passed::Payload { value: c.args.get(*at), member: member.as_deref() };
            }
            _ => {}
        }
    }
    arguments(0)
}

impl<'f> Passed<'f> {
    /// What is handed over for a parameter.
    fn of(&self, position: usize, name: Option<&str>) -> Option<&'f Expr> {
        match self {
            Self::Arguments { facts, call, from, skip } => {
                argument_for(facts, *call, position.checked_sub(*skip)? + from, name)
            }
            Self::Packed { list, dict, skip } => {
                let by_name = || dict.as_ref().and_then(|dict| dict.property(name?));
                let listed = || match list {
                    Some(Expr::List(items)) => items.get(position.checked_sub(*skip)?),
                    _ => None,
                };
                by_name().or_else(listed)
            }
            Self::Payload { value, member: None } if position == 0 => *value,
            Self::Payload { .. } => None,
        }
    }

    /// What is handed over for a parameter, or for a part of it.
    pub(in crate::sites) fn at(
        &self,
        position: usize,
        name: Option<&str>,
        path: &[String],
    ) -> Option<&'f Expr> {
        self.reach(position, name, path).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
    }

    /// The value on the way to a part of a parameter, as far as it is written, with the rest of the way.
    pub(in crate::sites) fn reach<'p>(
        &self,
        position: usize,
        name: Option<&str>,
        path: &'p [String],
    ) -> Option<(&'f Expr, &'p [String])> {
        let (mut value, mut rest) = match self {
            Self::Payload { value, member: Some(member) } => {
                let (first, rest) = path.split_first().filter(|_| position == 0)?;
                ((*value).filter(|_| first == member)?, rest)
            }
            _ => (self.of(position, name)?, path),
        };
        while let (Expr::Object(_), Some((key, after))) = (value, rest.split_first()) {
            value = value.property(key)?;
            rest = after;
        }
        Some((value, rest))
    }

    /// The members of what is handed over for a parameter, or for a part of it, where they are written one by one, also
    /// inside of each other; what a job is handed whole is a member of it.
    pub(in crate::sites) fn members(
        &self,
        position: usize,
        name: Option<&str>,
        path: &[String],
    ) -> Vec<(Vec<String>, &'f Expr)> {
        let whole = match self {
            Self::Payload { value, member: Some(member) } if path.is_empty() => {
                value.filter(|_| position == 0).map(|value| (value, vec![(*member).to_owned()]))
            }
            _ => self.at(position, name, path).map(|value| (value, Vec::new())),
        };
        let mut found = Vec::new();
        match whole {
            Some((value @ Expr::Object(_), head)) => leaves(value, &head, &mut found),
            Some((value @ Expr::Path(_), head)) if !head.is_empty() => found.push((head, value)),
            _ => {}
        }
        found
    }

    /// Whether there may be more than is seen: spread arguments, or a list made elsewhere.
    pub(in crate::sites) fn is_open(&self) -> bool {
        match self {
            Self::Arguments { facts, call, .. } => {
                let call = facts.call(*call);
                call.args.iter().any(|a| matches!(a, Expr::Other) || a.property("...").is_some())
                    || call.keywords.iter().any(|(name, _)| name == "**" || name.is_empty())
            }
            Self::Packed { list, dict, .. } => {
                list.is_some_and(|l| !matches!(l, Expr::List(_)))
                    || dict.is_some_and(|d| !matches!(d, Expr::Object(_)) || d.property("...").is_some())
            }
            // A job is made elsewhere, and later: it has what is seen to be put into it.
            Self::Payload { .. } => false,
        }
    }
}

/// What stands at the ends of an object's members.
fn leaves<'f>(value: &'f Expr, head: &[String], found: &mut Vec<(Vec<String>, &'f Expr)>) {
    let Expr::Object(pairs) = value else {
        found.push((head.to_vec(), value));
        return;
    };
    for (key, value) in pairs.iter().filter(|(key, _)| key != "...") {
        leaves(value, &[head, std::slice::from_ref(key)].concat(), found);
    }
}
