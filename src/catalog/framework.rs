//! What a framework's entry says: how a request handler looks, how it refuses, where helpers live.

use serde::Deserialize;

use super::glob::Globs;

use super::entry::{Snippet, Symbol};
use super::worker::Dispatch;

/// The framework part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Where its code runs.
    pub side: Side,
    /// Its pages are rendered by this entry of `ui/`, unless the app shows another.
    pub ui: Option<String>,
    /// Shapes of request handlers.
    #[serde(default)]
    pub handlers: Vec<Handler>,
    /// Folders in which a new helper module may stand, relative to the app's root, best first; the first that exists
    /// is taken, else the first at all. `{package}` stands for the app's own package folder (Python).
    #[serde(default)]
    pub helper_dirs: Vec<String>,
    /// Options a call of `fetch` on the server needs so that its answer is never kept, as object properties.
    #[serde(default)]
    pub fetch_options: Vec<String>,
    /// `crypto` is a global wherever its code runs, on the edge and on Node 18 as well.
    #[serde(default)]
    pub web_crypto: bool,
    /// How a handler has the body as it was sent, in words: whoever adds the route of a signed webhook by hand needs it,
    /// because a body that was read as JSON and written again has another signature.
    pub raw_body: Option<String>,
    /// Functions of the framework that leave the handler by throwing (`redirect()`): nothing after them runs.
    #[serde(default)]
    pub throwing: Vec<Symbol>,
    /// Decorators that are given guards: `@UseGuards(SignedIn)`.
    #[serde(default)]
    pub guard_decorators: Vec<Symbol>,
    /// Functions that make a decorator of parameters out of one of the app's, which takes from the request what it fills
    /// them with.
    #[serde(default)]
    pub param_decorators: Vec<Symbol>,
    /// Decorators of parameters that are filled with what the request's sender wrote.
    #[serde(default)]
    pub sent_params: Vec<String>,
    /// Methods that put a member on the framework's own objects: `app.decorate("authenticate", check)`.
    #[serde(default)]
    pub decorating: Vec<String>,
    /// Where code in front of a handler leaves what the handler then finds there.
    #[serde(default)]
    pub carriers: Vec<Carrier>,
    /// How code is put in front of handlers.
    #[serde(default)]
    pub middleware: Vec<Middleware>,
    /// How a handler begins to answer before it is done.
    pub sending: Option<Sending>,
    /// How the app has a function of its own run outside of the request, or on another thread (`run_in_threadpool`).
    #[serde(default)]
    pub dispatches: Vec<Dispatch>,
    /// Names of the framework and of some of the app's folders are in scope without an import.
    #[serde(default)]
    pub auto_imports: bool,
    /// Those of the framework that a new handler uses.
    #[serde(default)]
    pub globals: Vec<String>,
    /// What makes a router that serves nothing until other code mounts it. An app by itself is none.
    #[serde(default)]
    pub parts: Vec<Symbol>,
    /// A router that is a file's default export may be what a platform serves.
    #[serde(default)]
    pub serves_default: bool,
    /// Texts that tell an app in which routers are found without being imported: by their folder, or by a name put
    /// together at run time.
    #[serde(default)]
    pub finds_parts: Vec<String>,
    /// Members that start an app when its module is loaded (`app.listen`): no other module imports one that does.
    #[serde(default)]
    pub starts: Vec<String>,
    /// Names of what runs once, when an app starts: decorators, options that take a function, methods of a class.
    #[serde(default)]
    pub startup: Vec<String>,
    /// How the app's own routes are registered, for a place beside them.
    #[serde(default)]
    pub mounting: Mounting,
    /// Routes the tool can add.
    #[serde(default)]
    pub routes: Vec<NewRoute>,
    /// How the handler of a new route is written.
    pub writing: Option<Writing>,
    /// Folders of the files that are routes, relative to the app's root; the first that exists is `{routes}` in
    /// [`NewRoute::file`].
    #[serde(default)]
    pub route_dirs: Vec<String>,
    /// Code that runs before every route and may turn a request away.
    pub front: Option<Front>,
    /// Responses that do not close the plain generator they send, when their reader leaves.
    pub closing: Option<Closing>,
    /// Places of an app that run in another runtime than its server, with fewer modules.
    #[serde(default)]
    pub runtimes: Vec<Runtime>,
}

