use std::sync::Arc;

use super::body_of;
use crate::ir::{Calls, Fact, Kind, Place, Points, Value};
use crate::syntax::parse;
use crate::workspace::Language;

/// `leave()` and `abort()` never come back; `sure(x)` only when there is an `x`.
struct Written<'t>(&'t str);

impl Calls for Written<'_> {
    fn never(&self, call: &Value) -> bool {
        let written = self.0.get(call.span.range()).unwrap_or_default();
        written.starts_with("leave(") || written.starts_with("abort(")
    }

    fn proves(&self, call: &Value) -> Vec<Place> {
        let Kind::Call(call) = &call.kind else { return Vec::new() };
        let sure = call.callee.kind == Kind::Name("sure".to_owned());
        call.args.iter().filter(|_| sure).filter_map(Value::place).collect()
    }
}

/// What holds of `place` at `USE`, in the function around it.
fn at_use(language: Language, text: &str, place: &str) -> Vec<Fact> {
    let at = text.find("USE").expect("the test's place");
    let tree = parse(language, text).expect("a grammar");
    let body = body_of(language, tree.root_node(), text, at);
    let known = Points::of(Arc::new(body), &Written(text)).holds(at as u32);
    let wanted = Place::parse(place).expect("a place");
    known.into_iter().flatten().filter(|(p, _)| *p == wanted).map(|(_, fact)| fact).collect()
}

#[track_caller]
fn there(language: Language, text: &str, place: &str, expected: bool) {
    let facts = at_use(language, text, place);
    assert_eq!(facts.contains(&Fact::There), expected, "{place} in\n{text}\n{facts:?}");
}

#[test]
fn polarity_is_read_from_the_branches_of_a_script() {
    for (text, place, expected) in [
        ("const user = load(); if (!userMessage) return; USE;", "user", false),
        ("const user = load(); if (!user) return; USE;", "user", true),
        ("if (session !== null && session.userId) return redirect(); USE;", "session", false),
        ("if (!session) { log(); } USE;", "session", false),
        ("if (!user || !user.id) return; USE;", "user.id", true),
        ("if (!user || !user.id) return; USE;", "user", true),
        ("if (!user && !key) return; USE;", "user", false),
        ("if (user) return; USE;", "user", false),
        ("if (!session?.user?.id) throw new Error(); USE;", "session.user", true),
        ("if (session?.user?.id !== null) { USE; }", "session.user", false),
        ("if (session?.user?.id != null) { USE; }", "session.user", true),
        ("if (session == null) return; USE;", "session", true),
        ("if (typeof user === 'undefined') return; USE;", "user", true),
        ("if (user) { USE; }", "user", true),
        ("if (!user) { no(); } else { USE; }", "user", true),
        ("if (!user) { USE; }", "user", false),
        ("if (a) { if (!user) return; } USE;", "user", false),
        ("if (a) { if (!user) return; USE; }", "user", true),
        ("if (a) { if (!user) return; } else { if (!user) return; } USE;", "user", true),
        ("const id = user ? USE : null;", "user", true),
        ("const id = user ? null : USE;", "user", false),
        ("const id = user && USE;", "user", true),
        ("const id = user || USE;", "user", false),
        ("if (!(user || key) || (a && b)) return; USE;", "user", false),
        ("if (!(user && key)) return; USE;", "user", true),
        ("if (!!user === true) return; USE;", "user", false),
        ("if (!Boolean(user)) return; USE;", "user", true),
        ("const user = found ?? leave(); USE;", "user", true),
        ("const user = found ?? other(); USE;", "user", false),
        ("if (!user) leave(); USE;", "user", true),
        ("if (!user) res.redirect('/login'); USE;", "user", false),
        ("if (!user) return; user = other(); USE;", "user", false),
        ("if (!req.user) return; req.user.name = 1; USE;", "req.user", true),
        ("if (!req.user) return; req.user = other(); USE;", "req.user", false),
        ("if (!s.user) return; const user = s.user; USE;", "user", true),
        ("try { if (!user) return; go(); } catch (e) { log(e); } USE;", "user", false),
        ("try { if (!user) return; go(); } catch (e) { throw e; } USE;", "user", true),
        ("try { if (!user) return; } finally { USE; }", "user", false),
        ("for (const a of b) { if (!user) return; } USE;", "user", false),
        ("for (const a of b) { if (!user) continue; USE; }", "user", true),
        ("while (true) { if (user) break; } USE;", "user", true),
        ("while (!user) { wait(); } USE;", "user", true),
        ("do { go(); } while (!user); USE;", "user", true),
        ("switch (kind) { case 'a': if (!user) return; break; case 'b': break; } USE;", "user", false),
        ("switch (true) { case !user: return; default: USE; }", "user", true),
        ("let user; if (!(user = load())) return; USE;", "user", true),
        ("outer: for (;;) { for (;;) { if (user) break outer; } } USE;", "user", true),
        ("if (!user) return; { const user = other(); } USE;", "user", false),
        ("sure(session.user); USE;", "session.user", true),
        ("const got = sure(session.user); USE;", "session", true),
        ("if (a) { sure(user); } USE;", "user", false),
        ("user || leave(); USE;", "user", true),
        ("if (!('user' in session)) return; USE;", "session.user", true),
    ] {
        there(Language::TypeScript, &format!("function f() {{ {text} }}"), place, expected);
    }
}

