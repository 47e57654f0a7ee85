use crate::sites::tests::{lines, memory};

const PYTHON: &[&str] = &[
    "frameworks/fastapi",
    "auth/jwt-custom",
    "providers/openai",
    "workers/python-tasks",
    "workers/rq",
    "workers/huey",
    "workers/apscheduler",
    "workers/taskiq",
];

/// What is said of the one paid call in `ask`, which a route has run by some lines.
fn asked(head: &str, params: &str, lines_of_route: &str) -> String {
    let main = format!(
        "from fastapi import Depends, FastAPI\nfrom auth import current_user_id\nfrom jobs import ask, huey\n{head}\napp = FastAPI()\n@app.post('/a')\nasync def a(text: str, {params}user_id: str = Depends(current_user_id)):\n    {lines_of_route}\n"
    );
    let decorator = if lines_of_route.starts_with("ask(") || lines_of_route.starts_with("ask.schedule") {
        "@huey.task()\n"
    } else {
        ""
    };
    let jobs = format!(
        "from huey import RedisHuey\nfrom openai import OpenAI\nclient = OpenAI()\nhuey = RedisHuey()\n{decorator}def ask(text, owner):\n    return client.responses.create(model='m', input=text)\n"
    );
    let ws = memory(&[
        (
            "auth.py",
            "import jwt\ndef current_user_id(token: str) -> str:\n    return jwt.decode(token, 's')['sub']\n",
        ),
        ("jobs.py", &jobs),
        ("main.py", &main),
    ]);
    let found = lines(&ws, PYTHON);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].rsplit(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn what_is_handed_over_along_with_a_function_comes_to_its_parameters() {
    let tasks = "from fastapi import BackgroundTasks";
    let io = "import asyncio, functools";
    let pool = "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor()";
    let rq = "from rq import Queue\nqueue = Queue()";
    let scheduler =
        "from apscheduler.schedulers.background import BackgroundScheduler\nlater = BackgroundScheduler()";
    for (head, params, route) in [
        (tasks, "tasks: BackgroundTasks, ", "tasks.add_task(ask, text, user_id)"),
        (tasks, "tasks: BackgroundTasks, ", "tasks.add_task(ask, text=text, owner=user_id)"),
        (io, "", "await asyncio.to_thread(ask, text, user_id)"),
        (io, "", "await asyncio.get_running_loop().run_in_executor(None, ask, text, user_id)"),
        (
            io,
            "",
            "loop = asyncio.get_event_loop()\n    await loop.run_in_executor(None, functools.partial(ask, text, owner=user_id))",
        ),
        ("import threading", "", "threading.Thread(target=ask, args=(text, user_id)).start()"),
        ("from threading import Thread", "", "Thread(target=ask, args=(text, user_id), daemon=True).start()"),
        (
            "from threading import Thread",
            "",
            "Thread(target=ask, kwargs={'text': text, 'owner': user_id}).start()",
        ),
        (pool, "", "pool.submit(ask, text, user_id)"),
        (pool, "", "with ThreadPoolExecutor() as own:\n        own.submit(ask, text, owner=user_id)"),
        (rq, "", "queue.enqueue(ask, text, user_id, job_timeout=9)"),
        (rq, "", "queue.enqueue(ask, args=(text, user_id))"),
        (rq, "", "queue.enqueue_in(9, ask, text, user_id)"),
        (scheduler, "", "later.add_job(ask, args=[text, user_id])"),
        ("", "", "ask(text, user_id)"),
        ("", "", "ask.schedule(args=(text, user_id), delay=9)"),
        ("", "", "await ask.kiq(text, user_id)"),
    ] {
        assert_eq!(asked(head, params, route), "owner@call", "{route}");
    }
}

#[test]
fn what_somebody_else_hands_over_names_nobody() {
    let io = "import asyncio";
    for route in [
        "await asyncio.to_thread(ask, user_id, text)",
        "await asyncio.to_thread(ask, text)",
        "await asyncio.to_thread(print, ask, user_id)",
        "await asyncio.to_thread(ask, text, user_id)\n\n@app.post('/b')\nasync def b(text: str, owner: str):\n    await asyncio.to_thread(ask, text, owner)",
        "await asyncio.to_thread(ask, text, user_id)\n\n@app.post('/b')\nasync def b(text: str):\n    await asyncio.to_thread(ask, text, None)",
        "await asyncio.to_thread(ask, text, user_id)\n\n@app.post('/b')\nasync def b(text: str):\n    await asyncio.to_thread(ask, text)",
    ] {
        assert_ne!(asked(io, "", route), "owner@call", "{route}");
    }
}

const SENT: &[&str] =
    &["frameworks/express", "auth/jwt-custom", "providers/openai", "workers/inngest", "workers/trigger-dev"];

/// What is said of the one paid call in a worker, which routes have run.
fn told(worker: &str, routes: &str) -> String {
    let app = format!(
        "const app = require('express')();\nconst {{ tasks }} = require('@trigger.dev/sdk');\nconst {{ inngest, draw }} = require('./worker');\nconst {{ requireAuth }} = require('./auth');\n{routes}\n"
    );
    let worker = format!(
        "const {{ Inngest }} = require('inngest');\nconst {{ task }} = require('@trigger.dev/sdk');\nconst OpenAI = require('openai');\nconst ai = new OpenAI();\nconst inngest = new Inngest({{ id: 'x' }});\n{worker}\nmodule.exports = {{ inngest, draw }};\n"
    );
    let ws = memory(&[
        (
            "auth.js",
            "const jwt = require('jsonwebtoken');\nexports.requireAuth = (req, res, next) => { req.user = jwt.verify(req.get('a'), 's'); next(); };",
        ),
        ("app.js", &app),
        ("worker.js", &worker),
    ]);
    let found = lines(&ws, SENT);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].rsplit_once(' ').map(|(_, end)| end.to_owned()).unwrap_or_default()
}