/// A runtime in which some modules of an app run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// What people call it, within a sentence: "the edge runtime".
    pub title: String,
    /// Files that always run there, relative to the app's root.
    #[serde(default)]
    pub files: Globs,
    /// The constant by which a module says that it runs there.
    pub export: Option<RuntimeExport>,
    /// The directive by which it says so.
    pub directive: Option<String>,
    /// The directive of modules that are not loaded there, only called from there.
    pub called: Option<String>,
    /// Modules of Node that are there all the same.
    #[serde(default)]
    pub modules: Vec<String>,
}

impl Runtime {
    /// Whether a text may say that its module runs there: a look before it is read.
    pub fn is_spoken_of(&self, text: &str) -> bool {
        self.export.as_ref().is_some_and(|export| text.contains(&export.name))
            || self.directive.as_ref().is_some_and(|directive| text.contains(directive))
    }
}

/// `export const runtime = "edge"`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeExport {
    /// Its name.
    pub name: String,
    /// Its values that mean this runtime.
    pub values: Vec<String>,
}

/// A place that lives as long as a request: any member of it may be set in front of the handler and read there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// The parameter it is a member of.
    pub of: Option<Role>,
    /// The object it is, where it is imported instead: `flask.g`.
    pub symbol: Option<Symbol>,
    /// The member; the parameter itself when empty.
    #[serde(default)]
    pub path: String,
    /// The method that gets a member by its name: `c.get("user")`.
    pub get: Option<String>,
    /// The method that sets one: `c.set("user", user)`.
    pub set: Option<String>,
    /// Members that are the sender's own: `body`.
    #[serde(default)]
    pub sent: Vec<String>,
    /// Its types say of no member what it is, so that code may read any.
    #[serde(default)]
    pub untyped: bool,
}

/// A way to put a function in front of handlers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Middleware {
    /// Methods of a router that take it; what is registered behind them comes after it.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Methods of a router, beside those, that mount another router behind it, or a function that is given one.
    #[serde(default)]
    pub mounts: Vec<String>,
    /// What its methods are given stands in front of every handler of the app, wherever that is registered.
    #[serde(default)]
    pub everywhere: bool,
    /// Members of a router that decorate it.
    #[serde(default)]
    pub decorators: Vec<String>,
    /// Roles of its parameters by position. One without `next` goes on by coming back with nothing.
    #[serde(default)]
    pub params: Vec<Role>,
}

/// How a handler begins to answer bit by bit: behind that it can no longer refuse.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// The parameter that is written to.
    pub of: Role,
    /// Its methods, and those of its members, that set a header. A refusal behind one says what is meant for the answer.
    pub headers: Vec<String>,
    /// Those that send something: the status cannot be changed after one.
    pub starts: Vec<String>,
}

/// How a generator is closed once the response that sends it is over.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// The responses.
    pub responses: Vec<Symbol>,
    /// The keyword argument with which one has something run after it. Variable: `stream`.
    pub argument: Snippet,
    /// The list of what is run after a response, for handlers that have one: the argument would replace it.
    pub tasks: Option<TaskList>,
}

impl Closing {
    /// The name of the argument.
    pub fn keyword(&self) -> &str {
        self.argument.lines.split('=').next().unwrap_or_default().trim()
    }
}

/// A parameter to which a handler adds what is run after its response.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskList {
    /// Last part of its annotation.
    pub annotation: String,
    /// The statement that adds to it. Variables: `tasks`, `stream`.
    pub lines: String,
}

/// A file whose code stands in front of the app's routes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// Where it is, relative to the app's root.
    pub files: Globs,
    /// Texts of which one stands in a file that turns requests away.
    pub turns_away: Vec<String>,
    /// The key of the patterns that say which paths it is for; it is for all of them where that is not set.
    pub patterns: String,
}

/// Where code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Only on the server.
    Server,
    /// Only in the browser: nothing secret and nothing billable may be wired here.
    Client,
    /// Both, in one app.
    Both,
    /// In the server of another framework: procedures that it answers for, and nothing that serves by itself.
    Within,
}

impl Side {
    /// Whether an app with it has a server of its own.
    pub fn serves(self) -> bool {
        matches!(self, Self::Server | Self::Both)
    }
}

