use super::*;
use crate::syntax::parse;

fn scopes(language: Language, text: &str) -> Scopes {
    let tree = parse(language, text).expect("a grammar");
    Scopes::of(language, &tree, text)
}

/// Each use as `name:line of its declaration`, or `name:free`.
fn meanings(language: Language, text: &str) -> String {
    let scopes = scopes(language, text);
    let line = |at: u32| text.get(..at as usize).expect("a boundary").lines().count().max(1);
    let meaning = |name: &Use| match scopes.resolve(name) {
        Some(scope) => {
            let first = scopes.declared(scope, &name.name).next().expect("it is declared there");
            format!("{}:{}", name.name, line(first.span.end))
        }
        None => format!("{}:free", name.name),
    };
    scopes.uses().iter().map(meaning).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_nearest_declaration_is_meant() {
    let text = "import { auth } from \"./auth\";\nconst user = 1;\nfunction f(user) {\n  { const auth = user; use(auth); }\n  return auth;\n}\n";
    insta::assert_snapshot!(meanings(Language::TypeScript, text), @"user:3 use:free auth:4 auth:1");
}

#[test]
fn patterns_declare_and_their_defaults_are_uses() {
    let text = "const { a, b: { c = d }, ...rest } = source;\nuse(a, b, c, rest);\n({ a } = other);\n";
    insta::assert_snapshot!(meanings(Language::TypeScript, text), @"d:free source:free use:free a:1 b:free c:1 rest:1 a:1 other:free");
}

#[test]
fn members_keys_labels_and_elements_are_no_names() {
    let text = "const x = <div id={a}><Card title=\"t\" /></div>;\nouter: for (const k of y) { z.k.l = { m: n, o }; }\n";
    insta::assert_snapshot!(meanings(Language::Tsx, text), @"a:free Card:free y:free z:free n:free o:free");
}

#[test]
fn types_are_names_of_their_own() {
    let text = "type User = { id: string };\nfunction f<T extends User>(t: T, g: (x: Other) => void): asserts t is T { const User = t as User; return User; }\n";
    insta::assert_snapshot!(meanings(Language::TypeScript, text), @"User:1 T:2 Other:free t:2 T:2 t:2 User:1 User:2");
}

#[test]
fn python_functions_own_what_they_bind() {
    let text = "\
import json
count = 0
class A:
    size = 1
    def f(self, x: int = count):
        global count
        count = json.loads(x)
        return [size for y in count if y]
def g(*args):
    with open(args[0]) as handle:
        handle.read(key=count)
";
    insta::assert_snapshot!(meanings(Language::Python, text), @"int:free count:2 json:1 x:5 count:2 size:free y:8 open:free args:9 handle:10 count:2");
}

#[test]
fn what_is_nested_too_deep_is_said() {
    let text = format!("{}1{};", "[".repeat(600), "]".repeat(600));
    assert!(scopes(Language::TypeScript, &text).is_partial());
}
