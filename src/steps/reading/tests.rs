//! Where the user is read that a handler does not know, how, and where not.

use super::plan;
use crate::answers::Answers;
use crate::catalog::Catalog;
use crate::edit::Layer;
use crate::fingerprint::fingerprint;
use crate::resolve::Program;
use crate::sites;
use crate::steps::{Area, StepContext, all};
use crate::workspace::Workspace;

const NEXT: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "dependencies": {"next": "14", "@clerk/nextjs": "4", "openai": "4", "stripe": "14"}}"#,
);
const SHOWN: (&str, &str) = (
    "app/api/plan/route.ts",
    "import { auth } from \"@clerk/nextjs\";\n\nexport async function GET() {\n  const { userId } = auth();\n  if (!userId) return new Response(\"no\", { status: 401 });\n  return Response.json({ userId });\n}\n",
);

/// A route that spends and does not say who asks.
fn route(head: &str, body: &str) -> (&'static str, String) {
    let text = format!(
        "import OpenAI from \"openai\";\n{head}\nconst openai = new OpenAI();\n\nexport async function POST(request: Request) {{\n{body}  const made = await openai.chat.completions.create({{ model: \"gpt-4o\", messages: await request.json() }});\n  return Response.json(made);\n}}\n"
    );
    ("app/api/ask/route.ts", text)
}

fn front(code: &str) -> (&'static str, String) {
    let text = format!(
        "{code}\nexport const config = {{ matcher: [\"/((?!.*\\\\..*|_next).*)\", \"/(api|trpc)(.*)\"] }};\n"
    );
    ("middleware.ts", text)
}

