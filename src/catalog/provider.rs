//! What a provider's entry says: which calls spend money, what they yield, and where the usage is found.

use serde::Deserialize;

use super::entry::{Callee, Symbol};

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

impl Provider {
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
    /// Where the model's name is: a path in the first argument or keyword arguments; `0` is the first argument itself.
    pub model: Option<String>,
    /// Where the quantity is, relative to the value.
    #[serde(default)]
    pub usage: Vec<UsageField>,
    /// An argument that says how many are made, or a member of one: `input.num_outputs`.
    pub count: Option<String>,
    /// How it streams.
    pub stream: Option<Stream>,
    /// Its value is a job, whose output comes later (by polling or webhook): it is paid when made.
    #[serde(default)]
    pub job: bool,
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
    /// In Python, what is below the first member is an item of a dict, and a value of another type has no such member.
    #[serde(default)]
    pub items: bool,
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
    /// On a chunk, when present.
    Chunk {
        /// Fields relative to the chunk.
        fields: Vec<UsageField>,
        /// Option to set so that the usage is sent at all: path of keys, value as JSON text.
        ask: Option<AskOption>,
    },
    /// On several kinds of event: the numbers are spread over them; the last one seen of each field counts.
    Events {
        /// Fields relative to an event.
        fields: Vec<UsageField>,
    },
    /// A callback among the options: `onFinish({ totalUsage })`.
    Callback(StreamCallback),
    /// A method of the stream gives the whole result after the end.
    Final {
        /// The method: `finalMessage`, `get_final_message`.
        method: String,
        /// Fields relative to its value.
        fields: Vec<UsageField>,
    },
    /// It is never told.
    Never {},
}

/// A callback among a call's options that is told the usage of its stream.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamCallback {
    /// The option.
    pub option: String,
    /// Fields relative to the callback's first parameter.
    pub fields: Vec<UsageField>,
    /// The option by which an app stops the stream early: then the callback does not run.
    pub stopped_by: Option<String>,
    /// The method of the call's value that reads the stream to its end whoever listens, so that the callback runs also
    /// when the browser leaves.
    pub drain: Option<String>,
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
    /// Per million output tokens.
    pub output_per_million: Option<String>,
    /// Per unit of anything else.
    pub per_unit: Option<String>,
    /// That unit: `image`, `minute`, `second`, `character` …
    pub unit: Option<String>,
}
