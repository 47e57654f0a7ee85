//! What a module is rendered from: the facts of the app and the answers of the user, as plain data.
//!
//! Everything here is text in the app's own words (an expression, an import line) or a choice; nothing names a
//! framework. Import lines are given in the app's module style and without a line break.

use serde::{Deserialize, Serialize};

use super::tokens::Reader;

/// Everything the templates of `codemods/areas/` may use.
///
/// In templates, the derived names `is_async`, `async_` / `await_` (`"async "`, `"await "` or empty),
/// `future_annotations`, `as_error` and `node_crypto` come on top of the fields.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is something that a template asks on its own")]
pub struct ModuleContext {
    pub lang: Lang,
    /// Module system of a JavaScript app. TypeScript is always written with `import`.
    pub module: ModuleSystem,
    /// Suffix of relative imports: nothing, `.js` or `.ts`.
    pub ext: String,
    /// Extension of the files, without the dot: `ts`, `js`, `mjs`, `py`.
    pub source_ext: String,
    /// What whoever pays is called: `user`, or the name of an organisation such as `team`.
    pub noun: String,
    /// Oldest Node major version the app names.
    pub node_floor: Option<u32>,
    /// Oldest Python version the app names.
    pub python_floor: Option<(u32, u32)>,
    /// Python only: how the app's handlers are written.
    pub flavour: Flavour,
    pub client: Client,
    /// Python only: the HTTP library behind the client.
    pub http_library: HttpLibrary,
    /// Areas done so far, this one included.
    pub areas: Areas,
    /// Code of the product that customers are subscribed to.
    pub product: String,
    pub asset: Asset,
    pub on_unavailable: OnUnavailable,
    pub env: Env,
    pub log: Log,
    /// Where the Credyt id is kept beside the user row, when the user wants that.
    pub store: Option<Store>,
    /// Meters for the kinds of streams the app has.
    pub streams: Vec<Meter>,
    /// Readers of token counts that the app's paid calls and meters need.
    pub readers: Vec<Reader>,
    /// What is heard of model calls in chains, by the name of what hears it.
    pub listeners: Vec<ChainListener>,
    /// The tokens of several steps are added up somewhere.
    pub summed: bool,
    /// Some paid calls are not told who pays: a handler says so for all that it does.
    pub carried: bool,
    /// Rows of the price table, those of one vendor and source together.
    pub prices: Vec<Price>,
    pub portal: Portal,
    /// Needed for a product with a recurring fee, and for no other.
    pub payment: Option<Payment>,
    /// Write `import "server-only"`: the bundler then keeps the key out of the browser.
    pub server_only: bool,
    /// The app may run where there is no `node:crypto` (edge runtimes), and `crypto` is a global.
    pub web_crypto: bool,
    /// What the host does with work that is not done when the answer is out.
    pub host: Host,
    /// More options of `fetch`, such as `cache: "no-store"` where the framework caches it.
    pub fetch_options: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    TypeScript,
    JavaScript,
    Python,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModuleSystem {
    Esm,
    Cjs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    Sync,
    Async,
}

/// What becomes of a delivery that outlives its request.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Host {
    /// It may never be finished: the process stands still, or ends.
    pub freezes: bool,
    /// How it is kept going all the same (TypeScript).
    pub after: Option<After>,
}

/// A function of the host that keeps work going after the answer.
#[derive(Debug, Clone, Serialize)]
pub struct After {
    /// Import line of the function.
    pub import: String,
    /// The statement, with the promise `billed` in scope. It may throw outside of a request.
    pub call: String,
}

/// How Credyt is called. TypeScript and JavaScript always use `fetch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    Fetch,
    Sdk,
    Http,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HttpLibrary {
    Httpx,
    Requests,
}

/// The integrated areas. `key` is always among them.
#[expect(
    clippy::struct_excessive_bools,
    reason = "one flag an area, which is how the templates ask for them"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Areas {
    pub key: bool,
    pub customer: bool,
    pub events: bool,
    pub gating: bool,
    pub portal: bool,
    pub balance: bool,
    pub costs: bool,
    pub webhook: bool,
}

impl Areas {
    /// With the area called `id` added; `None` when there is no such area.
    #[must_use]
    pub fn with(mut self, id: &str) -> Option<Self> {
        *self.flag(id)? = true;
        Some(self)
    }

    pub fn has(mut self, id: &str) -> bool {
        self.flag(id).is_some_and(|flag| *flag)
    }