fn context<T>(workspace: &Workspace, answers: &str, act: impl FnOnce(&StepContext<'_>) -> T) -> T {
    let catalog = Catalog::embedded().unwrap();
    let found = fingerprint(workspace, &catalog);
    let program = Program::new(workspace);
    let sites = sites::find(&program, &catalog, &found);
    let answers = Answers::parse("credyt.toml", answers).unwrap();
    act(&StepContext {
        workspace,
        program: &program,
        catalog: &catalog,
        app: &found.apps[0],
        sites: &sites,
        answers: &answers,
        asked_for: false,
    })
}

/// The text of a file with the user read in it, and with events planned upon that; nothing where nobody is read.
fn read(files: &[(&str, &str)], answers: &str, file: &str) -> Option<(String, String)> {
    let workspace = Workspace::in_memory(files.iter().copied());
    let layers = context(&workspace, answers, plan);
    if layers.is_empty() {
        return None;
    }
    let upper = Layer::lay(&layers, &workspace).expect("the readings go together");
    let events = all().iter().find(|step| step.area() == Area::Events).unwrap();
    let planned = context(&upper, answers, |cx| events.plan(cx));
    let (changes, used) = planned.changes.over(&layers, &workspace).expect("the two come apart");
    assert!(used.iter().all(|used| *used), "an event stands on each reading: {:#?}", planned.todo);
    let text = |workspace: &Workspace| workspace.text_at(file).unwrap().as_str().to_owned();
    let joined = changes.outcome(&workspace).unwrap();
    assert_eq!(
        joined.file(file).unwrap().after().as_str(),
        planned.changes.outcome(&upper).unwrap().file(file).unwrap().after().as_str()
    );
    Some((text(&upper), text(&workspace.with_changes(joined.changes()))))
}

fn in_route(front_code: &str, answers: &str) -> Option<(String, String)> {
    let (front, (path, text)) = (front(front_code), route("", ""));
    read(&[NEXT, SHOWN, (front.0, &front.1), (path, &text)], answers, path)
}

const OPEN_LIST: &str = "import { authMiddleware } from \"@clerk/nextjs\";\nexport default authMiddleware({ publicRoutes: [\"/\", \"/api/hooks/(.*)\"] });";

#[test]
fn behind_the_file_that_turns_visitors_away_the_user_is_read_as_other_handlers_do() {
    let (read, billed) = in_route(OPEN_LIST, "").expect("the user is read");
    assert!(read.contains("import { auth } from \"@clerk/nextjs\";\n"), "{read}");
    let head = "export async function POST(request: Request) {\n  const { userId } = auth();\n  if (!userId) {\n    return Response.json({ error: \"Sign in first.\" }, {\n      status: 401,\n    });\n  }\n  const made";
    assert!(read.contains(head), "{read}");
    assert!(billed.contains(head) && billed.contains("    userId,\n"), "{billed}");
}

#[test]
fn a_path_that_is_let_through_or_not_protected_is_open() {
    for code in [
        // Sessions are only kept alive.
        "import { clerkMiddleware } from \"@clerk/nextjs/server\";\nexport default clerkMiddleware();",
        "import { authMiddleware } from \"@clerk/nextjs\";\nexport default authMiddleware({ publicRoutes: [\"/\", \"/api/ask\"] });",
        "import { clerkMiddleware, createRouteMatcher } from \"@clerk/nextjs/server\";\nconst isGuarded = createRouteMatcher([\"/dashboard(.*)\"]);\nexport default clerkMiddleware((auth, req) => { if (isGuarded(req)) auth().protect(); });",
        "export function middleware(request) {\n  return Response.redirect(new URL(\"/about\", request.url));\n}",
    ] {
        assert_eq!(in_route(code, ""), None, "{code}");
    }
    let protects = "import { clerkMiddleware, createRouteMatcher } from \"@clerk/nextjs/server\";\nconst isGuarded = createRouteMatcher([\"/dashboard(.*)\", \"/api/ask\"]);\nexport default clerkMiddleware((auth, req) => { if (isGuarded(req)) auth().protect(); });";
    assert!(in_route(protects, "").is_some());
}

#[test]
fn the_owner_may_say_that_sign_in_is_required() {
    let open = "export function middleware() {}";
    assert_eq!(in_route(open, ""), None);
    let said = "version = 1\n[events.\"app/api/ask/route.ts#POST:0\"]\nsign_in = true\n";
    assert!(in_route(open, said).is_some());
    let skipped = "version = 1\n[events.\"app/api/ask/route.ts#POST:0\"]\nsign_in = true\nskip = true\n";
    assert_eq!(in_route(OPEN_LIST, skipped), None);
}

#[test]
fn what_throws_without_a_user_vouches_where_it_is_called_in_any_case() {
    let gate = (
        "lib/gate.ts",
        "import { auth } from \"@clerk/nextjs\";\nexport async function requireUser() {\n  const { userId } = auth();\n  if (!userId) throw new Error(\"Sign in\");\n  return userId;\n}\nexport async function count() {\n  const { userId } = auth();\n  if (!userId) return 0;\n  return 1;\n}\n",
    );
    let read_with = |body: &str| {
        let (path, text) = route("import { count, requireUser } from \"@/lib/gate\";", body);
        let paths = ("tsconfig.json", r#"{"compilerOptions": {"paths": {"@/*": ["./*"]}}}"#);
        read(&[NEXT, SHOWN, gate, paths, (path, &text)], "", path)
    };
    assert!(read_with("  await requireUser();\n").is_some());
    for open in ["  await count();\n", "  if (request.headers.get(\"a\")) await requireUser();\n", ""] {
        assert_eq!(read_with(open), None, "{open}");
    }
}

#[test]
fn a_name_that_the_handler_has_already_is_not_bound_again() {
    let front = front(OPEN_LIST);
    let (path, text) = route("", "  const userId = request.headers.get(\"x-user\");\n");
    assert_eq!(read(&[NEXT, SHOWN, (front.0, &front.1), (path, &text)], "", path), None);
}

#[test]
fn a_dependency_of_the_router_is_a_parameter_of_its_routes() {
    let users = (
        "users.py",
        "from fastapi import Depends, HTTPException\nfrom fastapi.security import OAuth2PasswordBearer\nimport jwt\n\noauth2 = OAuth2PasswordBearer(tokenUrl=\"token\")\n\n\nclass User:\n    id: int\n    email: str\n\n\ndef get_current_user(token: str = Depends(oauth2)) -> User:\n    claims = jwt.decode(token, \"s\", algorithms=[\"HS256\"])\n    user = load(claims[\"sub\"])\n    if user is None:\n        raise HTTPException(status_code=401)\n    return user\n",
    );
    let main = (
        "main.py",
        "from fastapi import APIRouter, Depends, FastAPI\nfrom openai import OpenAI\n\nfrom users import User, get_current_user\n\nclient = OpenAI()\napp = FastAPI()\nrouter = APIRouter(prefix=\"/api\", dependencies=[Depends(get_current_user)])\n\n\n@app.get(\"/me\")\ndef me(user: User = Depends(get_current_user)):\n    return {\"id\": user.id}\n\n\n@router.post(\"/ask\")\ndef ask(question: str):\n    return client.responses.create(model=\"gpt-4o\", input=question)\n\n\n@app.post(\"/open\")\ndef open_to_all(question: str):\n    return question\n\n\napp.include_router(router)\n",
    );
    let requirements = ("requirements.txt", "fastapi\nopenai\npyjwt\n");
    let (read, billed) = read(&[requirements, users, main], "", "main.py").expect("the user is read");
    assert!(read.contains("def ask(question: str, user: User = Depends(get_current_user)):\n"), "{read}");
    assert!(read.contains("def open_to_all(question: str):\n"), "{read}");
    assert!(billed.contains("user_id=str(user.id)"), "{billed}");
}
