//! What a provider's entry says: which calls spend money, what they yield, and where the usage is found.

use serde::Deserialize;

use super::entry::{Callee, Symbol};
use super::glob::wild;
use crate::syntax::{Call, Expr};

/// The provider part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Who is paid: the external id of the vendor in Credyt. Absent when calls go to whoever the model belongs to.
    pub vendor: Option<String>,
    /// What makes a client.
    #[serde(default)]
    pub clients: Vec<Client>,
    /// Makers of values that spend nothing by themselves, whatever is called on them: prompts, parsers, tools. Texts with
    /// `*`.
    #[serde(default)]
    pub unpaid: Vec<String>,
    /// Calls that spend money, and, with `free`, calls that look as if they did.
    #[serde(default)]
    pub calls: Vec<ProviderCall>,
    /// Members of its clients, functions of its modules and ends of its addresses that spend nothing: listing, uploading,
    /// polling, helpers. Texts with `*`. Where this is filled, a call of a client that is neither here nor among `calls`
    /// is told to the owner as one that may cost money; where it is empty, nothing is said of such calls.
    #[serde(default)]
    pub free: Vec<String>,
    /// Addresses of its HTTP API, for raw requests and for clients with a base address.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Raw requests that spend money.
    #[serde(default)]
    pub http: Vec<HttpCall>,
    /// What makes a model (or a provider of models) that is passed to somebody else's call: `openai("…")` for the AI
    /// SDK. Tells who is paid.
    #[serde(default)]
    pub models: Vec<Symbol>,
    /// What makes a model (or a provider of models) that runs on a machine of the app's own: nobody charges for it. `*`
    /// stands for any text in both parts.
    #[serde(default)]
    pub local_models: Vec<Symbol>,
    /// How a job that a call has started is waited for.
    pub job: Option<Job>,
    /// What hears of the model calls in a chain, for calls that are `heard`.
    pub listener: Option<Listener>,
    /// Calls that take a function of the app, to be run when something of the provider's is run: a node of a graph. A
    /// paid call in such a function and the run see the same spend.
    #[serde(default)]
    pub runners: Vec<Callee>,
    /// Methods that start what the runners were added to.
    #[serde(default)]
    pub starts: Vec<String>,
    /// Options (or keyword arguments) of a client, a model or a call that say which address is talked to, beside the
    /// usual ones.
    #[serde(default)]
    pub address_options: Vec<String>,
    /// Options of a client, a model or a call that say with which key, beside the usual ones.
    #[serde(default)]
    pub key_options: Vec<String>,
}

/// Usual names of the option that says which address is talked to.
const ADDRESS_OPTIONS: &[&str] = &["baseURL", "baseUrl", "base_url", "api_base", "endpoint", "host"];

/// Usual names of the option that says with which key.
const KEY_OPTIONS: &[&str] = &["apiKey", "api_key", "auth", "authToken", "token"];

impl ProviderCall {
    /// The argument or option of a call that names the model.
    pub fn model_of<'c>(&self, call: &'c Call) -> Option<&'c Expr> {
        self.model.as_deref()?.split('|').find_map(|key| match key {
            "0" => call.args.first(),
            key => call.option(key),
        })
    }
}

impl Provider {
    /// Whether a member of a client, or an export of a module with paid functions, is known to spend nothing.
    pub fn is_free(&self, path: &str) -> bool {
        self.free.iter().any(|free| wild(free, path)) || self.calls.iter().any(|c| c.free && c.path == path)
    }

    /// Names of the options that say which address is talked to.
    pub fn address_options(&self) -> impl Iterator<Item = &str> {
        ADDRESS_OPTIONS.iter().copied().chain(self.address_options.iter().map(String::as_str))
    }

    /// Names of the options that say with which key.
    pub fn key_options(&self) -> impl Iterator<Item = &str> {
        KEY_OPTIONS.iter().copied().chain(self.key_options.iter().map(String::as_str))
    }
}

/// What makes a client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The class or function; for old SDKs the module itself is the client and `name` is `*`.
    pub symbol: Symbol,
    /// Options (or keyword arguments) that move the client to another host: the host's owner is then paid.
    #[serde(default)]
    pub base_url: Vec<String>,
    /// This client always belongs to another vendor than the entry's.
    pub vendor: Option<String>,
}

