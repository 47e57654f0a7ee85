use super::*;
use crate::syntax::FunctionId;
use crate::workspace::Workspace;

fn program(files: &[(&str, &str)]) -> Program {
    Program::new(&Workspace::in_memory(files.iter().copied()))
}

fn id(p: &Program, path: &str) -> FileId {
    p.workspace().find(path).unwrap()
}

/// What the callee of the first call in a file stands for.
fn first_callee(p: &Program, path: &str) -> Def {
    callee(p, path, 0)
}

fn callee(p: &Program, path: &str, n: usize) -> Def {
    let file = id(p, path);
    let call = &p.facts(file).calls[n];
    p.resolve_path(file, call.function, &call.callee)
}

#[test]
fn aliases_barrels_and_extension_swaps_lead_to_the_function() {
    let p = program(&[
        (
            "tsconfig.json",
            r#"{ "extends": "@scope/missing/base.json", "references": [{ "path": "./made/tsconfig.json" }], "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }"#,
        ),
        ("src/lib/index.ts", "export * from './gen';"),
        ("src/lib/gen.ts", "export async function generate() {}"),
        (
            "src/app/route.ts",
            "import { generate as g } from '@/lib';\nexport async function POST() { await g(); }",
        ),
        ("src/app/rel.ts", "import { generate } from '../lib/gen.js';\ngenerate();"),
    ]);
    let target = Def::Function(id(&p, "src/lib/gen.ts"), FunctionId(0));
    assert_eq!(first_callee(&p, "src/app/route.ts"), target);
    assert_eq!(first_callee(&p, "src/app/rel.ts"), target);
    let callers = p.callers(id(&p, "src/lib/gen.ts"), FunctionId(0));
    assert_eq!(callers.len(), 2, "also the call under an alias");
}