/// One shape of handler.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// Unique in the entry; reports and templates use it.
    pub name: String,
    /// How it is recognised.
    pub shape: HandlerShape,
    /// Roles of its parameters by position.
    #[serde(default)]
    pub params: Vec<Role>,
    /// Parameters by annotation or name instead of position (Python).
    #[serde(default)]
    pub named_params: Vec<NamedParam>,
    /// The member of the instance that is the request, where no parameter is: `request` of `self.request`.
    pub held_request: Option<String>,
    /// How it answers "not enough balance". Variables: `body` (the expression of the answer's JSON body), `status` (that
    /// of its status), `headers` (that of its headers as an object; empty where there are none) and the roles (`request`,
    /// `response`, `context`, `next`) as bound in the handler.
    pub refuse: Option<Snippet>,
    /// Declared types that take what [`Handler::refuse`] gives back. Without any, a handler that answers with responses
    /// takes it whatever it declares, and one that gives back plain values only where it declares nothing.
    #[serde(default)]
    pub refuse_types: Vec<String>,
    /// Other ways to refuse, for handlers that answer in such a way themselves. The first that fits is taken.
    #[serde(default)]
    pub refuse_as: Vec<RefuseAs>,
    /// Expression for the origin of the request's address, from the same variables.
    pub origin: Option<Snippet>,
    /// What the handler's value is for the caller.
    #[serde(default)]
    pub answers: Answer,
}

/// Another way to refuse: all that is said here must hold of the handler.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefuseAs {
    /// Texts one of which stands in such a handler; any handler will do when empty.
    #[serde(default)]
    pub marks: Vec<String>,
    /// Texts none of which stands in such a handler.
    #[serde(default)]
    pub unless: Vec<String>,
    /// It throws where something is wrong, and gives back no `{ error }` anywhere.
    #[serde(default)]
    pub throws: bool,
    /// Declared types that take what the lines give back; any will do when empty.
    #[serde(default)]
    pub types: Vec<String>,
    /// The lines, with the variables of [`Handler::refuse`].
    pub snippet: Snippet,
}

/// What a handler gives back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// An HTTP response with a status.
    #[default]
    Response,
    /// A plain value (server action, RPC procedure): there is no status to set.
    Value,
    /// Messages on an open socket.
    Socket,
}

/// What a handler's parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The request.
    Request,
    /// The response that is written to.
    Response,
    /// Request and response in one (`c`, `event`, `ctx`).
    Context,
    /// `next()`
    Next,
    /// The error of an error handler: such functions are not entries.
    Error,
    /// The instance of a method.
    Instance,
    /// Anything else.
    Other,
}

/// A parameter known by its annotation or name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedParam {
    /// Its role.
    pub role: Role,
    /// Annotation as written (`Request`), if that tells.
    pub annotation: Option<String>,
    /// Usual name, if that tells.
    pub name: Option<String>,
}

/// Members that register what ends a request and what lets it on alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ends {
    /// The members.
    pub methods: Vec<String>,
    /// With how many parameters at most a function has none that lets the request on.
    pub params: usize,
}

/// How a handler is recognised. Globs are relative to the app's root.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum HandlerShape {
    /// A function exported under one of these names from a file of this kind.
    FileExport {
        /// Which files.
        files: Globs,
        /// `default` for the default export.
        exports: Vec<String>,
        /// The export is an object whose members are the handlers.
        #[serde(default)]
        members: bool,
    },
    /// Functions of a file (or single functions) under a directive.
    Directive {
        /// `use server`
        text: String,
    },
    /// A call on a router: `router.post("/path", …, handler)`.
    RouteCall {
        /// What makes a router.
        routers: Vec<Symbol>,
        /// Usual names of parameters that are routers, where no constructor is in the file.
        #[serde(default)]
        usual_names: Vec<String>,
        /// Members that register a route.
        methods: Vec<String>,
        /// Members that put middleware in front, and a route where the function cannot go on:
        /// `app.use("/draft", signedIn, draft)`.
        ends: Option<Ends>,
        /// Members that give the router itself, as what registers a route does: `app.withTypes().get("/", handler)`.
        #[serde(default)]
        itself: Vec<String>,
        /// Which arguments are handlers.
        handlers: ArgumentChoice,
    },
    /// A decorator which is a member of a router: `@router.post("/path")`.
    RouterDecorator {
        /// What makes a router.
        routers: Vec<Symbol>,
        /// Members that register a route.
        methods: Vec<String>,
    },
    /// A decorator that is imported: `@api_view(["POST"])`.
    Decorator {
        /// The decorators.
        symbols: Vec<Symbol>,
    },
    /// Methods of a class with one of these bases.
    ClassMethod {
        /// The bases.
        bases: Vec<Symbol>,
        /// Method names; any public method when empty.
        #[serde(default)]
        methods: Vec<String>,
    },
    /// Decorated methods of a decorated class: `@Controller()` with `@Post()`.
    DecoratedMethod {
        /// Class decorators.
        class: Vec<Symbol>,
        /// Method decorators.
        method: Vec<Symbol>,
    },
    /// A function that is an argument of a wrapper call, usually the default export: `defineEventHandler(fn)`.
    Wrapped {
        /// The wrappers.
        wrappers: Vec<Symbol>,
        /// Names of wrappers that are in scope without an import.
        #[serde(default)]
        globals: Vec<String>,
        /// Only in these files; anywhere when empty.
        #[serde(default)]
        files: Globs,
        /// Which argument.
        handlers: ArgumentChoice,
    },
    /// A function named in a table of routes: Django's `path("x", view)`.
    RouteTable {
        /// The functions that make a row.
        symbols: Vec<Symbol>,
        /// Only in these files.
        files: Globs,
        /// Which argument names the view.
        handlers: ArgumentChoice,
    },
    /// A method at the end of a chain: tRPC's `procedure.input(…).mutation(fn)`.
    ChainEnd {
        /// Packages one of which the app must depend on.
        packages: Vec<String>,
        /// The last member of the chain.
        methods: Vec<String>,
        /// Which argument.
        handlers: ArgumentChoice,
        /// How links of the chain add to what the handler is given.
        context: Option<ChainContext>,
    },
}

