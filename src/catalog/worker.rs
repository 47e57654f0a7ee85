//! What an entry says about code that runs without a request: bots that listen, and jobs that are put into a queue.

use serde::Deserialize;

use super::entry::{Callee, Symbol};
use super::framework::Handler;

/// The worker part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Functions that are called when something happens outside: a message to a bot. Whoever pays is not in a session.
    #[serde(default)]
    pub handlers: Vec<Handler>,
    /// How the app has a function of its own run later: whoever asks for that is its caller.
    #[serde(default)]
    pub dispatches: Vec<Dispatch>,
}

/// One way to have a function run later.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Dispatch {
    /// A method of the function itself: `make_video.delay(…)`.
    Method {
        /// The methods.
        methods: Vec<String>,
        /// Those among them that take the function's arguments as a list and a dictionary, in this order or as `args` and
        /// `kwargs`: `make_video.apply_async(args=[…])`.
        #[serde(default)]
        packed: Vec<String>,
        /// What names the run of a job, the same however often it is tried. Variables: `function` (its name), `place`.
        attempt: Option<String>,
    },
    /// A call that names the function by its module and name, followed by its arguments as a list and a dictionary:
    /// `app.send_task("jobs.video.make_video", args=[…])`.
    Named {
        /// The methods.
        methods: Vec<String>,
        /// As above.
        attempt: Option<String>,
    },
    /// A call that takes the function and what it is to be called with: `tasks.add_task(make_video, text)`,
    /// `Thread(target=make_video, args=(text,))`.
    Call {
        /// What is called; a member also of what a parameter is declared to be.
        callees: Vec<Callee>,
        /// Which argument the function is.
        function: usize,
        /// The keyword it may go by.
        keyword: Option<String>,
        /// Which argument the function's first is. Without one, they are a list and a dictionary under `args` and `kwargs`.
        arguments: Option<usize>,
        /// It takes them in the function's order only, and none by name.
        #[serde(default)]
        in_order: bool,
        /// They are kept outside of the process: what was put in before a change of the function comes to it after.
        #[serde(default)]
        lasting: bool,
        /// It runs with the context of its caller, on another thread even, and is done when the call is.
        #[serde(default)]
        in_context: bool,
    },
    /// A call that runs what an asynchronous function gives, with the context of its caller:
    /// `asyncio.create_task(make_video(text))`.
    Started {
        /// What is called.
        callees: Vec<Callee>,
    },
    /// An event that is sent under a name, and functions that listen to it: `client.send({ name: "video/asked", data })`,
    /// `client.createFunction({ id }, { event: "video/asked" }, make)`.
    Event {
        /// What makes such a function; one of the arguments.
        listeners: Vec<Callee>,
        /// The key under which the event's name stands in their other arguments.
        listens: String,
        /// Keys there by which something else than an event starts the function.
        #[serde(default)]
        starts: Vec<String>,
        /// Members that send an event.
        methods: Vec<String>,
        /// The key of the event's name.
        name: String,
        /// The member of the function's first parameter under which it gets the event.
        member: String,
        /// As above, with `event` as the function spells it.
        attempt: Option<String>,
    },
    /// A task that is made with the function, and is run by its own methods, or by its id:
    /// `const draw = task({ id: "draw", run: … })`, `draw.trigger(payload)`, `tasks.trigger("draw", payload)`.
    Task {
        /// What makes it, of an object.
        makers: Vec<Symbol>,
        /// The key of the function, which gets the payload first.
        run: String,
        /// The key of the id.
        id: String,
        /// Methods of the task that take the payload first.
        methods: Vec<String>,
        /// What takes the id and then the payload.
        named: Vec<Callee>,
        /// Methods, and what takes the id, that take many payloads at once.
        many: Vec<String>,
        /// As above.
        attempt: Option<String>,
    },
    /// Functions with such a decorator go into a queue when they are called like any other.
    Queued {
        /// The decorators.
        decorators: Vec<Callee>,
    },
    /// A queue, and a worker that is made with the function: `new Queue("video").add(…)`, `new Worker("video", make)`. A
    /// queue and a worker of the same name belong together.
    Queue {
        /// What makes the queue; its first argument is the name.
        queues: Vec<Symbol>,
        /// Methods that put a job into it.
        methods: Vec<String>,
        /// Which argument of those is what the worker gets.
        payload: Option<usize>,
        /// The member of the worker's first parameter under which it gets that: `data`; without one, the parameter itself.
        member: Option<String>,
        /// What makes the worker: the name and the function are its first arguments.
        workers: Vec<Symbol>,
        /// Types of the job by which a function in a file of its own is told to be a worker's.
        #[serde(default)]
        jobs: Vec<Symbol>,
        /// A worker that is a class.
        class: Option<WorkerClass>,
        /// As above, with the name of the worker's first parameter as `job`.
        attempt: Option<String>,
    },
}

/// A class that works for a queue, as its decorators say: `@Processor("video") class Videos { @Process("cut") cut(job) {} }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerClass {
    /// Decorators of the class; the first argument is the name of the queue.
    pub processors: Vec<Symbol>,
    /// Decorators of its methods that run jobs; the first argument is the name of those jobs, of all when there is none.
    #[serde(default)]
    pub handles: Vec<Symbol>,
    /// Names of methods that run jobs without a decorator.
    #[serde(default)]
    pub runs: Vec<String>,
    /// Decorators of a parameter or field that holds a queue; the first argument is its name.
    #[serde(default)]
    pub injects: Vec<Symbol>,
}