/// What a call makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Makes {
    /// Text.
    Text,
    /// Structured data.
    Object,
    /// Images.
    Image,
    /// Video.
    Video,
    /// Speech or music.
    Audio,
    /// Text from speech.
    Transcript,
    /// Vectors.
    Embedding,
    /// Search results or pages.
    Search,
    /// Time on a machine.
    Compute,
    /// A message somebody receives.
    Message,
    /// Anything, known only from the model.
    Any,
}

/// A call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent statement of an entry")]
pub struct ProviderCall {
    /// Members on a client (`chat.completions.create`) or, with `module`, an exported function. A leading `*.` stands for
    /// any value of the provider's modules (`*.invoke` on what they make).
    pub path: String,
    /// With a leading `*.`: only on one of these classes or factories, or on what comes right out of one (`*` stands for
    /// any text). The path `*.()` is the call of such a value itself.
    #[serde(default)]
    pub of: Vec<String>,
    /// The module that exports the function itself; absent for members of clients.
    pub module: Option<String>,
    /// What it makes.
    pub makes: Makes,
    /// It spends nothing: polling, listing, deleting.
    #[serde(default)]
    pub free: bool,
    /// It spends little beside what it belongs to (the embedding of a question): shown, and not preselected.
    #[serde(default)]
    pub minor: bool,
    /// Natural unit: `total_tokens`, `image`, `second`, `character`, `request` …
    pub unit: Option<String>,
    /// Suggested event type.
    pub event: Option<String>,
    /// Where the model's name is: a path in the first argument or keyword arguments; `0` is the first argument itself. Of
    /// several, with `|` between them, the first that is there.
    pub model: Option<String>,
    /// Where the quantity is, relative to the value.
    #[serde(default)]
    pub usage: Vec<UsageField>,
    /// Where the value has the object that counts tokens.
    pub tokens: Option<TokenUsage>,
    /// Its value may be anything: the tokens are heard of by the provider's [`Listener`], given along with the call.
    #[serde(default)]
    pub heard: bool,
    /// An argument that says how many are made, or a member of one: `input.num_outputs`.
    pub count: Option<String>,
    /// How it streams.
    pub stream: Option<Stream>,
    /// Its value is a job, whose output comes later (by polling or webhook), or never: it is billed when it has succeeded.
    #[serde(default)]
    pub job: bool,
    /// It spends money, and neither its value nor its stream tells how much: what a person can do, as in "not billed: …".
    pub unread: Option<String>,
}

/// What a call makes, told by the words around it where the provider's entry cannot say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Parts of words, in lower case.
    pub words: Vec<String>,
    /// Event type.
    pub event: String,
    /// What is counted.
    pub unit: String,
}

/// How the app waits for a job, and how the job tells that it has succeeded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Members of the client that are given the job and give it back finished.
    #[serde(default)]
    pub waits: Vec<String>,
    /// Members of the job itself that finish it.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Its member that tells how it ended, and the value for success.
    pub status: String,
    pub succeeded: String,
    /// Its member that names it.
    pub id: String,
}

/// Where a usage object is, and what reads it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenUsage {
    /// Members of the value, or of a callback's argument: `usage`, `response.usageMetadata`.
    pub at: String,
    /// The reader of `areas/events/tokens/`.
    pub reader: String,
}

/// A handler of the generated code that is given along with a call and hears of every model call it makes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Its export in the module of tokens, called to make one: in camel case, in Python in that of classes.
    pub name: String,
    /// The reader of what it hears.
    pub reader: String,
    /// The argument that carries it: the second one in JavaScript, a keyword in Python.
    pub keyword: String,
    /// The member of that argument which lists the handlers.
    pub member: String,
    /// What the handler is a kind of in Python.
    pub base: Symbol,
    /// In Python an app imports one of these, or has no such handlers. Texts with `*`.
    pub imports: Vec<String>,
}

/// One number of the usage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageField {
    /// Name in the event: `input_tokens`, `output_tokens`, `total_tokens` …
    pub field: String,
    /// Path relative to the value. `length` of a list and `[0]` are allowed parts.
    pub path: String,
    /// The value (or part of it) may be absent.
    #[serde(default)]
    pub nullable: bool,
}