/// What functions along a chain hand on to the handler at its end:
/// `procedure.use(({ next }) => next({ ctx: { user } })).mutation(({ ctx }) => …)`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainContext {
    /// Methods that take such a function: `use`.
    pub links: Vec<String>,
    /// The member of its parameter that it calls to go on: `next`.
    pub next: String,
    /// The member that holds the context, of what it goes on with and of what the handler is given: `ctx`.
    pub member: String,
    /// Methods that are told by a type argument which function makes the first context: `.context<typeof createContext>()`.
    #[serde(default)]
    pub made_by: Vec<String>,
}

/// Which arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ArgumentChoice {
    /// The last one.
    Last,
    /// The one at this position.
    At(usize),
    /// All from this position on; the last is the handler proper, those before are its middleware.
    From(usize),
    /// A property of an object argument, or a keyword argument.
    Key(String),
}

/// What a new route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RoutePurpose {
    /// Opens the hosted billing portal.
    Portal,
    /// Tells the balance.
    Balance,
    /// Receives webhooks.
    Webhook,
}

/// How a route is added to an app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRoute {
    /// What for.
    pub purpose: RoutePurpose,
    /// Method and address.
    pub method: String,
    /// The address users or the browser see.
    pub path: String,
    /// File the route goes to, relative to the app's root: `{routes}` stands for the folder of routes, `{ext}` for the
    /// extension of the app's source files. For a route that is mounted, the name of the file alone, without what
    /// its neighbours' names end in.
    pub file: String,
    /// How the new file is mounted, where the framework does not find it by itself.
    pub mount: Option<Mount>,
    /// The list that names it, where that is how the framework finds it.
    pub listed: Option<Listed>,
}

/// A list that names the handlers of an app: a table of addresses, the controllers of a module.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The variable, or the key of an object, that holds it.
    pub list: String,
    /// The setting that names its module. Without one it is the list that names the class of a neighbour.
    pub setting: Option<String>,
    /// The new element. Variables: `handler` (the function or class, as the file calls it), `path`, `name`.
    pub row: Snippet,
    /// What the file of the list imports: the new file as a whole instead of its class.
    #[serde(default)]
    pub whole: bool,
    /// Path in front of the route's own, below what the neighbours have in common.
    pub prefix: String,
    /// Members that put a path in front of all others: `setGlobalPrefix`.
    #[serde(default)]
    pub outer: Vec<String>,
    /// Texts of rows that leave no address to those behind them.
    #[serde(default)]
    pub catch_all: Vec<String>,
}

