//! What an ORM's entry says of the customer id beside a user: the column, its migration, how it is read and written.

use serde::Deserialize;

use super::glob::Globs;

use super::entry::{Snippet, Symbol};

/// A database the ORM speaks to, where the code for them differs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// The value of the variable `dialect` in templates.
    pub name: String,
    /// Text that shows it, blanks counted as one. The file of the declaration is searched.
    pub any: Vec<String>,
    /// Other files that are searched too.
    #[serde(default)]
    pub globs: Globs,
}

/// A type of primary keys: a user's id is text outside of the database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyType {
    /// Words one of which stands in the key's declaration; none for what is left.
    #[serde(default)]
    pub words: Vec<String>,
    /// Expression of the key, from the variable `id`.
    pub convert: Snippet,
}

/// How the column is added.
///
/// Variables of its lines and imports: `name` (in the database), `mapped`, `dialect`, `declaration` (the text of the
/// record's declaration), `optional` (Python: `Optional[str]` is how the file writes it), and `receiver` (the parameter of
/// a function that lists the columns, with its dot). An import whose name comes out empty is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name of the new member: `credytCustomerId` or `credyt_customer_id`.
    pub member: String,
    /// Its name in the database where members are not called alike there.
    pub name: Option<String>,
    /// Text in the declaration that shows that columns have names of their own; without one here they always do.
    #[serde(default)]
    pub mapped: Vec<String>,
    /// Text that marks a member that is no column: a new one goes in front of those.
    #[serde(default)]
    pub relations: Vec<String>,
    /// A record that is read whole does not hold it, so it cannot slip into a response.
    #[serde(default)]
    pub private: bool,
    /// Templates of the types of a record that is read whole, where a literal of one must name every member.
    #[serde(default)]
    pub row_types: Vec<String>,
    /// The line; without its separator.
    pub insert: Snippet,
}

/// How the database is brought along.
///
/// Variables of all templates: those of [`Column`], and `table`, `column`, `model`. Where there is a history, also `last`
/// (name of the last revision without its extension), `text` (its text), `next` (its number and one), `revision` (an id
/// for the new one), and for a linked history `head`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migrate {
    /// Command that makes and applies a migration, when none is written.
    pub command: String,
    /// Command that applies one that is written.
    pub apply: Option<String>,
    /// What is left to do in an app without migrations, where that is something.
    pub without: Option<String>,
    /// Words in the declaration that are followed by the table's name as a string.
    #[serde(default)]
    pub table_in: Vec<String>,
    /// Template of the table's name where the declaration does not say it.
    pub table: Option<String>,
    /// How revisions follow one another.
    pub history: Option<History>,
    /// New files.
    #[serde(default)]
    pub files: Vec<MigrationFile>,
    /// JSON files that are brought along.
    #[serde(default)]
    pub json: Vec<MigrationJson>,
}

/// How revisions follow one another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum History {
    /// Folders whose names begin with a number or a time.
    Folders,
    /// Files with this extension whose names begin with a number or a time.
    Files {
        /// Without the dot.
        extension: String,
    },
    /// Python files that name the one before.
    Linked {
        /// Variable that holds the revision's own id.
        id: String,
        /// Variable that holds the id of the one before.
        parent: String,
    },
}

/// A file of a migration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigrationFile {
    /// Template of its path below the migrations' folder.
    pub path: String,
    /// Its template, below the entry's folder.
    pub template: String,
    /// Dialects it is for; all when empty.
    #[serde(default)]
    pub dialects: Vec<String>,
}

/// A JSON document of the migrations: made from another one, or changed in place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigrationJson {
    /// Template of the path of the document it starts from; the document is the variable `from`.
    pub from: String,
    /// Template of the path it is written to.
    pub to: String,
    /// What is set in it, in this order.
    pub set: Vec<JsonSet>,
}

/// One value of a JSON document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonSet {
    /// Template of a JSON pointer; `/-` at the end appends to a list. What it leads through must be there.
    pub at: String,
    /// Template of the value, as JSON.
    pub value: String,
    /// Dialects it is for; all when empty.
    #[serde(default)]
    pub dialects: Vec<String>,
}

/// One way to keep the customer id beside a user.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What makes the value the lines go through, a client or a session factory; none when the model itself does.
    #[serde(default)]
    pub handles: Vec<Symbol>,
    /// Words of which the handle's declaration holds one.
    #[serde(default)]
    pub with: Vec<String>,
    /// Words it holds none of.
    #[serde(default)]
    pub without: Vec<String>,
    /// Python: the flavour of modules it is for; `None` for either.
    pub flavour: Option<crate::template::Flavour>,
    /// The lines name the model.
    #[serde(default)]
    pub imports_model: bool,
    /// Body of a function that returns the stored id, or nothing. Variables: `handle`, `model`, `accessor` (the model with
    /// a small first letter), `key`, and `user_id`, `member` for the two names.
    pub load: Snippet,
    /// Body of a function that stores it; also `customer_id`.
    pub save: Snippet,
}
