//! The knowledge base: every entry of `codemods/`, typed and checked.
//!
//! In: the files of `codemods/`, compiled into the binary. Out: a [`Catalog`] of [`Entry`] values, sorted by id. The
//! TOML of all entries is read at once (in parallel, a few milliseconds); templates and queries are read when asked for.
//! What an entry may say is documented in `codemods/README.md` and defined by the types here; nothing here knows what any
//! of it means for a repository.

mod alias;
mod auth;
mod checks;
mod deployed;
mod detect;
mod entry;
mod env;
mod framework;
pub mod glob;
mod host;
mod http;
mod manager;
mod money;
mod orm;
mod payers;
mod provider;
mod sender;
mod store;
mod ui;
mod worker;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use rayon::prelude::*;
use rust_embed::RustEmbed;

pub use alias::{Alias, Ambient};
pub use auth::{
    Auth, AuthOrganisations, Guests, How, Identity, IdentitySource, Linked, OptionIs, SessionId, SignUp,
    SignUpPlace, Signed, Signer, Verifier, Vouching,
};
pub use checks::faults;
pub use deployed::{Deployed, Open};
pub use detect::{Condition, Dependency, Ecosystem, FilePattern, ImportPattern, TextPattern, When};
pub use entry::{AppLanguage, Callee, Entry, Kind, Snippet, Symbol, UserFields};
pub use env::{Address, Also, Beside, Declaration, DeclarationShape, EnvStyle};
pub use framework::{
    Answer, ArgumentChoice, Carried, Carrier, ChainContext, Closing, Framework, Front, Handler, HandlerShape,
    KeptBody, Listed, Middleware, Mount, Mounting, NamedParam, NewRoute, RefuseAs, Role, RoutePurpose,
    Runtime, Sending, Side, Writing,
};
pub use host::Host;
pub use http::{Answered, Http, Request, Succeeded};
pub use manager::{Manager, ToolRule};
pub use money::{OwnMoney, Plans};
pub use orm::{Create, CreateForm, Gives, ModelShape, NamedBy, Orm, Owner};
pub use payers::PayerWords;
pub use provider::{
    AskOption, Client, HttpCall, Job, Listener, Makes, Output, Price, Prices, Provider, ProviderCall,
    StoppedCallback, Stream, StreamCallback, StreamUsage, StreamWhen, TokenUsage, UsageField,
};
pub use sender::Sender;
pub use store::{Column, Dialect, History, JsonSet, KeyType, Link, Migrate, MigrationFile, MigrationJson};
pub use ui::{Display, Markup, Slot, Ui};
pub use worker::{Dispatch, Worker, WorkerClass};

/// The sum of weights from which an entry is picked.
pub const PICKED: f64 = 1.0;

#[derive(RustEmbed)]
#[folder = "codemods/"]
struct Embedded;

/// What is wrong with an entry. Each names the entry's file.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The TOML does not say what an entry may say.
    #[error("codemods/{path}: {source}")]
    Malformed {
        /// Below `codemods/`.
        path: String,
        /// What the parser said, with line and column.
        source: Box<toml::de::Error>,
    },
    /// The entry contradicts itself or its place.
    #[error("codemods/{path}: {fault}")]
    Faulty {
        /// Below `codemods/`.
        path: String,
        /// What is wrong.
        fault: String,
    },
}

/// Every entry.
#[derive(Debug)]
pub struct Catalog {
    entries: Vec<Entry>,
}

impl Catalog {
    /// The entries of this build. `areas/` holds templates and is read by whoever renders them.
    pub fn embedded() -> Result<Self, CatalogError> {
        let files: Vec<(String, String)> = Embedded::iter()
            .filter(|path| path.ends_with("/entry.toml") && !path.starts_with("areas/"))
            .filter_map(|path| Some((path.to_string(), embedded_text(&path)?.into_owned())))
            .collect();
        Self::from_files(files)
    }

    /// Entries from pairs of a path below `codemods/` and a text.
    pub fn from_files(files: Vec<(String, String)>) -> Result<Self, CatalogError> {
        let mut entries = files
            .into_par_iter()
            .map(|(path, text)| parse(&path, &text))
            .collect::<Result<Vec<Entry>, CatalogError>>()?;
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { entries })
    }

    /// Every entry, sorted by id.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether a framework routes requests to a file by its path (relative to an app's root) alone.
    pub fn is_route(&self, path: &str) -> bool {
        let handlers = self.entries.iter().filter_map(|e| e.framework.as_ref()).flat_map(|f| &f.handlers);
        let mut shapes = handlers.map(|handler| &handler.shape);
        shapes.any(|shape| matches!(shape, HandlerShape::FileExport { files, .. } if files.match_path(path)))
    }

    /// The entry with this id (`auth/clerk`).
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.binary_search_by(|e| e.id.as_str().cmp(id)).ok().map(|i| &self.entries[i])
    }

    /// The entries of one kind, sorted by id.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |e| e.kind == kind)
    }

    /// The entry of a kind whose reported value is this.
    pub fn by_value(&self, kind: Kind, value: &str) -> Option<&Entry> {
        self.of(kind).find(|e| e.value() == value)
    }
}

