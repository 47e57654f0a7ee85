//! What an entry says about code that runs without a request: bots that listen, and jobs that are put into a queue.

use serde::Deserialize;

use super::entry::Symbol;
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
