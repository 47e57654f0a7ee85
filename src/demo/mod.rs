//! A sample app, integrated and running on this machine, without an account, a key or a network beyond the package registry.
//!
//! ```text
//! apps.toml -> App -> copied, committed -> (the ordinary run) -> installed -> started -> used
//!                                                                    |
//!                                              Provider (stand-in) <-+-> sandbox
//! ```
//!
//! The apps are the project's own fixtures, compiled in. What is specific to one of them (its commands, its settings, what to
//! click) is an entry of `apps.toml`.

mod apps;
mod children;
mod copy;
mod needs;
mod provider;

pub use apps::{App, Need, Places, Stop};
pub use children::{Child, ChildError, run_to_end};
pub use copy::{CopyError, copy_app};
pub use needs::missing;
pub use provider::Provider;
