//! Who is signed in where a statement runs, followed through the app's own code.
//!
//! In: a function with what its parameters and the places it shares with others hold when it begins. Out: what every name
//! holds at a place of it, and what whoever it calls is called with. A body is run over values instead of data: a branch
//! is taken on both sides, what meets is joined ([`value::Abs::join`]), a loop goes round until nothing changes. A call of
//! the app's own function runs that function with what it is given, so that a user is followed through helpers, wrappers,
//! decorators and callbacks alike, whatever they are called.
//!
//! No depth that code of people has is a limit. A function that is being run already gives something unknown, and all that
//! an engine looks at is counted against one allowance: once that is used up, or the stack is, nobody is named, and
//! [`Engine::is_exhausted`] says so.
//!
//! The engine knows no language, framework or library; [`World`] is asked for those.

mod call;
mod eval;
mod names;
mod run;
mod state;
pub mod value;
mod world;

pub use names::Names;
pub use run::{Engine, Fun, Ran};
pub use state::{Given, State};
pub use value::{Abs, Cell, Origin, Part, Trust, What};
pub use world::{Access, World};
