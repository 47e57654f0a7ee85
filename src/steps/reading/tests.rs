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

const SAID: &str = "version = 1\n[events.\"app/api/ask/route.ts#POST:0\"]\nsign_in = true\n";

fn in_route(front_code: &str, answers: &str) -> Option<(String, String)> {
    let (front, (path, text)) = (front(front_code), route("", ""));
    read(&[NEXT, SHOWN, (front.0, &front.1), (path, &text)], answers, path)
}

#[test]
fn where_the_owner_requires_sign_in_the_user_is_read_as_other_handlers_do() {
    let (read, billed) = in_route("export function middleware() {}", SAID).expect("the user is read");
    assert!(read.contains("import { auth } from \"@clerk/nextjs\";\n"), "{read}");
    let head = "export async function POST(request: Request) {\n  const { userId } = auth();\n  if (!userId) {\n    return Response.json({ error: \"Sign in first.\" }, {\n      status: 401,\n    });\n  }\n  const made";
    assert!(read.contains(head), "{read}");
    assert!(billed.contains(head) && billed.contains("    userId,\n"), "{billed}");
    let skipped = format!("{SAID}skip = true\n");
    assert_eq!(in_route("export function middleware() {}", &skipped), None);
}

#[test]
fn what_stands_in_front_of_all_routes_does_not_say_that_one_is_closed() {
    for code in [
        "import { clerkMiddleware } from \"@clerk/nextjs/server\";\nexport default clerkMiddleware();",
        "import { authMiddleware } from \"@clerk/nextjs\";\nexport default authMiddleware({ publicRoutes: [\"/\"] });",
        "import { clerkMiddleware } from \"@clerk/nextjs/server\";\nexport default clerkMiddleware(async (auth, req) => {\n  if (req.nextUrl.pathname === \"/api/ask\") return;\n  await auth.protect();\n});",
    ] {
        assert_eq!(in_route(code, ""), None, "{code}");
    }
}

#[test]
fn what_a_machine_calls_is_never_given_a_sign_in() {
    let (path, text) = route(
        "",
        "  if (request.headers.get(\"authorization\") !== process.env.CRON_SECRET) return new Response();\n",
    );
    assert_eq!(read(&[NEXT, SHOWN, (path, &text)], SAID, path), None);
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
    for open in [
        "",
        "  await count();\n",
        "  if (request.headers.get(\"a\")) await requireUser();\n",
        "  try { await requireUser(); } catch {}\n",
        "  await requireUser().catch(() => {});\n",
        "  await Promise.allSettled([requireUser()]);\n",
        "  void requireUser();\n",
        "  if (request.headers.get(\"a\")) return new Response();\n  await requireUser();\n",
    ] {
        assert_eq!(read_with(open), None, "{open}");
    }
}

#[test]
fn a_name_that_the_handler_has_already_is_not_bound_again() {
    let (path, text) = route("", "  const userId = request.headers.get(\"x-user\");\n");
    assert_eq!(read(&[NEXT, SHOWN, (path, &text)], SAID, path), None);
}

#[test]
fn a_dependency_of_the_router_is_a_parameter_of_its_routes() {
    let users = (
        "users.py",
        "from fastapi import Depends, HTTPException\nfrom fastapi.security import OAuth2PasswordBearer\nimport jwt\n\noauth2 = OAuth2PasswordBearer(tokenUrl=\"token\")\n\n\nclass User:\n    id: int\n    email: str\n\n\ndef get_current_user(token: str = Depends(oauth2)) -> User:\n    claims = jwt.decode(token, \"s\", algorithms=[\"HS256\"])\n    user = load(claims[\"sub\"])\n    if user is None:\n        raise HTTPException(status_code=401)\n    return user\n\n\ndef maybe_user(token: str = Depends(oauth2)):\n    try:\n        return get_current_user(token)\n    except HTTPException:\n        return None\n",
    );
    let python = |dependency: &str, body: &str, more: &str| {
        let main = format!(
            "from fastapi import APIRouter, Depends, FastAPI\nfrom openai import OpenAI\n\nfrom users import User, get_current_user, maybe_user\n\nclient = OpenAI()\napp = FastAPI()\nrouter = APIRouter(prefix=\"/api\", dependencies=[Depends({dependency})])\n\n\n@app.get(\"/me\")\ndef me(user: User = Depends(get_current_user)):\n    return {{\"id\": user.id}}\n\n\n@router.post(\"/ask\")\ndef ask(question: str):\n{body}    return client.responses.create(model=\"gpt-4o\", input=question)\n\n\n@app.post(\"/open\")\ndef open_to_all(question: str):\n    return {more}\n\n\napp.include_router(router)\n"
        );
        let requirements = ("requirements.txt", "fastapi\nopenai\npyjwt\n");
        read(&[requirements, users, ("main.py", main.as_str())], "", "main.py")
    };
    let (read, billed) = python("get_current_user", "", "question").expect("the user is read");
    assert!(read.contains("def ask(question: str, user: User = Depends(get_current_user)):\n"), "{read}");
    assert!(read.contains("def open_to_all(question: str):\n"), "{read}");
    assert!(billed.contains("user_id=str(user.id)"), "{billed}");
    // A dependency that lets visitors through, a name that is taken, a caller that would not hand the user over.
    assert_eq!(python("maybe_user", "", "question"), None);
    assert_eq!(python("get_current_user", "    user = question.upper()\n", "question"), None);
    assert_eq!(python("get_current_user", "", "ask(question)"), None);
}