#[test]
fn the_payer_of_an_event_is_in_its_data() {
    let send = "app.post('/a', requireAuth, async (req, res) => {\n  await inngest.send({ name: 'draw', data: { owner: req.user.id } });\n});";
    let listed = send.replace("({ name", "([{ name").replace("} })", "} }])");
    let body = "await ai.responses.create({ input: 'x' });";
    let listen = |params: &str, body: &str| {
        format!(
            "const draw = inngest.createFunction({{ id: 'd' }}, {{ event: 'draw' }}, async ({params}) => {{ {body} }});"
        )
    };
    let step = listen("{ event, step }", &format!("await step.run('a', async () => {{ {body} }});"));
    for (worker, send, payer) in [
        (listen("{ event }", body), send, "event.data.owner@call"),
        (listen("ctx", body), send, "ctx.event.data.owner@call"),
        (listen("{ event: { data: { owner } } }", body), send, "owner@call"),
        (step, send, "event.data.owner@call"),
        (listen("{ event }", body), listed.as_str(), "event.data.owner@call"),
    ] {
        assert_eq!(told(&worker, send), payer, "{worker}");
    }
    // Another sender that says somebody else, a clock, another event.
    let plain = listen("{ event }", body);
    let other = format!(
        "{send}\napp.post('/b', async (req, res) => {{\n  await inngest.send({{ name: 'draw', data: {{ owner: req.body.owner }} }});\n}});"
    );
    let nobody = format!(
        "{send}\napp.post('/b', async (req, res) => {{\n  await inngest.send({{ name: 'draw', data: {{}} }});\n}});"
    );
    for (worker, send) in [
        (plain.as_str(), other.as_str()),
        (plain.as_str(), nobody.as_str()),
        (&plain.replace("{ event: 'draw' }", "[{ event: 'draw' }, { cron: '* * * * *' }]"), send),
        (&plain.replace("'draw'", "'speak'"), send),
    ] {
        assert!(!told(worker, send).ends_with("@call"), "{worker} {send}");
    }
}

#[test]
fn the_payer_of_a_task_is_in_its_payload() {
    let worker = "const draw = task({ id: 'draw', run: async (payload) => { await ai.responses.create({ input: payload.text }); } });";
    let route = |line: &str| format!("app.post('/a', requireAuth, async (req, res) => {{\n  {line}\n}});");
    for line in [
        "await draw.trigger({ owner: req.user.id, text: 'x' });",
        "await tasks.trigger('draw', { owner: req.user.id, text: 'x' });",
    ] {
        assert_eq!(told(worker, &route(line)), "payload.owner@call", "{line}");
    }
    for line in [
        "await draw.trigger({ owner: req.user.id }); await draw.batchTrigger(req.body.all);",
        "await draw.trigger({ owner: req.body.owner });",
        "await draw.trigger({ owner: req.user.id }); await tasks.trigger('draw', { owner: req.body.owner });",
    ] {
        assert!(!told(worker, &route(line)).ends_with("@call"), "{line}");
    }
}
