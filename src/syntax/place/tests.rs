//! Before, what goes where, after; and what is refused. Ranges are given by their text.

use super::*;
use crate::edit::{ChangeSet, EditUnit};
use crate::workspace::{Language, Workspace};

const TS: Language = Language::TypeScript;
const TSX: Language = Language::Tsx;
const PY: Language = Language::Python;

/// The range of the first `part` in a text.
fn at(text: &str, part: &str) -> Range<usize> {
    let start = text.find(part).expect("the part stands in the text");
    start..start + part.len()
}

fn applied(language: Language, before: &str, edits: Vec<Edit>) -> String {
    let path = match language {
        Language::Python => "a.py",
        Language::Tsx => "a.tsx",
        _ => "a.ts",
    };
    let mut set = ChangeSet::new();
    set.push(EditUnit::new("u", "w").edits(path, edits)).expect("no conflict within");
    let outcome = set.outcome(&Workspace::in_memory([(path, before)])).unwrap();
    outcome.check().unwrap();
    outcome.file(path).map_or(before, |f| f.after().as_str()).to_owned()
}

type Rewrite<'r> = &'r dyn Fn(&Source<'_>, &Style) -> Result<Vec<Edit>, Refusal>;

#[track_caller]
fn check(language: Language, before: &str, rewrite: Rewrite<'_>, after: &str) {
    let source = Source::parse(language, before).unwrap();
    let edits = rewrite(&source, &Style::of(&source)).unwrap();
    assert_eq!(applied(language, before, edits), after);
}

#[track_caller]
fn refused(language: Language, before: &str, rewrite: Rewrite<'_>, refusal: &Refusal) {
    let source = Source::parse(language, before).unwrap();
    assert_eq!(rewrite(&source, &Style::of(&source)).as_ref(), Err(refusal));
}

#[track_caller]
fn check_before(language: Language, before: &str, part: &str, text: &str, expected: &str) {
    check(language, before, &|s, style| super::before(s, style, &at(before, part), text, "w"), expected);
}

#[track_caller]
fn check_after(language: Language, before: &str, part: &str, text: &str, expected: &str) {
    check(language, before, &|s, style| super::after(s, style, &at(before, part), text, "w"), expected);
}

const GATE: &str = "if (!ok) {\n  return no({ a: \"b\" });\n}";

#[test]
fn statements_go_before_a_statement_in_the_style_of_the_file() {
    check_before(
        TS,
        "async function f() {\n    // paid\n    return await g('x')\n}\n",
        "g('x')",
        GATE,
        "async function f() {\n    if (!ok) {\n        return no({ a: 'b' })\n    }\n    // paid\n    return await g('x')\n}\n",
    );
    check_before(
        TS,
        "function f() {\r\n\tg();\r\n}\r\n",
        "g()",
        "h();\ni();",
        "function f() {\r\n\th();\r\n\ti();\r\n\tg();\r\n}\r\n",
    );
    check_before(TS, "const a = 1, b = g();", "g()", "h();", "h();\nconst a = 1, b = g();");
    check_before(
        TS,
        "switch (a) {\n  case 1:\n    g();\n}\n",
        "g()",
        "h();",
        "switch (a) {\n  case 1:\n    h();\n    g();\n}\n",
    );
    check_before(
        PY,
        "@app.get('/')\ndef f():\n\tx = g()\n",
        "g()",
        "if not ok:\n    return no",
        "@app.get('/')\ndef f():\n\tif not ok:\n\t\treturn no\n\tx = g()\n",
    );
    check_before(
        PY,
        "@app.get('/')\ndef f():\n    pass\n",
        "def f",
        "x = 1",
        "x = 1\n@app.get('/')\ndef f():\n    pass\n",
    );
}

#[test]
fn statements_go_after_a_statement_and_its_comment() {
    check_after(
        TS,
        "function f() {\n  g(); // paid\n  h();\n}\n",
        "g()",
        "i();",
        "function f() {\n  g(); // paid\n  i();\n  h();\n}\n",
    );
    check_after(TS, "f(a,\n  b)\n", "a", "g();", "f(a,\n  b)\ng()\n");
    check_after(PY, "def f():\n    g()  # paid", "g()", "h()", "def f():\n    g()  # paid\n    h()");
    refused(
        TS,
        "function f() {\n  return g();\n}\n",
        &|s, style| super::after(s, style, &(17..25), "h();", "w"),
        &Refusal::Unreachable,
    );
}

#[test]
fn semicolons_that_a_file_without_them_needs_are_there() {
    check_before(TS, "a()\n[b].map(c)\n", "[b]", "f();", "f()\na()\n[b].map(c)\n");
    check_after(TS, "const a = 'b'\n", "a", "(await g()).h();", "const a = 'b'\n;(await g()).h()\n");
    check_after(
        TS,
        "const a = 1\nconst b = 2;\n(c)();\n\nlet d = 3\nlet e = 4\n",
        "b = 2",
        "f();",
        "const a = 1\nconst b = 2;\nf();\n(c)();\n\nlet d = 3\nlet e = 4\n",
    );
}

#[test]
fn a_place_that_has_no_lines_of_its_own_gets_them() {
    check_before(
        TS,
        "function f() {\n  if (a) return g();\n}\n",
        "g()",
        "h();",
        "function f() {\n  if (a) {\n    h();\n    return g();\n  }\n}\n",
    );
    check_before(
        TS,
        "function f() {\n  if (a)\n    return g();\n}\n",
        "g()",
        "h();",
        "function f() {\n  if (a) {\n    h();\n    return g();\n  }\n}\n",
    );
    check_after(TS, "if (a) g();\n", "g()", "h();", "if (a) {\n  g();\n  h();\n}\n");
    check_before(
        TS,
        "const f = () => { return g(); };\n",
        "g()",
        "h();",
        "const f = () => {\n  h();\n  return g();\n};\n",
    );
    check_before(
        TS,
        "const f = () => g(\n  1,\n);\n",
        "g(",
        "h();",
        "const f = () => {\n  h();\n  return g(\n    1,\n  );\n};\n",
    );
    check_before(
        PY,
        "def f():\n    if a: return g()\n",
        "g()",
        "h()",
        "def f():\n    if a:\n        h()\n        return g()\n",
    );
}

#[test]
fn places_that_cannot_take_statements_are_refused() {
    let comment = "const f = () =>\n  // note\n  g();\n";
    refused(
        TS,
        comment,
        &|s, style| super::before(s, style, &at(comment, "g()"), "h();", "w"),
        &Refusal::CommentBetween,
    );
    refused(
        PY,
        "f = lambda: g()\n",
        &|s, style| super::before(s, style, &(12..15), "h()", "w"),
        &Refusal::Lambda,
    );
    refused(
        TS,
        "a(); b();\n",
        &|s, style| super::after(s, style, &(0..3), "h();", "w"),
        &Refusal::SharedLine,
    );
    let sync = "function f() {\n  g();\n}\n";
    refused(
        TS,
        sync,
        &|s, style| super::before(s, style, &at(sync, "g()"), "await h();", "w"),
        &Refusal::NotAsync,
    );
    refused(
        TS,
        "const f = () => g();\n",
        &|s, style| super::after(s, style, &(16..19), "h();", "w"),
        &Refusal::Unreachable,
    );
}

/// Code that uses the result of the call `part`.
fn with_result<'a>(
    before: &'a str,
    part: &'a str,
    result: ResultUse,
) -> impl Fn(&Source<'_>, &Style) -> Result<Vec<Edit>, Refusal> + 'a {
    move |source, style| {
        let call = at(before, part);
        let request = WithResult { call: &call, prefer: "result", result, promise: true, why: "w" };
        after_call(source, style, &request, |name| {
            if name.is_empty() {
                "await use();".into()
            } else {
                format!("await use({name});")
                    .replace("await ", if source.is_python() { "" } else { "await " })
                    .trim_end_matches(if source.is_python() { ';' } else { '\n' })
                    .to_owned()
            }
        })
        .map(|(edits, _)| edits)
    }
}

#[track_caller]
fn check_result(language: Language, before: &str, part: &str, after: &str) {
    check(language, before, &with_result(before, part, ResultUse::Needed), after);
}

#[test]
fn an_unbound_result_gets_a_name() {
    check_result(
        TS,
        "async function f() {\n  return await g(\n    x,\n  );\n}\n",
        "g(\n    x,\n  )",
        "async function f() {\n  const result = await g(\n    x,\n  );\n  await use(result);\n  return result;\n}\n",
    );
    check_result(
        TS,
        "async function f() {\n  return g(x);\n}\n",
        "g(x)",
        "async function f() {\n  const result = await g(x);\n  await use(result);\n  return result;\n}\n",
    );
    check_result(
        TS,
        "async function f() {\r\n\tawait g(x)\r\n}\r\n",
        "g(x)",
        "async function f() {\r\n\tconst result = await g(x)\r\n\tawait use(result)\r\n}\r\n",
    );
    check_result(
        TS,
        "async function f(result) {\n  const { a, b } = await g(x); // note\n}\n",
        "g(x)",
        "async function f(result) {\n  const result2 = await g(x); // note\n  await use(result2);\n  const { a, b } = result2;\n}\n",
    );
    check_result(
        TS,
        "const f = async () => g(x);\n",
        "g(x)",
        "const f = async () => {\n  const result = await g(x);\n  await use(result);\n  return result;\n};\n",
    );
    check_result(
        TS,
        "async function f() {\n  if (a) return g(x);\n}\n",
        "g(x)",
        "async function f() {\n  if (a) {\n    const result = await g(x);\n    await use(result);\n    return result;\n  }\n}\n",
    );
    check_result(
        PY,
        "async def f():\n    return await g(x)\n",
        "g(x)",
        "async def f():\n    result = await g(x)\n    use(result)\n    return result\n",
    );
    check_result(PY, "def f():\n    g(x)\n", "g(x)", "def f():\n    result = g(x)\n    use(result)\n");
    check_result(
        PY,
        "def f():\n    a, b = g(x)\n",
        "g(x)",
        "def f():\n    result = g(x)\n    use(result)\n    a, b = result\n",
    );
}

#[test]
fn a_bound_result_is_used_under_its_name() {
    check_result(
        TS,
        "async function f() {\n  const r = await g(x);\n  h(r);\n}\n",
        "g(x)",
        "async function f() {\n  const r = await g(x);\n  await use(r);\n  h(r);\n}\n",
    );
    check_result(
        TS,
        "async function f() {\n  this.r = await g(x);\n}\n",
        "g(x)",
        "async function f() {\n  this.r = await g(x);\n  await use(this.r);\n}\n",
    );
    check_result(PY, "def f():\n    r = g(x)\n", "g(x)", "def f():\n    r = g(x)\n    use(r)\n");
}

#[test]
fn a_result_that_is_not_needed_stays_unnamed() {
    let check = |before: &str, part: &str, after: &str| {
        check(TS, before, &with_result(before, part, ResultUse::NotNeeded), after);
    };
    check(
        "async function f() {\n  await g(x);\n}\n",
        "g(x)",
        "async function f() {\n  await g(x);\n  await use();\n}\n",
    );
    check(
        "async function f() {\n  const { a } = await g(x);\n}\n",
        "g(x)",
        "async function f() {\n  const { a } = await g(x);\n  await use();\n}\n",
    );
}

#[test]
fn a_nested_call_is_taken_out_when_nothing_runs_before_it() {
    check_result(
        TS,
        "async function f() {\n  return Response.json({ id: user.id, text: await g({\n    x,\n  }) });\n}\n",
        "g({\n    x,\n  })",
        "async function f() {\n  const result = await g({\n    x,\n  });\n  await use(result);\n  return Response.json({ id: user.id, text: result });\n}\n",
    );
    check_result(
        TS,
        "async function f() {\n  const t = (await g(x)).text;\n}\n",
        "g(x)",
        "async function f() {\n  const result = await g(x);\n  await use(result);\n  const t = result.text;\n}\n",
    );
    check_result(
        TS,
        "async function f() {\n  for (const a of await g(x)) h(a);\n}\n",
        "g(x)",
        "async function f() {\n  const result = await g(x);\n  await use(result);\n  for (const a of result) h(a);\n}\n",
    );
    check_result(
        TS,
        "const f = async () => h((await g(x)).y);\n",
        "g(x)",
        "const f = async () => {\n  const result = await g(x);\n  await use(result);\n  return h(result.y);\n};\n",
    );
    check_result(
        PY,
        "def f():\n    return {\"text\": g(x).text}\n",
        "g(x)",
        "def f():\n    result = g(x)\n    use(result)\n    return {\"text\": result.text}\n",
    );
    check_result(
        PY,
        "def f():\n    for a in g(x):\n        h(a)\n",
        "g(x)",
        "def f():\n    result = g(x)\n    use(result)\n    for a in result:\n        h(a)\n",
    );
}

#[test]
fn a_nested_call_stays_where_taking_it_out_would_change_the_order() {
    for body in [
        "h(i(), await g(x));",
        "return a && (await g(x));",
        "return a ? await g(x) : 1;",
        "while (await g(x)) h();",
        "if (a) {} else if (await g(x)) h();",
        "h(a = 1, await g(x));",
        "a?.b(await g(x));",
        "for (;; await g(x)) h();",
    ] {
        let text = format!("async function f() {{\n  {body}\n}}\n");
        refused(TS, &text, &with_result(&text, "g(x)", ResultUse::Needed), &Refusal::EvaluationOrder);
    }
    for body in [
        "return a or g(x)",
        "return g(x) if a else 1",
        "return [g(x) for x in y]",
        "while g(x):\n        pass",
    ] {
        let text = format!("def f():\n    {body}\n");
        refused(PY, &text, &with_result(&text, "g(x)", ResultUse::Needed), &Refusal::EvaluationOrder);
    }
}

#[test]
fn a_property_joins_an_object_in_its_form() {
    let check = |before: &str, after: &str| {
        let object = before.find('{').unwrap()..before.rfind('}').unwrap() + 1;
        check(TS, before, &|s, style| add_property(s, style, &object, ("k", "v(1)"), "w"), after);
    };
    check("f({});\n", "f({ k: v(1) });\n");
    check("f({ a: 1 });\n", "f({ a: 1, k: v(1) });\n");
    check("f({a});\n", "f({a, k: v(1)});\n");
    check("f({\n  a: 1,\n  b, // note\n});\n", "f({\n  a: 1,\n  b, // note\n  k: v(1),\n});\n");
    check("f({\r\n\ta: 1,\r\n\tb: 2\r\n});\r\n", "f({\r\n\ta: 1,\r\n\tb: 2,\r\n\tk: v(1)\r\n});\r\n");
    check("f({\n  a: 1 // note\n})\n", "f({\n  a: 1, // note\n  k: v(1)\n})\n");
    let taken = "f({ k: 1 });\n";
    refused(
        TS,
        taken,
        &|s, style| add_property(s, style, &(2..10), ("k", "2"), "w"),
        &Refusal::AlreadyThere("k".into()),
    );
    refused(
        TS,
        taken,
        &|s, style| add_property(s, style, &(0..1), ("a", "2"), "w"),
        &Refusal::NotFound("object literal"),
    );
}

#[test]
fn a_name_joins_a_pattern_in_front_of_the_rest() {
    let check = |pattern: &str, after: &str| {
        let text = |pattern: &str| format!("f(({pattern}: T) => 1);\n");
        let before = text(pattern);
        let at = at(&before, pattern);
        check(TS, &before, &|s, style| add_to_pattern(s, style, &at, "k", "w"), &text(after));
    };
    check("{}", "{ k }");
    check("{ a }", "{ a, k }");
    check("{ a, ...rest }", "{ a, k, ...rest }");
    check("{\n  a: { b },\n  c = 1,\n}", "{\n  a: { b },\n  c = 1,\n  k,\n}");
    check("{\n  a,\n  ...rest\n}", "{\n  a,\n  k,\n  ...rest\n}");
    let taken = "f(({ k: a }) => 1);\n";
    let pattern = at(taken, "{ k: a }");
    refused(
        TS,
        taken,
        &|s, style| add_to_pattern(s, style, &pattern, "k", "w"),
        &Refusal::AlreadyThere("k".into()),
    );
}

#[test]
fn python_dicts_and_keyword_arguments() {
    let dict = "d = {'a': 1}\n";
    check(PY, dict, &|s, style| add_property(s, style, &(4..12), ("k", "v"), "w"), "d = {'a': 1, 'k': v}\n");
    let argument = |before: &str, after: &str| {
        let call = 0..before.trim_end().len();
        check(PY, before, &|s, style| add_argument(s, style, &call, "k=v", "w"), after);
    };
    argument("f()\n", "f(k=v)\n");
    argument("f(a, b=1)\n", "f(a, b=1, k=v)\n");
    argument("f(\n    a,\n    b=1,\n)\n", "f(\n    a,\n    b=1,\n    k=v,\n)\n");
    argument("f(\n    a,\n    b=1)\n", "f(\n    a,\n    b=1, k=v)\n");
    refused(
        PY,
        "f(k=1)\n",
        &|s, style| add_argument(s, style, &(0..6), "k=v", "w"),
        &Refusal::AlreadyThere("k".into()),
    );
}

#[test]
fn a_call_whose_line_gets_too_long_has_a_line_for_each_argument() {
    let within = |before: &str, width: usize, after: &str| {
        let at = before.find("f(").unwrap();
        let call = at..before.trim_end().len();
        check(PY, before, &|s, style| add_argument_within(s, style, &call, ("k=v", width), "w"), after);
    };
    let before = "def g():\n    return f(a(b), c=1)\n";
    within(before, 88, "def g():\n    return f(a(b), c=1, k=v)\n");
    within(before, 24, "def g():\n    return f(\n        a(b),\n        c=1,\n        k=v,\n    )\n");
    // What is broken up already is only added to.
    let broken = "x = f(\n    a,\n    b=1,\n)\n";
    within(broken, 4, "x = f(\n    a,\n    b=1,\n    k=v,\n)\n");
    within("f()\n", 2, "f(k=v)\n");
}

#[test]
fn list_elements() {
    let list = "A = [\n    'a',\n    'b',\n]\n";
    check(
        PY,
        list,
        &|s, style| add_element(s, style, &(4..list.len() - 1), "'c'", "w"),
        "A = [\n    'a',\n    'b',\n    'c',\n]\n",
    );
    refused(
        PY,
        list,
        &|s, style| add_element(s, style, &(4..list.len() - 1), "'a'", "w"),
        &Refusal::AlreadyThere("'a'".into()),
    );
}

#[test]
fn parameters_go_last_but_before_the_rest() {
    let parameter = |language, before: &str, text: &str, after: &str| {
        check(
            language,
            before,
            &|s, style| add_parameter(s, style, &(0..before.trim_end().len()), text, "w"),
            after,
        );
    };
    parameter(TS, "function f() {}\n", "k: K", "function f(k: K) {}\n");
    parameter(TS, "function f(a: A, ...r: R[]) {}\n", "k: K", "function f(a: A, k: K, ...r: R[]) {}\n");
    parameter(
        PY,
        "async def f(a, b=1):\n    pass\n",
        "k=Depends(g)",
        "async def f(a, b=1, k=Depends(g)):\n    pass\n",
    );
    parameter(
        PY,
        "def f(\n    a: A,\n    **kw,\n):\n    pass\n",
        "k: K",
        "def f(\n    a: A,\n    k: K,\n    **kw,\n):\n    pass\n",
    );
    let arrow = "const f = a => a;\n";
    check(
        TS,
        arrow,
        &|s, style| add_parameter(s, style, &at(arrow, "a => a"), "k", "w"),
        "const f = (a, k) => a;\n",
    );
    let order = "function f(a?: A) {}\n";
    refused(
        TS,
        order,
        &|s, style| add_parameter(s, style, &(0..order.len() - 1), "k: K", "w"),
        &Refusal::ParameterOrder,
    );
    let taken = "def f(k=1):\n    pass\n";
    refused(
        PY,
        taken,
        &|s, style| add_parameter(s, style, &(0..taken.len() - 1), "k=2", "w"),
        &Refusal::AlreadyThere("k".into()),
    );
}

#[test]
fn a_field_joins_its_siblings() {
    let field = |before: &str, after: &str| {
        check(
            PY,
            before,
            &|s, style| add_field(s, style, &at(before, "class S"), "k: str | None = None", "w"),
            after,
        );
    };
    field(
        "class S(B):\n    \"\"\"Doc.\"\"\"\n\n    a: str\n    b: int = 1  # note\n\n    model_config = C()\n\n    def f(self):\n        pass\n",
        "class S(B):\n    \"\"\"Doc.\"\"\"\n\n    a: str\n    b: int = 1  # note\n    k: str | None = None\n\n    model_config = C()\n\n    def f(self):\n        pass\n",
    );
    field("class S:\n  pass\n", "class S:\n  k: str | None = None\n");
    field(
        "class S:\r\n\t\"\"\"Doc.\"\"\"\r\n",
        "class S:\r\n\t\"\"\"Doc.\"\"\"\r\n\r\n\tk: str | None = None\r\n",
    );
    field(
        "class S:\n    def f(self):\n        pass\n",
        "class S:\n    k: str | None = None\n\n    def f(self):\n        pass\n",
    );
    let ts = "class S {\n  a = 1;\n\n  f() {}\n}\n";
    check(
        TS,
        ts,
        &|s, style| add_field(s, style, &(0..7), "k = 2;", "w"),
        "class S {\n  a = 1;\n  k = 2;\n\n  f() {}\n}\n",
    );
    refused(
        PY,
        "class S:\n    k = 1\n",
        &|s, style| add_field(s, style, &(0..7), "k: int = 2", "w"),
        &Refusal::AlreadyThere("k".into()),
    );
}

#[test]
fn an_element_goes_beside_another() {
    let after = |before: &str, part: &str, expected: &str| {
        check(
            TSX,
            before,
            &|s, style| add_jsx_after(s, style, &at(before, part), "<B a=\"b\" />", "w"),
            expected,
        );
    };
    after(
        "const x = (\n  <p>\n    <A />\n  </p>\n);\n",
        "<A />",
        "const x = (\n  <p>\n    <A />\n    <B a=\"b\" />\n  </p>\n);\n",
    );
    after("const x = <p><A /></p>;\n", "<A />", "const x = <p><A /><B a=\"b\" /></p>;\n");
    after(
        "function F() {\n  return <A />\n}\n",
        "<A />",
        "function F() {\n  return <>\n    <A />\n    <B a=\"b\" />\n  </>\n}\n",
    );
    after(
        "const x = (\n\t<A>\n\t\tt\n\t</A>\n)\n",
        "<A>\n\t\tt\n\t</A>",
        "const x = (\n\t<>\n\t\t<A>\n\t\t\tt\n\t\t</A>\n\t\t<B a=\"b\" />\n\t</>\n)\n",
    );
    let keyed = "const x = a.map((i) => <A key={i} />);\n";
    refused(
        TSX,
        keyed,
        &|s, style| add_jsx_after(s, style, &at(keyed, "<A key={i} />"), "<B />", "w"),
        &Refusal::Keyed,
    );
}

#[test]
fn an_element_goes_inside_another() {
    let inside = |before: &str, part: &str, expected: &str| {
        check(TSX, before, &|s, style| add_jsx_child(s, style, &at(before, part), "<B />", "w"), expected);
    };
    inside(
        "const x = (\n  <p>\n    <A />\n  </p>\n);\n",
        "<p>\n    <A />\n  </p>",
        "const x = (\n  <p>\n    <A />\n    <B />\n  </p>\n);\n",
    );
    inside("const x = <p>t</p>;\n", "<p>t</p>", "const x = <p>t<B /></p>;\n");
    let empty = "const x = <p />;\n";
    refused(
        TSX,
        empty,
        &|s, style| add_jsx_child(s, style, &at(empty, "<p />"), "<B />", "w"),
        &Refusal::NotFound("element with children"),
    );
}

#[test]
fn decorators_go_outside_or_inside_of_the_others() {
    let before = "class A:\n    @route('/')\n    def f(self):\n        pass\n";
    let add =
        |place| move |s: &Source<'_>, _: &Style| add_decorator(s, &at(before, "def f"), "@paid", place, "w");
    check(
        PY,
        before,
        &add(DecoratorPlace::Innermost),
        "class A:\n    @route('/')\n    @paid\n    def f(self):\n        pass\n",
    );
    check(
        PY,
        before,
        &add(DecoratorPlace::Outermost),
        "class A:\n    @paid\n    @route('/')\n    def f(self):\n        pass\n",
    );
    refused(
        PY,
        before,
        &|s, _| add_decorator(s, &at(before, "def f"), "@route('/')", DecoratorPlace::Innermost, "w"),
        &Refusal::AlreadyThere("@route('/')".into()),
    );
    let ts = "class A {\n  @Post()\n  f() {}\n}\n";
    check(
        TS,
        ts,
        &|s, _| add_decorator(s, &at(ts, "f()"), "@Paid()", DecoratorPlace::Innermost, "w"),
        "class A {\n  @Post()\n  @Paid()\n  f() {}\n}\n",
    );
}

#[test]
fn a_fresh_name_is_used_nowhere_in_its_function() {
    let text = "function f() {\n  const result = 1;\n  const result2 = g();\n}\nfunction h() {\n  i();\n}\n";
    let source = Source::parse(TS, text).unwrap();
    assert_eq!(fresh_name(&source, &at(text, "g()"), "result"), "result3");
    assert_eq!(fresh_name(&source, &at(text, "i()"), "result"), "result");
}