#[test]
fn polarity_is_read_from_the_branches_of_python() {
    for (text, place, expected) in [
        ("if not user:\n    raise X\n  USE", "user", true),
        ("if not user_message:\n    raise X\n  USE", "user", false),
        ("if user is None:\n    return\n  USE", "user", true),
        ("if user is not None:\n    return\n  USE", "user", false),
        ("if user == None or not user.id:\n    abort(401)\n  USE", "user.id", true),
        ("if not user and not key:\n    return\n  USE", "user", false),
        ("if user:\n    USE", "user", true),
        ("if not user:\n    log()\n  USE", "user", false),
        ("if not user:\n    return\n  elif a:\n    go()\n  USE", "user", true),
        ("if a:\n    go()\n  elif not user:\n    return\n  USE", "user", false),
        ("if a:\n    return\n  elif not user:\n    return\n  USE", "user", true),
        ("assert user\n  USE", "user", true),
        ("if \"user_id\" not in session:\n    return\n  USE", "session.user_id", true),
        ("if session.get(\"user\") is None:\n    return\n  USE", "session.get(\"user\")", true),
        ("if not (user := load()):\n    return\n  USE", "user", true),
        ("x = USE if user else None", "user", true),
        ("try:\n    go()\n    if not user:\n      return\n  except E:\n    raise\n  USE", "user", true),
        ("try:\n    if not user:\n      return\n  except E:\n    pass\n  USE", "user", false),
        ("with suppress(E):\n    if not user:\n      return\n  USE", "user", false),
        ("with open(p) as f:\n    if not user:\n      return\n  USE", "user", true),
        ("for a in b:\n    if not user:\n      break\n  else:\n    USE", "user", false),
        ("match user:\n    case None:\n      return\n    case _:\n      USE", "user", true),
        ("if not isinstance(user, User):\n    return\n  USE", "user", true),
    ] {
        there(Language::Python, &format!("def f():\n  {text}\n"), place, expected);
    }
}

#[test]
fn a_class_is_known_on_its_side() {
    let text = "function f() { if (user instanceof Response) return user; USE; }";
    assert_eq!(at_use(Language::TypeScript, text, "user"), [Fact::IsNot("Response".to_owned())]);
    let text = "def f():\n  if isinstance(user, Response):\n    USE\n";
    assert_eq!(at_use(Language::Python, text, "user"), [Fact::There, Fact::Is("Response".to_owned())]);
}

#[test]
fn the_last_check_that_says_something_new_is_where_a_value_is_ready() {
    let text = "function f() {\n  const s = load();\n  if (!s) return;\n  if (!s.user) return;\n  if (!msg) return;\n  USE;\n}";
    let tree = parse(Language::TypeScript, text).expect("a grammar");
    let at = text.find("USE").expect("the place") as u32;
    let body = body_of(Language::TypeScript, tree.root_node(), text, at as usize);
    let points = Points::of(Arc::new(body), &());
    let from = text.find("const").expect("the binding") as u32;
    let from = crate::ir::Span { start: from, end: from + 17 };
    let checked = |name: &str, until| points.checked(from, &[Place::parse(name).expect("a place")], until);
    let end = text.find("if (!msg)").map(|at| at as u32 - 3);
    assert_eq!(checked("s", at), end);
    assert_eq!(checked("s", u32::MAX), end);
    assert_eq!(checked("msg", at), end.map(|e| e + 20));
    assert_eq!(checked("m", at), None);
}

/// Whatever the text is, it is lowered without a panic, and every block a statement goes to is there.
#[test]
fn broken_code_is_lowered_as_far_as_it_goes() {
    for text in
        ["if (", "function f( { return }", "try {", "switch (a) { case", "const { a: { = b", "class { x("]
    {
        for language in [Language::TypeScript, Language::Tsx, Language::Python] {
            let tree = parse(language, text).expect("a grammar");
            let body = body_of(language, tree.root_node(), text, text.len());
            let points = Points::of(Arc::new(body), &());
            for offset in 0..text.len() as u32 {
                drop(points.holds(offset));
            }
        }
    }
}
