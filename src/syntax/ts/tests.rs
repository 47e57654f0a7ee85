use crate::syntax::{ExportTarget, Expr, Facts, FunctionKind, Imported, ResultUse, Root, facts};
use crate::workspace::Language;

fn of(text: &str) -> Facts {
    let facts = facts(Language::Tsx, text);
    assert_eq!(facts.errors, [], "the sample must parse");
    facts
}

fn calls(facts: &Facts) -> Vec<String> {
    facts
        .calls
        .iter()
        .map(|c| format!("{} {:?}{}", c.callee.dotted(), c.result, if c.awaited { " awaited" } else { "" }))
        .collect()
}

#[test]
fn imports_of_every_form() {
    let f = of(r#"
import A, { b as c, type D } from "m";
import * as n from 'n';
import type { T } from "t";
import "side";
const { x, y: z } = require("cjs");
const w = require("whole");
const p = require("deep").part;
async function g() { const { q } = await import("dyn"); }
"#);
    let seen: Vec<_> = f
        .imports
        .iter()
        .map(|i| (i.module.as_str(), i.imported.clone(), i.local.as_str(), i.type_only))
        .collect();
    let named = |n: &str| Imported::Named(n.to_owned());
    assert_eq!(
        seen,
        [
            ("m", Imported::Default, "A", false),
            ("m", named("b"), "c", false),
            ("m", named("D"), "D", true),
            ("n", Imported::Namespace, "n", false),
            ("t", named("T"), "T", true),
            ("side", Imported::All, "", false),
            ("cjs", named("x"), "x", false),
            ("cjs", named("y"), "z", false),
            ("whole", Imported::Default, "w", false),
            ("deep", named("part"), "p", false),
            ("dyn", named("q"), "q", false),
        ]
    );
}

#[test]
fn a_route_handler_with_its_calls_and_bindings() {
    let f = of(r#"
export async function POST(request: Request) {
  const session = await auth();
  const { prompt, size: s = "x" } = await request.json();
  const [user] = await db.select().from(users);
  await log.info("x");
  const { data } = await http.post<Answer>("/x", {});
  return NextResponse.json(await replicate.run("a/b", { input: { prompt } }));
}
"#);
    let post = &f.functions[0];
    assert_eq!((post.symbol.as_str(), post.is_async, post.params[0].name()), ("POST", true, Some("request")));
    assert!(matches!(&f.exports[0].target, ExportTarget::Local(n) if n == "POST"));
    assert_eq!(
        calls(&f),
        [
            "auth Bound awaited",
            "request.json Bound awaited",
            "db.select Nested",
            "().from Bound awaited",
            "log.info Discarded awaited",
            "http.post Bound awaited",
            "NextResponse.json Returned",
            "replicate.run Nested awaited",
        ]
    );
    let names: Vec<_> = f
        .bindings
        .iter()
        .flat_map(|b| &b.names)
        .map(|n| format!("{}={}", n.local, n.path.join(".")))
        .collect();
    assert_eq!(names, ["session=", "prompt=prompt", "s=size", "user=0", "data=data"]);
    assert!(f.calls.last().unwrap().option("input").is_some());
}

#[test]
fn wrapped_and_property_functions_take_the_name_that_holds_them() {
    let f = of(r#"
"use server";
export const POST = withAuth(async (req) => { await a.b(); });
export const tool = ({ session }: Props) => make({ execute: async ({ id }) => run(id) });
class Writer {
  private client = new Anthropic();
  constructor(private readonly db: Db) {}
  async draft(text: string) { return this.client.messages.create({ text }); }
  handle = async () => {};
}
export default defineEventHandler(async (event) => {});
"#);
    let symbols: Vec<_> = f.functions.iter().map(|x| (x.symbol.as_str(), x.kind)).collect();
    assert_eq!(
        symbols,
        [
            ("POST", FunctionKind::Arrow),
            ("tool", FunctionKind::Arrow),
            ("execute", FunctionKind::Property),
            ("Writer.constructor", FunctionKind::Method),
            ("Writer.draft", FunctionKind::Method),
            ("Writer.handle", FunctionKind::Method),
            ("default", FunctionKind::Arrow),
        ]
    );
    assert!(f.has_directive("use server"));
    let fields: Vec<_> =
        f.classes[0].fields.iter().map(|x| (x.name.as_str(), x.annotation.as_deref())).collect();
    assert_eq!(fields, [("client", None), ("db", Some("Db")), ("handle", None)]);
    let create = f.calls.iter().find(|c| c.callee.last() == Some("create")).unwrap();
    assert_eq!(
        (&create.callee.root, create.callee.dotted().as_str()),
        (&Root::This("this".to_owned()), "this.client.messages.create")
    );
    assert_eq!(create.result, ResultUse::Returned);
    assert!(f.functions[0].argument_of.is_some(), "the wrapper call is known");
    let exported: Vec<_> = f.exports.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(exported, ["POST", "tool", "default"]);
}

#[test]
fn commonjs_exports_and_member_assignments() {
    let f =
        of("exports.list = async (req, res) => {};\nmodule.exports = { a, b: 1 };\nreq.user = decoded;\n");
    let exported: Vec<_> = f.exports.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(exported, ["list", "default", "a", "b"]);
    assert!(matches!(&f.exports[0].target, ExportTarget::Value(Expr::Function(_))));
    assert_eq!(f.assigns.last().unwrap().target.dotted(), "req.user");
    assert_eq!(f.functions[0].symbol, "list");
}

#[test]
fn strings_fold_and_holes_stay() {
    let f = of(
        "fetch(`https://api.x.com/v1/${id}`, { method: 'POST' }); fetch(BASE + '/v2'); for await (const c of stream(a)) { use(c) }",
    );
    assert_eq!(f.calls[0].args[0].text_parts().as_deref(), Some("https://api.x.com/v1/"));
    assert_eq!(f.calls[1].args[0].text_parts().as_deref(), Some("/v2"));
    assert_eq!(f.calls[2].result, ResultUse::Iterated);
}

#[test]
fn nesting_beyond_any_real_code_is_cut_off_and_not_followed() {
    let deep = format!("x = {}1{}", "(".repeat(5000), ")".repeat(5000));
    drop(facts(Language::TypeScript, &deep));
    drop(facts(Language::TypeScript, &"if(a){".repeat(3000)));
}