/// Configurations that each extend the next; `of` says how.
fn chain(length: usize, of: impl Fn(usize) -> String) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        (0..length).map(|n| (format!("t{n}.json"), format!(r#"{{ "extends": {} }}"#, of(n + 1)))).collect();
    let paths = r#""compilerOptions": { "paths": { "@/*": ["./src/*"] } }"#;
    files.push((format!("t{length}.json"), format!("{{ {paths} }}")));
    files.push(("tsconfig.json".to_owned(), format!(r#"{{ "extends": "./t0.json", {paths} }}"#)));
    files.push(("src/gen.ts".to_owned(), "export async function generate() {}".to_owned()));
    files.push(("src/a.ts".to_owned(), "import { generate } from '@/gen';\ngenerate();".to_owned()));
    files
}

#[test]
fn a_chain_of_configurations_that_does_not_end_is_cut() {
    let ways: [fn(usize) -> String; 3] = [
        |next| format!(r#""./t{next}.json""#),
        |next| format!(r#"["./tsconfig.missing.json", "./t{next}.json"]"#),
        |next| format!(r#"["./t{0}.json", "./t{next}.json"]"#, next + 1),
    ];
    for of in ways {
        for length in [3, 3000] {
            let files = chain(length, of);
            let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
            let p = program(&files);
            let target = Def::Function(id(&p, "src/gen.ts"), FunctionId(0));
            assert_eq!(first_callee(&p, "src/a.ts"), target, "{length} {}", of(1));
        }
    }
}

#[test]
fn workspace_packages_resolve_without_an_install_or_a_build() {
    let p = program(&[
        ("packages/ai/package.json", r#"{ "name": "@acme/ai", "exports": { ".": "./dist/index.js" } }"#),
        ("packages/ai/src/index.ts", "export const ask = async () => {};"),
        ("apps/web/package.json", r#"{ "name": "web" }"#),
        ("apps/web/a.ts", "import { ask } from '@acme/ai';\nask();"),
    ]);
    assert_eq!(
        first_callee(&p, "apps/web/a.ts"),
        Def::Function(id(&p, "packages/ai/src/index.ts"), FunctionId(0))
    );
}

#[test]
fn an_sdk_client_is_followed_through_fields_singletons_and_modules() {
    let p = program(&[
        ("client.ts", "import OpenAI from 'openai';\nexport const ai = new OpenAI();"),
        ("a.ts", "import { ai } from './client';\nai.chat.completions.create({});"),
        (
            "b.ts",
            "import Anthropic from '@anthropic-ai/sdk';\nclass W { private c = new Anthropic(); go() { return this.c.messages.create({}); } }",
        ),
        ("c.ts", "class O { x() {} }\nconst openai = new O();\nopenai.x();"),
    ]);
    let outside =
        |m: &str, path: &[&str]| Def::Outside(m.into(), path.iter().map(|s| (*s).to_owned()).collect());
    assert_eq!(
        first_callee(&p, "a.ts"),
        outside("openai", &["default", "()", "chat", "completions", "create"])
    );
    assert_eq!(callee(&p, "b.ts", 1), outside("@anthropic-ai/sdk", &["default", "()", "messages", "create"]));
    assert!(
        matches!(callee(&p, "c.ts", 1), Def::Function(..)),
        "a class of the app that shadows an SDK's name"
    );
}

#[test]
fn python_packages_submodules_and_self_attributes() {
    let p = program(&[
        ("app/__init__.py", ""),
        ("app/services/__init__.py", "from .llm import ask\n"),
        (
            "app/services/llm.py",
            "from openai import OpenAI\nclient = OpenAI()\ndef ask():\n    return client.chat.completions.create()\n",
        ),
        (
            "app/main.py",
            "from app.services import ask, llm\nimport app.services.llm as l\nask()\nllm.ask()\nl.ask()\n",
        ),
        (
            "app/w.py",
            "from openai import AsyncOpenAI\nclass W:\n    def __init__(self):\n        self.c = AsyncOpenAI()\n    async def go(self):\n        await self.c.images.generate()\n",
        ),
    ]);
    let target = Def::Function(id(&p, "app/services/llm.py"), FunctionId(0));
    for n in 0..3 {
        assert_eq!(callee(&p, "app/main.py", n), target, "call {n}");
    }
    let outside =
        |m: &str, path: &[&str]| Def::Outside(m.into(), path.iter().map(|s| (*s).to_owned()).collect());
    assert_eq!(
        callee(&p, "app/services/llm.py", 1),
        outside("openai", &["OpenAI", "()", "chat", "completions", "create"])
    );
    assert_eq!(callee(&p, "app/w.py", 1), outside("openai", &["AsyncOpenAI", "()", "images", "generate"]));
    assert_eq!(p.callers(id(&p, "app/services/llm.py"), FunctionId(0)).len(), 3);
}

#[test]
fn types_that_say_more_about_a_type_are_that_type() {
    let p = program(&[(
        "a.py",
        "from typing import Annotated, Optional\nimport openai\nfrom fastapi import Depends\ndef made():\n    return openai.OpenAI()\nAi = Annotated[openai.OpenAI, Depends(made)]\ndef f(a: Annotated[openai.OpenAI, Depends(made)], b: Optional[openai.OpenAI], c: Ai, d=Depends(made), e: list[openai.OpenAI] = []):\n    a.x()\n    b.x()\n    c.x()\n    d.x()\n    e.x()\n",
    )]);
    let client = Def::Outside("openai".into(), ["OpenAI", "()", "x"].map(str::to_owned).to_vec());
    let file = id(&p, "a.py");
    let facts = p.facts(file);
    let made = |name: &str| {
        let call = facts.calls.iter().find(|c| c.callee.dotted() == format!("{name}.x")).unwrap();
        p.resolve_path(file, call.function, &call.callee)
    };
    for name in ["a", "b", "c", "d"] {
        assert_eq!(made(name), client, "{name}");
    }
    assert_ne!(made("e"), client, "a list of clients is none");
}

#[test]
fn handlers_handed_over_are_found_in_commonjs() {
    let p = program(&[
        ("controllers/image.js", "exports.create = async (req, res) => {};"),
        (
            "app.js",
            "const image = require('./controllers/image');\nconst { create } = require('./controllers/image');\napp.post('/i', auth, image.create);\napp.post('/j', create);",
        ),
    ]);
    let over = p.handed_over(id(&p, "controllers/image.js"), FunctionId(0));
    let positions: Vec<_> = over.iter().map(|(_, _, at)| *at).collect();
    assert_eq!(positions, [2, 1]);
}

#[test]
fn a_value_made_from_its_own_name_is_the_one_before() {
    let p = program(&[(
        "a.py",
        "from sqlmodel import select\n\ndef f(query):\n    query = query.where(1)\n\ndef g():\n    rows = select(1)\n    rows = rows.where(2)\n\ndef h():\n    a = b.next()\n    b = a.next()\n",
    )]);
    let file = id(&p, "a.py");
    assert_eq!(callee(&p, "a.py", 0), Def::Param(file, FunctionId(0), 0, vec!["where".into()]));
    assert!(matches!(callee(&p, "a.py", 2), Def::Outside(module, _) if module == "sqlmodel"));
    // Circles end.
    drop((callee(&p, "a.py", 3), callee(&p, "a.py", 4)));
}

#[test]
fn values_made_from_themselves_end() {
    let p = program(&[
        ("a.ts", "import { b } from './b';\nexport const a = b.x();\na.y();"),
        ("b.ts", "import { a } from './a';\nexport const b = a.z();"),
        (
            "c.py",
            "class A:\n    def __init__(self):\n        self.n = self.n.m\n    def go(self):\n        self.n.run()\n",
        ),
    ]);
    assert!(matches!(callee(&p, "a.ts", 1), Def::Unknown | Def::Value(..)));
    assert!(matches!(first_callee(&p, "c.py"), Def::Unknown | Def::Value(..)));
}

#[test]
fn the_inside_of_a_package_is_no_import_root() {
    let p = program(&[
        ("app/__init__.py", ""),
        ("app/billing/__init__.py", ""),
        ("app/billing/stripe/__init__.py", "def charge(): pass\n"),
        (
            "app/billing/views.py",
            "import stripe\nfrom app.billing.stripe import charge\nstripe.charge()\ncharge()\n",
        ),
    ]);
    let charge = Def::Function(id(&p, "app/billing/stripe/__init__.py"), FunctionId(0));
    assert_eq!(callee(&p, "app/billing/views.py", 0), Def::Outside("stripe".into(), vec!["charge".into()]));
    assert_eq!(callee(&p, "app/billing/views.py", 1), charge);
}

#[test]
fn the_inside_of_a_namespace_package_is_no_import_root() {
    let p = program(&[
        ("app/core/config.py", "def settings():\n    pass\n"),
        (
            "app/core/flows/graph.py",
            "from flows.graph import Graph\nfrom app.core.config import settings\n\nGraph()\nsettings()\n",
        ),
        ("tool/api/tool/text.py", "def clean():\n    pass\n"),
        ("tool/api/main.py", "from tool.text import clean\n\nclean()\n"),
    ]);
    let outside = Def::Outside("flows.graph".to_owned(), vec!["Graph".to_owned()]);
    assert_eq!(callee(&p, "app/core/flows/graph.py", 0), outside, "a library of the same name");
    let settings = Def::Function(id(&p, "app/core/config.py"), FunctionId(0));
    assert_eq!(callee(&p, "app/core/flows/graph.py", 1), settings);
    let clean = Def::Function(id(&p, "tool/api/tool/text.py"), FunctionId(0));
    assert_eq!(callee(&p, "tool/api/main.py", 0), clean, "a folder that only has the name of one above");
}

#[test]
fn a_python_module_called_like_a_package_it_uses_is_not_that_package() {
    let namesake = "from openai import OpenAI\n\nclient = OpenAI()\nclient.responses.create()\n";
    let p = program(&[
        ("app/main.py", "from app.services.openai import client\n\nclient.responses.create()\n"),
        ("app/services/openai.py", namesake),
        ("app/services/titles.py", "import openai\n\nopenai.OpenAI()\n"),
        ("scripts/helpers.py", "def go():\n    pass\n"),
        ("scripts/run.py", "import helpers\n\nhelpers.go()\n"),
    ]);
    let outside =
        |path: &[&str]| Def::Outside("openai".into(), path.iter().map(|s| (*s).to_owned()).collect());
    let call = outside(&["OpenAI", "()", "responses", "create"]);
    assert_eq!(callee(&p, "app/services/openai.py", 0), outside(&["OpenAI"]));
    assert_eq!(callee(&p, "app/services/openai.py", 1), call);
    assert_eq!(first_callee(&p, "app/services/titles.py"), outside(&["OpenAI"]));
    assert_eq!(first_callee(&p, "app/main.py"), call, "its users still find the module");
    assert_eq!(
        first_callee(&p, "scripts/run.py"),
        Def::Function(id(&p, "scripts/helpers.py"), FunctionId(0))
    );
}

/// The calls that come to the first method of this name in a file, as `path:callee`.
fn coming(p: &Program, path: &str, name: &str) -> Vec<String> {
    let file = id(p, path);
    let function = p.facts(file).function_ids().find(|f| p.facts(file).function(*f).name == name).unwrap();
    let calls = p.callers(file, function).into_iter();
    calls
        .map(|(at, call)| {
            format!("{}:{}", p.workspace().entry(at).path, p.facts(at).call(call).callee.dotted())
        })
        .collect()
}

#[test]
fn a_method_is_called_through_what_its_class_stands_for() {
    let p = program(&[
        (
            "src/writer.ts",
            "export abstract class Writer {\n  abstract write(text: string): Promise<string>;\n}\n",
        ),
        (
            "src/quick.ts",
            "import { Writer } from './writer';\nexport class Quick extends Writer {\n  async write(text: string) {\n    return text;\n  }\n}\n",
        ),
        (
            "src/table.ts",
            "import { Quick } from './quick';\nimport { Writer } from './writer';\nexport class Table {\n  private writers: Record<string, Writer> = { quick: new Quick() };\n  async first(text: string) {\n    for (const writer of Object.values(this.writers)) {\n      return writer.write(text);\n    }\n  }\n  async named(name: string, text: string) {\n    return this.writers[name].write(text);\n  }\n}\n",
        ),
        ("src/log.ts", "export function log(file: Disk) {\n  file.write('x');\n  other().write('y');\n}\n"),
    ]);
    assert_eq!(
        coming(&p, "src/quick.ts", "write"),
        ["src/table.ts:writer.write", "src/table.ts:this.writers.[].write"]
    );
}

#[test]
fn an_interface_stands_for_classes_and_objects() {
    let p = program(&[
        ("src/types.ts", "export interface Drawer {\n  draw(text: string): Promise<string>;\n}\n"),
        (
            "src/ink.ts",
            "import type { Drawer } from './types';\nexport class Ink implements Drawer {\n  async draw(text: string) {\n    return text;\n  }\n}\nexport const pencil: Drawer = {\n  async draw(text) {\n    return text;\n  },\n};\n",
        ),
        (
            "src/use.ts",
            "import type { Drawer } from './types';\nexport const show = (drawer: Drawer) => drawer.draw('x');\nexport const many = (drawers: Map<string, Drawer>, name: string) => drawers.get(name)!.draw('y');\n",
        ),
    ]);
    let calls = ["src/use.ts:drawer.draw", "src/use.ts:drawers.get().draw"];
    assert_eq!(coming(&p, "src/ink.ts", "draw").len(), calls.len());
    let python = program(&[
        ("base.py", "class Base:\n    def run(self):\n        raise NotImplementedError\n"),
        ("fast.py", "from base import Base\n\nclass Fast(Base):\n    def run(self):\n        return 1\n"),
        (
            "use.py",
            "from base import Base\nfrom fast import Fast\n\nTABLE: dict[str, Base] = {\"fast\": Fast()}\n\ndef pick(name: str) -> Base:\n    return TABLE[name]\n\ndef go(name):\n    pick(name).run()\n    worker = TABLE.get(name)\n    worker.run()\n",
        ),
    ]);
    assert_eq!(coming(&python, "fast.py", "run").len(), 2);
}

#[test]
fn names_and_prefixes_that_a_framework_brings() {
    let p = program(&[
        ("web/nuxt.config.ts", "export default {};\n"),
        ("web/server/utils/ask.ts", "export function ask() {}\n"),
        ("web/server/services/pay.ts", "export function pay() {}\n"),
        ("web/server/api/a.ts", "import { pay } from '~~/server/services/pay';\nask();\npay();\n"),
        ("web/app/page.ts", "ask();\n"),
        ("kit/svelte.config.js", "export default {};\n"),
        ("kit/src/lib/db.ts", "export function open() {}\n"),
        ("kit/src/routes/+server.ts", "import { open } from '$lib/db';\nopen();\n"),
        ("plain/server/api/b.ts", "ask();\n"),
    ]);
    let function = |path: &str| Def::Function(id(&p, path), FunctionId(0));
    assert_eq!(callee(&p, "web/server/api/a.ts", 0), function("web/server/utils/ask.ts"));
    assert_eq!(callee(&p, "web/server/api/a.ts", 1), function("web/server/services/pay.ts"));
    assert_eq!(first_callee(&p, "web/app/page.ts"), Def::Unknown, "only the server sees its helpers");
    assert_eq!(first_callee(&p, "kit/src/routes/+server.ts"), function("kit/src/lib/db.ts"));
    assert_eq!(first_callee(&p, "plain/server/api/b.ts"), Def::Unknown);
}

#[test]
fn a_package_in_which_the_app_is_started_is_an_import_root() {
    let files = |more: &[(&'static str, &'static str)]| {
        let own = [
            ("Backend/__init__.py", ""),
            ("Backend/core/users.py", "def made():\n    pass\n"),
            ("Backend/routers/a.py", "from users import made\n\nmade()\n"),
            ("Backend/users.py", "def made():\n    pass\n"),
            (
                "Backend/routers/b.py",
                "from core.users import made\nfrom users import made as other\n\nmade()\nother()\n",
            ),
        ];
        program(&own.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let p = files(&[("Backend/requirements.txt", "fastapi\n")]);
    let made = |p: &Program, path: &str| Def::Function(id(p, path), FunctionId(0));
    assert_eq!(first_callee(&p, "Backend/routers/a.py"), made(&p, "Backend/users.py"));
    let p = files(&[]);
    let alone = first_callee(&p, "Backend/routers/a.py");
    assert_ne!(alone, made(&p, "Backend/users.py"), "it could be any package's");
    // Who imports a module of a package of it shows where imports begin.
    assert_eq!(callee(&p, "Backend/routers/b.py", 0), made(&p, "Backend/core/users.py"));
    assert_eq!(callee(&p, "Backend/routers/b.py", 1), made(&p, "Backend/users.py"));
}

#[test]
fn a_python_package_hides_the_module_of_its_name() {
    let p = program(&[
        ("app/__init__.py", ""),
        ("app/models.py", "def made():\n    pass\n"),
        ("app/models/__init__.py", "def made():\n    pass\n"),
        ("app/main.py", "from app.models import made\n\nmade()\n"),
    ]);
    assert_eq!(
        first_callee(&p, "app/main.py"),
        Def::Function(id(&p, "app/models/__init__.py"), FunctionId(0))
    );
}

#[test]
fn what_a_field_is_given_says_more_than_its_type() {
    let p = program(&[(
        "src/a.ts",
        "import { Client, Model } from 'vendor';\nclass Service {\n  private model: Model;\n  constructor() {\n    this.model = new Client().pick({});\n  }\n  async ask() {\n    return this.model.write('x');\n  }\n}\n",
    )]);
    let facts = p.facts(id(&p, "src/a.ts"));
    let at = facts.calls.iter().position(|c| c.callee.last() == Some("write")).unwrap();
    let Def::Outside(module, members) = callee(&p, "src/a.ts", at) else { panic!("it leads outside") };
    assert_eq!((module.as_str(), members.join(".")), ("vendor", "Client.().pick.().write".to_owned()));
}

#[test]
fn paths_of_a_configuration_that_lists_typed_files_count_for_the_others() {
    let p = program(&[
        (
            "tsconfig.json",
            r#"{ "compilerOptions": { "allowJs": true, "paths": { "@/lib/*": ["./lib/*"] } }, "include": ["**/*.ts"] }"#,
        ),
        ("lib/gen.ts", "export async function generate() {}"),
        ("app/route.js", "import { generate } from '@/lib/gen';\ngenerate();"),
    ]);
    assert_eq!(first_callee(&p, "app/route.js"), Def::Function(id(&p, "lib/gen.ts"), FunctionId(0)));
}

#[test]
fn what_is_nothing_for_want_of_something_is_that() {
    let p = program(&[
        ("voice.py", "class Voice:\n    def speak(self):\n        pass\n"),
        (
            "main.py",
            "from voice import Voice\n\ntry:\n    voice = Voice()\nexcept Exception:\n    voice = None\n\n\ndef speak():\n    voice.speak()\n",
        ),
    ]);
    assert_eq!(callee(&p, "main.py", 1), Def::Function(id(&p, "voice.py"), FunctionId(0)));
}