/// The prices beside an entry, `None` when it has none.
pub fn prices(id: &str) -> Option<Result<Prices, CatalogError>> {
    let path = format!("{id}/prices.toml");
    let text = embedded_text(&path)?;
    Some(toml::from_str(&text).map_err(|source| CatalogError::Malformed { path, source: Box::new(source) }))
}

/// The rows of `providers/words.toml`; none when the file is wrong, which the tests of the catalog find.
pub fn outputs() -> &'static [Output] {
    static OUTPUTS: LazyLock<Vec<Output>> = LazyLock::new(|| read_outputs().unwrap_or_default());
    &OUTPUTS
}

fn read_outputs() -> Result<Vec<Output>, CatalogError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Words {
        output: Vec<Output>,
    }
    read::<Words>("providers/words.toml").map(|words| words.output)
}

/// The rows of `env/addresses.toml`; none when the file is wrong, which the tests of the catalog find.
pub fn addresses() -> &'static [Address] {
    static ADDRESSES: LazyLock<Vec<Address>> = LazyLock::new(|| read_addresses().unwrap_or_default());
    &ADDRESSES
}

fn read_addresses() -> Result<Vec<Address>, CatalogError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Addresses {
        address: Vec<Address>,
    }
    read::<Addresses>("env/addresses.toml").map(|addresses| addresses.address)
}

/// A file that is no entry.
fn read<T: serde::de::DeserializeOwned>(path: &str) -> Result<T, CatalogError> {
    let text = embedded_text(path).unwrap_or_default();
    toml::from_str(&text)
        .map_err(|source| CatalogError::Malformed { path: path.to_owned(), source: Box::new(source) })
}

/// `payers.toml`; no words when the file is wrong, which the tests of the catalog find.
pub fn payer_words() -> &'static PayerWords {
    static WORDS: LazyLock<PayerWords> = LazyLock::new(|| read_payer_words().unwrap_or_default());
    &WORDS
}

fn read_payer_words() -> Result<PayerWords, CatalogError> {
    read("payers.toml")
}

/// `aliases.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Conventions {
    aliases: Vec<Alias>,
    ambient: Vec<Ambient>,
}

/// Nothing when the file is wrong, which the tests of the catalog find.
fn conventions() -> &'static Conventions {
    static READ: LazyLock<Conventions> =
        LazyLock::new(|| read::<Conventions>("aliases.toml").unwrap_or_default());
    &READ
}

/// Prefixes of imports that a framework understands by itself.
pub fn aliases() -> &'static [Alias] {
    &conventions().aliases
}

/// Folders whose exports are in scope without an import.
pub fn ambient() -> &'static [Ambient] {
    &conventions().ambient
}

/// The rows of `deployed.toml`; none when the file is wrong, which the tests of the catalog find.
pub fn deployed() -> &'static [Deployed] {
    static KINDS: LazyLock<Vec<Deployed>> = LazyLock::new(|| read_deployed().unwrap_or_default());
    &KINDS
}

fn read_deployed() -> Result<Vec<Deployed>, CatalogError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Kinds {
        deployed: Vec<Deployed>,
    }
    read::<Kinds>("deployed.toml").map(|kinds| kinds.deployed)
}

/// `money.toml`; nothing when the file is wrong, which the tests of the catalog find.
pub fn own_money() -> &'static OwnMoney {
    static MONEY: LazyLock<OwnMoney> = LazyLock::new(|| read_own_money().unwrap_or_default());
    &MONEY
}

fn read_own_money() -> Result<OwnMoney, CatalogError> {
    read("money.toml")
}

/// The packages of `unread.toml`: none when the file is wrong, which the tests of the catalog find.
pub fn unread_packages() -> &'static [String] {
    static PACKAGES: LazyLock<Vec<String>> = LazyLock::new(|| read_unread().unwrap_or_default());
    &PACKAGES
}

/// The words of `machines.toml`: none when the file is wrong, which the tests of the catalog find.
pub fn machine_words() -> &'static [String] {
    static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| read_machines().unwrap_or_default());
    &WORDS
}

fn read_machines() -> Result<Vec<String>, CatalogError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Machines {
        words: Vec<String>,
    }
    read::<Machines>("machines.toml").map(|machines| machines.words)
}

fn read_unread() -> Result<Vec<String>, CatalogError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Unread {
        packages: Vec<String>,
    }
    read::<Unread>("unread.toml").map(|unread| unread.packages)
}

/// The text of any file below `codemods/`: a template, a query.
pub fn embedded_text(path: &str) -> Option<Cow<'static, str>> {
    match Embedded::get(path)?.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The paths of all files below a folder of `codemods/`, sorted.
pub fn embedded_paths(folder: &str) -> Vec<String> {
    let paths: BTreeSet<String> =
        Embedded::iter().filter(|p| p.starts_with(folder)).map(std::borrow::Cow::into_owned).collect();
    paths.into_iter().collect()
}

fn parse(path: &str, text: &str) -> Result<Entry, CatalogError> {
    let entry: Entry = toml::from_str(text)
        .map_err(|source| CatalogError::Malformed { path: path.to_owned(), source: Box::new(source) })?;
    if format!("{}/entry.toml", entry.id) != path {
        let fault = format!("`id` is `{}` but must be the folder's path", entry.id);
        return Err(CatalogError::Faulty { path: path.to_owned(), fault });
    }
    Ok(entry)
}

#[cfg(test)]
mod tests;
