//! The terminal: what was found, each step's diff, and the prompts.
//!
//! Everything printed goes through [`Screen`], as labelled [`Text`]; the theme is one table in `screen`. Prompts are
//! asked by [`Terminal`], which decides nothing: it turns keys into the values of `run`.

pub mod diff_view;
mod edit_file;
pub mod explanation;
mod foreground;
mod lists;
pub mod overview;
mod pager;
mod pick;
mod progress;
mod prompt;
mod screen;
mod series;
mod terminal;
mod text;

pub use foreground::is_lent;
pub use progress::Progress;
pub use screen::{ColorChoice, Screen, ScreenError};
pub use terminal::Terminal;
pub use text::{Label, Text};