    fn flag(&mut self, id: &str) -> Option<&mut bool> {
        Some(match id {
            "key" => &mut self.key,
            "customer" => &mut self.customer,
            "events" => &mut self.events,
            "gating" => &mut self.gating,
            "portal" => &mut self.portal,
            "balance" => &mut self.balance,
            "costs" => &mut self.costs,
            "webhook" => &mut self.webhook,
            _ => return None,
        })
    }
}

/// What balances are counted in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asset {
    /// `USD`, or the code of a custom asset.
    pub code: String,
    /// How a custom asset is spoken of; a currency has none.
    pub unit: Option<Unit>,
    /// `$`; without one the code is written behind the amount (Python only, TypeScript knows currencies).
    pub symbol: Option<String>,
}

/// `image`, `images`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Unit {
    pub one: String,
    pub many: String,
}

/// What a paid action does while Credyt cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnavailable {
    Allow,
    Block,
}

/// How the app reads its settings.
#[derive(Debug, Clone, Serialize)]
pub struct Env {
    /// Line that brings the names of `key` and `url` into scope.
    pub import: Option<String>,
    /// Expression of the key; falsy, not an exception, when it is not set.
    pub key: String,
    /// Expression of the base address; falsy when it is not set.
    pub url: Option<String>,
    /// Name of the setting, for the message when it is missing.
    pub key_name: String,
    /// The same two for the webhook's secret.
    pub webhook_secret: String,
    pub webhook_secret_name: String,
}

/// How the app logs.
#[derive(Debug, Clone, Serialize)]
pub struct Log {
    pub import: Option<String>,
    /// Line after the imports, such as `logger = logging.getLogger(__name__)`.
    pub setup: Option<String>,
    /// A call with the holes `{message}` and `{error}`, such as `console.error({message}, {error})`.
    pub error: String,
    /// The same for what is not an error, with the hole `{message}`.
    pub info: String,
}

/// How the Credyt customer id is kept beside the user row. The lines are the body of a function of their own.
#[derive(Debug, Clone, Serialize)]
pub struct Store {
    /// Import lines, sorted: of the language's own modules (Python), of packages, of the app.
    pub standard: Vec<String>,
    pub packages: Vec<String>,
    pub own: Vec<String>,
    /// Returns the stored id, or nothing. In scope: `userId: string` / `user_id: str`.
    pub load: String,
    /// Stores the id. In scope: the same, and `customerId` / `customer_id`.
    pub save: String,
}

/// A handler that hears of model calls, as a function (TypeScript) and a class (Python).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainListener {
    pub typescript: String,
    pub python: String,
    /// Names of the reader of what it hears.
    pub reader: String,
    pub python_reader: String,
    /// What the class is a kind of: module and name.
    pub base_module: String,
    pub base_name: String,
}

/// How usage is read from the chunks of one kind of stream. Comes from the provider's entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meter {
    pub id: String,
    /// Id of the reader of the usage on the chunks.
    pub tokens: String,
    /// One sentence on what it meters.
    pub doc: String,
    /// The document the shape of the chunks was learned from.
    pub source: String,
    pub typescript: TypeScriptMeter,
    pub python: PythonMeter,
}

/// `read` is lines with `chunk` and `spent` in scope. They set `spent.tokens` by the reader, `spent.model`, add to `spent.characters` what was produced, and set `spent.final` once the counts are final.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeScriptMeter {
    pub name: String,
    pub chunk_name: String,
    /// Structural type of a chunk, so that any version of the provider's package fits.
    pub chunk_type: String,
    pub read: String,
}

/// As [`TypeScriptMeter`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PythonMeter {
    pub name: String,
    /// Id of another reader than TypeScript has, where names differ.
    pub tokens: Option<String>,
    pub read: String,
}

/// One row of the price table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Price {
    /// The vendor's external id in Credyt.
    pub vendor: String,
    pub model: String,
    /// Field of the event's data that is counted, such as `input_tokens`.
    pub unit: String,
    /// Decimal number as text, so that it is written as it was read.
    pub amount: String,
    pub per: u64,
    pub currency: String,
    pub as_of: String,
    pub source: String,
}

/// The app's side of the billing portal.
#[derive(Debug, Clone, Serialize)]
pub struct Portal {
    /// Path of the route that leads to the portal, once there is one.
    pub path: Option<String>,
    pub return_path: String,
    pub failure_path: String,
}

/// Where a user comes back to after paying for the subscription, or after failing to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// Expression of the address; falsy when it is not set.
    pub url: String,
    /// Name of the setting, for the message when it is missing.
    pub name: String,
    /// The address may have a path that is not for people (that of sign-in routes): the user comes back to its site.
    pub site_only: bool,
}
