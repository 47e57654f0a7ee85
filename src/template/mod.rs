//! Renders the modules that are added to an app, from the templates in `codemods/areas/`.
//!
//! In goes a [`ModuleContext`], out come whole files in one canonical style (two spaces, four for Python, double
//! quotes, semicolons, trailing commas), which a later pass turns into the style of the app. The same context gives
//! the same bytes. A file depends on the areas done so far, so an area is added by rendering with and without it:
//! the difference is the edit.
//!
//! JavaScript has no templates of its own. It is what is left of the TypeScript when the types are taken out
//! ([`javascript`]), with `import` turned into `require` where the app uses CommonJS ([`commonjs`]).
//!
//! ```text
//! codemods/areas/<area>/entry.toml
//!                      /typescript/<file>.j2
//!                      /python/<file>.j2
//! codemods/areas/events/meters/<stream>.toml
//! codemods/areas/events/tokens/<usage object>.toml
//! ```
//!
//! What the rendered code cannot do: a plain Python generator that its server drops without closing it is only noticed
//! when it is collected, so its usage is recorded late. Where a framework does so, its entry says how the response closes
//! the generator, and the step that places the meter sees to it. The asynchronous flavour does not have this.

mod catalog;
mod commonjs;
mod context;
mod javascript;
mod payer;
mod render;
#[cfg(test)]
mod tests;
mod tokens;

pub use catalog::{Area, AreaFile, area, areas, meters, readers};
pub use context::{
    After, Areas, Asset, ChainListener, Client, Env, Flavour, Host, HttpLibrary, Lang, Log, Meter,
    ModuleContext, ModuleSystem, OnUnavailable, Payment, Portal, Price, PythonMeter, Store, TypeScriptMeter,
    Unit,
};
pub use payer::{renamed, told};
pub use render::{Module, environment, for_language, modules, packages};
pub use tokens::{Reader, ReaderCode};

/// Why nothing could be rendered.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("the app names Node {floor}, which has no `fetch`: raise it to Node 18 or newer")]
    OldNode { floor: u32 },
    #[error("the app names Python {}.{}, but the Credyt package needs 3.9: set `client = \"http\"` in credyt.toml", floor.0, floor.1)]
    OldPython { floor: (u32, u32) },
    #[error("the app names Python {}.{}: the generated code needs 3.8 or newer", floor.0, floor.1)]
    AncientPython { floor: (u32, u32) },
    #[error("codemods/areas/{path} could not be rendered")]
    Render {
        path: String,
        #[source]
        source: minijinja::Error,
    },
    #[error("codemods/areas/{path} is missing")]
    Missing { path: String },
    #[error("codemods/areas/{path} is not a valid entry")]
    Entry {
        path: String,
        #[source]
        source: toml::de::Error,
    },
    #[error("codemods/areas/{path} rendered to text that does not parse, line {line}")]
    Syntax { path: String, line: usize },
}
