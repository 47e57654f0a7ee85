use crate::steps::Area;
use crate::steps::paid::tests::plan;

/// The module behind the events step, of routes that have `work` run, and what is said of what is left.
fn after(work: &str, routes: &str) -> (String, String) {
    let head = "import asyncio\nimport jwt\nfrom threading import Thread\nfrom fastapi import BackgroundTasks, Depends, FastAPI\nfrom fastapi.security import OAuth2PasswordBearer\nfrom openai import OpenAI\nfrom rq import Queue\n\napp = FastAPI()\nclient = OpenAI()\nqueue = Queue()\noauth = OAuth2PasswordBearer(tokenUrl=\"t\")\n\n\ndef sign(user_id: str) -> str:\n    return jwt.encode({\"sub\": user_id}, \"s\")\n\n\ndef current_user_id(token: str = Depends(oauth)) -> str:\n    return jwt.decode(token, \"s\")[\"sub\"]\n";
    let main = format!("{head}\n\n{work}\n\n\n{routes}\n");
    let files = [("requirements.txt", "fastapi\nopenai\npyjwt\nrq\n"), ("main.py", main.as_str())];
    let (plan, text) = plan(&files, Area::Events, "main.py");
    let todo = plan.todo.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    (text, todo)
}

const WORK: &str = "def work(text: str):\n    answer = client.responses.create(model=\"m\", input=text)\n    print(answer.output_text)";

fn route(params: &str, body: &str) -> String {
    format!("@app.post(\"/a\")\nasync def a(text: str{params}):\n    {body}")
}

const SIGNED_IN: &str = ", tasks: BackgroundTasks, user_id: str = Depends(current_user_id)";

#[test]
fn whoever_has_it_run_hands_the_payer_over() {
    for (call, wanted) in [
        ("tasks.add_task(work, text)", "tasks.add_task(work, text, user_id=user_id)"),
        (
            "Thread(target=work, args=(text,)).start()",
            "Thread(target=work, args=(text,), kwargs={\"user_id\": user_id}).start()",
        ),
        (
            "Thread(target=work, kwargs={\"text\": text}).start()",
            "Thread(target=work, kwargs={\"text\": text, \"user_id\": user_id}).start()",
        ),
        (
            "asyncio.get_running_loop().run_in_executor(None, work, text)",
            "run_in_executor(None, work, text, user_id)",
        ),
    ] {
        let (text, todo) = after(WORK, &route(SIGNED_IN, call));
        assert!(text.contains(wanted), "{text}\n{todo}");
        assert!(text.contains("def work(text: str, user_id: str):"), "{text}");
        assert!(text.contains("    record_usage(\n        user_id=user_id,"), "{text}");
    }
}

#[test]
fn what_waits_in_a_queue_from_before_is_not_billed() {
    let (text, _) = after(WORK, &route(SIGNED_IN, "queue.enqueue(work, text)"));
    assert!(text.contains("queue.enqueue(work, text, user_id=user_id)"), "{text}");
    assert!(text.contains("def work(text: str, user_id=None):"), "{text}");
    assert!(text.contains("    if user_id is not None:\n        record_usage(\n"), "{text}");
}

#[test]
fn a_function_above_names_the_payer_for_what_it_calls() {
    let work =
        format!("{}\n\n\ndef work(text: str):\n    inner(text)", WORK.replace("def work", "def inner"));
    let (text, todo) = after(&work, &route(SIGNED_IN, "tasks.add_task(work, text)"));
    assert!(
        text.contains("def work(text: str, user_id: str):\n    with bill_to(user_id):\n        inner(text)"),
        "{text}\n{todo}"
    );
    assert!(text.contains("user_id=current_payer(),"), "{text}");
    // It is told already.
    let told = work.replace("def work(text: str)", "def work(text: str, owner: str)");
    let (text, todo) = after(&told, &route(SIGNED_IN, "tasks.add_task(work, text, user_id)"));
    assert!(
        text.contains("def work(text: str, owner: str):\n    with bill_to(owner):\n        inner(text)"),
        "{text}\n{todo}"
    );
}

#[test]
fn all_of_them_or_nobody() {
    let mine = route(SIGNED_IN, "tasks.add_task(work, text)");
    let open = route(", tasks: BackgroundTasks", "tasks.add_task(work, text)")
        .replace("/a", "/b")
        .replace("def a", "def b");
    let stored = "app.add_event_handler(\"shutdown\", work)";
    for others in [open.as_str(), stored] {
        let (text, todo) = after(WORK, &format!("{mine}\n\n\n{others}"));
        assert!(!text.contains("record_usage") && text.contains("def work(text: str):"), "{text}");
        assert!(todo.contains("is not billed"), "{todo}");
    }
}