/// The parts of a new route's code. Whatever the framework, its body is that of `areas/*/<language>/route.j2`.
///
/// All are templates. Next to their own they have the variables `request` and `response` (the names of the handler's
/// parameters), `signed` (the signed-in user), `router` and `prefix` of what is mounted, and the functions `local("url")`,
/// a name that nothing else has, and `member("locals")`, a member of the handler's parameter.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in an entry")]
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writing {
    /// What a handler's request, or its context, is called.
    pub request: Option<String>,
    /// What its response is called.
    pub response: Option<String>,
    /// Handlers take their parameter apart: `({ locals, url })`.
    #[serde(default)]
    pub taken_apart: bool,
    /// In front of the handlers of a file.
    pub head: Option<Snippet>,
    /// Behind them.
    pub foot: Option<String>,
    /// The handlers stand in a block that the head opens.
    #[serde(default)]
    pub nested: bool,
    /// Opens a handler, up to its first statement. Variables: `name`, `method`, `path` below the router, `params` (the
    /// parameter as it is taken apart, or its name), `purpose`, `asks` (the handler reads its request).
    pub open: Snippet,
    /// The same for a webhook, which nobody is signed in for, where that is another.
    pub open_webhook: Option<Snippet>,
    /// Closes it.
    #[serde(default)]
    pub close: String,
    /// Answers JSON. Variables: `body`, an expression, and `value`, the same as an object.
    pub json: Snippet,
    /// Answers that it cannot. Variables: `status`, `message` (a sentence without its full stop), `error` where one was
    /// caught.
    pub refuse: Snippet,
    /// The same for a page that people open.
    pub refuse_page: Option<Snippet>,
    /// Sends the browser to `url`.
    pub redirect: Option<Snippet>,
    /// Answers nothing, with 204; nothing where what opens the handler says so.
    pub done: Option<Snippet>,
    /// Acts on a webhook's `event`, where that is not a plain call.
    pub handle: Option<Snippet>,
    /// The address people reach the app at, an expression.
    pub origin: Option<Snippet>,
    /// The same as statements, which bind `local("origin")`. Variable: `address`, what the app has for it in a setting.
    pub origin_lines: Option<Snippet>,
    /// The header `Credyt-Signature`, an expression that may be null.
    pub signature: Snippet,
    /// The body as it was sent, an expression.
    pub raw_body: Snippet,
    /// A call of the app's own that has to be told to keep the body as it was sent.
    pub keeps_body: Option<KeptBody>,
    /// An answer ends the handler as its value, outside of what catches errors.
    #[serde(default)]
    pub leaves: bool,
    /// A refusal is thrown.
    #[serde(default)]
    pub throws: bool,
    /// What opens a handler lets only the signed-in through.
    #[serde(default)]
    pub vouches: bool,
    /// What a neighbour says of itself that a new handler says as well.
    #[serde(default)]
    pub carried: Vec<Carried>,
}

impl Writing {
    /// The part of this name.
    pub fn part(&self, name: &str) -> Option<&Snippet> {
        match name {
            "head" => self.head.as_ref(),
            "open" => Some(&self.open),
            "open_webhook" => self.open_webhook.as_ref().or(Some(&self.open)),
            "json" => Some(&self.json),
            "refuse" => Some(&self.refuse),
            "refuse_page" => self.refuse_page.as_ref().or(Some(&self.refuse)),
            "redirect" => self.redirect.as_ref(),
            "done" => self.done.as_ref(),
            "handle" => self.handle.as_ref(),
            "origin" => self.origin.as_ref(),
            "origin_lines" => self.origin_lines.as_ref(),
            "signature" => Some(&self.signature),
            "raw_body" => Some(&self.raw_body),
            _ => None,
        }
    }
}

/// An option without which no handler sees the body as it was sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptBody {
    /// The call that makes the app: `NestFactory.create`.
    pub call: String,
    /// The option among its last argument.
    pub option: String,
}

/// A decorator that a new handler has where its neighbours have it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// The decorator.
    pub decorator: Symbol,
    /// The field of a class that says the same.
    pub field: Option<String>,
}

/// How apps register their routes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mounting {
    /// Last parts of paths that name no resource, so that a new path goes below them (`api`).
    #[serde(default)]
    pub roots: Vec<String>,
    /// Folders of routers, the usual one first: where one goes that has no neighbours.
    #[serde(default)]
    pub folders: Vec<String>,
    /// Texts in the path of a handler that answers whatever no other one has.
    #[serde(default)]
    pub catch_all: Vec<String>,
    /// Members that leave nothing to what comes after them, given `/` or no path: `app.mount`.
    #[serde(default)]
    pub ends: Vec<String>,
    /// The option that says a router's path, where it is made or mounted: `prefix`.
    pub option: Option<String>,
    /// Routers are functions that are given the app.
    #[serde(default)]
    pub functions: bool,
}

/// How a router is hooked into an app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// The call it goes after: the last one of these members on a router or an app (`app.use`, `app.include_router`).
    pub after: Vec<String>,
    /// The call it goes in front of, where the app has one: the first that hands one of these to such a member. What
    /// reads the body of a request leaves no raw body to a route behind it.
    #[serde(default)]
    pub before: Vec<String>,
    /// Path in front of the router's own, below what the neighbours have in common.
    pub prefix: String,
    /// The lines. Variables: `app`, `router`, and `prefix` where the mount says it and not the router.
    pub insert: Snippet,
    /// What the router is called in its file, where that is not named as its neighbours are.
    pub router: Option<String>,
}
