//! What a UI's entry says: which files hold a slot for the balance and the billing link.

use serde::Deserialize;

use super::glob::Globs;

/// The UI part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ui {
    /// The value reported as `ui`; the entry's own when absent (several template dialects share one).
    pub value: Option<String>,
    /// Among the UIs an app shows, the highest wins.
    pub rank: u32,
    /// Files that are markup.
    pub files: Globs,
    /// How its markup is read.
    pub markup: Markup,
    /// Byte strings of a sign-out: where users leave, they look for their account.
    #[serde(default)]
    pub leave: Vec<String>,
    /// Parts of paths of component libraries, which are nobody's place.
    #[serde(default)]
    pub library: Vec<String>,
    /// Parts of paths of pages seen before signing in.
    #[serde(default)]
    pub outside: Vec<String>,
    /// Parts of paths of lesser places: dialogs, loading states, other people's pages.
    #[serde(default)]
    pub minor: Vec<String>,
    /// What stands around markup that only small screens show: the start of a tag (`<Sheet`), or a part of a class.
    #[serde(default)]
    pub small: Vec<String>,
    /// Components that show only children of their own kind, with their members (`X` is `X.Y` as well); `*` in front
    /// stands for any beginning of a name. Beside such a child is no place.
    #[serde(default)]
    pub closed: Vec<String>,
    /// How markup is shown to signed-in users alone.
    #[serde(default)]
    pub signed_in: SignedIn,
    /// Slots, each with the files and the marks that speak for it.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// The component that shows the balance; none where the UI has no components.
    pub display: Option<Display>,
}

/// What tells the branch of signed-in users from that of visitors.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedIn {
    /// Components whose children only signed-in users see.
    #[serde(default)]
    pub inside: Vec<String>,
    /// Components whose children only visitors see.
    #[serde(default)]
    pub outside: Vec<String>,
    /// Names of values that are there, or true, where someone is signed in.
    #[serde(default)]
    pub names: Vec<String>,
    /// Texts that name the state of being signed in.
    #[serde(default)]
    pub states: Vec<String>,
    /// Texts that name the other.
    #[serde(default)]
    pub other_states: Vec<String>,
}

/// A component that fetches the balance and shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// Template of its file, beside the entry.
    pub template: String,
    /// What it is called.
    pub component: String,
    /// The package it is written for.
    pub package: String,
    /// Names of folders that hold components.
    pub folders: Vec<String>,
    /// Frameworks under which it has to say that it runs in the browser.
    #[serde(default)]
    pub directive: Vec<String>,
}

/// How markup is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Markup {
    /// JSX.
    Jsx,
    /// HTML with template tags.
    Html,
    /// Indentation is structure.
    Pug,
}

/// One kind of place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// `header navbar sidebar user-menu settings-page account-page`
    pub what: String,
    /// Parts of a file's name (without extension, lower case, separators removed) that speak for it.
    #[serde(default)]
    pub names: Vec<String>,
    /// Parts of the path that speak for it.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Score of a file that bears such a name.
    pub score: f64,
    /// Byte strings in whose neighbourhood the link belongs, best first; the element that holds one is the slot.
    #[serde(default)]
    pub anchors: Vec<String>,
    /// Byte strings that make a file a better one (a sign-out button, the user's e-mail, a billing link).
    #[serde(default)]
    pub signs: Vec<String>,
}