/// How a call streams.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// When it does.
    pub when: StreamWhen,
    /// Where the usage of a stream is found.
    pub usage: StreamUsage,
    /// The stream meter of `areas/events/meters/` that reads it.
    pub meter: Option<String>,
    /// The options that hold what is sent to the model: where a stream breaks off, its input is told by their length.
    #[serde(default)]
    pub prompt: Vec<String>,
}

/// When a call streams.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamWhen {
    /// It always does.
    Always,
    /// When this argument is true.
    Argument(String),
}

/// Where the usage of a stream is found.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StreamUsage {
    /// On its chunks or events, which the meter reads.
    Metered {
        /// Option to set so that the usage is sent at all: path of keys, value as JSON text.
        ask: Option<AskOption>,
    },
    /// A callback among the options: `onFinish({ totalUsage })`.
    Callback(StreamCallback),
    /// It is never told.
    Never {},
}

/// A callback among a call's options that is told the usage of its stream.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamCallback {
    /// The option.
    pub option: String,
    /// Other names of the same option: one that an app has is used, and the SDK takes one of them only.
    #[serde(default)]
    pub also: Vec<String>,
    /// Where the callback's first parameter has the usage of the whole stream.
    pub tokens: TokenUsage,
    /// The option by which an app stops the stream early: then the callback does not run, or knows of no usage.
    pub stopped_by: Option<String>,
    /// The callback that runs instead where it is stopped.
    pub stopped: Option<StoppedCallback>,
    /// The method of the call's value that reads the stream to its end whoever listens, so that the callback runs also
    /// when the browser leaves.
    pub drain: Option<String>,
}

/// A callback that is told which steps had ended when a stream was stopped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoppedCallback {
    /// The option.
    pub option: String,
    /// The list of those steps in its first parameter.
    pub steps: String,
    /// Where a step has its usage.
    pub tokens: TokenUsage,
}

/// An option to set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskOption {
    /// Path of keys.
    pub path: String,
    /// Value as JSON text.
    pub value: String,
}

/// A raw request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCall {
    /// A part of the path after the host; `*` for any.
    pub path: String,
    /// The method, `POST` unless told.
    #[serde(default = "post")]
    pub method: String,
    /// What it makes.
    pub makes: Makes,
    /// It spends nothing.
    #[serde(default)]
    pub free: bool,
    /// Natural unit.
    pub unit: Option<String>,
    /// Suggested event type.
    pub event: Option<String>,
    /// Where the quantity is in the JSON answer.
    #[serde(default)]
    pub usage: Vec<UsageField>,
    /// Where the JSON answer has the object that counts tokens.
    pub tokens: Option<TokenUsage>,
    /// Where the body names the model.
    #[serde(default = "model")]
    pub model: String,
}

fn model() -> String {
    "model".to_owned()
}

fn post() -> String {
    "POST".to_owned()
}

/// `prices.toml` beside a provider's entry: what the vendor asks, dated.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The day the figures were read, `YYYY-MM-DD`.
    pub as_of: String,
    /// Where they were read.
    pub source: String,
    /// ISO currency.
    pub currency: String,
    /// One row a model.
    #[serde(default)]
    pub models: Vec<Price>,
}

/// What one model costs. Decimal numbers are strings so that no digit is lost.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The model's name as sent to the API. A name that goes on with `-latest` or a date (`-20250514`, `-2024-07-18`)
    /// is the same model; anything else after it is another one.
    pub model: String,
    /// Per million input tokens.
    pub input_per_million: Option<String>,
    /// Per million input tokens read from a cache.
    pub cached_input_per_million: Option<String>,
    /// Per million input tokens written to a cache, for the usual time and for an hour.
    pub cache_write_per_million: Option<String>,
    pub cache_write_1h_per_million: Option<String>,
    /// Per million output tokens; reasoning costs as much.
    pub output_per_million: Option<String>,
    /// Per million tokens of sound.
    pub audio_input_per_million: Option<String>,
    pub audio_output_per_million: Option<String>,
    /// Per unit of anything else.
    pub per_unit: Option<String>,
    /// That unit: `image`, `minute`, `second`, `character` …
    pub unit: Option<String>,
}
