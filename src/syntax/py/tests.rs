use crate::syntax::{Expr, Facts, Imported, ResultUse, facts};
use crate::workspace::Language;

fn of(text: &str) -> Facts {
    let facts = facts(Language::Python, text);
    assert_eq!(facts.errors, [], "the sample must parse");
    facts
}

#[test]
fn imports_of_every_form() {
    let f = of(
        "import os\nimport a.b as ab\nimport x.y\nfrom . import deps\nfrom .core.db import get_db as gd, User\nfrom m import *\n",
    );
    let seen: Vec<_> =
        f.imports.iter().map(|i| (i.module.as_str(), i.imported.clone(), i.local.as_str())).collect();
    let named = |n: &str| Imported::Named(n.to_owned());
    assert_eq!(
        seen,
        [
            ("os", Imported::Namespace, "os"),
            ("a.b", Imported::Namespace, "ab"),
            ("x", Imported::Namespace, "x"),
            (".", named("deps"), "deps"),
            (".core.db", named("get_db"), "gd"),
            (".core.db", named("User"), "User"),
            ("m", Imported::All, ""),
        ]
    );
}

#[test]
fn a_fastapi_route_with_dependencies() {
    let f = of(r#"
CurrentUser = Annotated[User, Depends(get_current_user)]

@router.post("/chat", response_model=Reply)
async def chat(body: ChatIn, user: CurrentUser, db: Session = Depends(get_db)):
    """Doc."""
    async with lock(user.id) as held:
        reply = await client.chat.completions.create(model="m", messages=[{"role": "user"}])
    for chunk in stream():
        yield chunk
    return Reply(text=reply.choices[0].message.content)
"#);
    let chat = &f.functions[0];
    assert!(chat.is_async && chat.is_generator);
    assert_eq!(chat.decorators[0].path.dotted(), "router.post");
    assert_eq!(chat.decorators[0].args, [Expr::Str("/chat".into())]);
    assert_eq!(chat.params[1].annotation_text.as_deref(), Some("CurrentUser"));
    assert!(chat.params[2].default.as_ref().unwrap().as_call().is_some());
    assert!(
        matches!(&f.bindings[0].value, Expr::Index(p, args) if p.dotted() == "Annotated" && args.len() == 2)
    );
    let create = f.calls.iter().find(|c| c.callee.dotted() == "client.chat.completions.create").unwrap();
    assert_eq!((create.result, create.awaited), (ResultUse::Bound, true));
    assert_eq!(create.option("model"), Some(&Expr::Str("m".into())));
    let names: Vec<_> = f.bindings.iter().flat_map(|b| &b.names).map(|n| n.local.as_str()).collect();
    assert_eq!(names, ["CurrentUser", "held", "reply", "chunk"]);
    assert!(f.exports.iter().any(|e| e.name == "chat"));
}

#[test]
fn classes_with_fields_methods_and_self() {
    let f = of(r#"
class Settings(BaseSettings, extra=True):
    API_KEY: str = "x"
    MODEL: str

class Service:
    def __init__(self, client: OpenAI):
        self.client = client

    def run(self):
        return self.client.responses.create(input=f"hi {self.name}")
"#);
    let fields: Vec<_> = f.classes[0]
        .fields
        .iter()
        .map(|x| (x.name.as_str(), x.annotation.as_deref(), x.value.is_some()))
        .collect();
    assert_eq!(fields, [("API_KEY", Some("str"), true), ("MODEL", Some("str"), false)]);
    assert_eq!(f.assigns[0].target.dotted(), "self.client");
    assert_eq!(f.calls[0].callee.dotted(), "self.client.responses.create");
    assert_eq!(f.functions[1].symbol, "Service.run");
    assert_eq!(f.calls[0].option("input").unwrap().text_parts().as_deref(), Some("hi "));
}

#[test]
fn nesting_beyond_any_real_code_is_cut_off_and_not_followed() {
    drop(facts(Language::Python, &format!("x = {}1{}", "(".repeat(5000), ")".repeat(5000))));
}
