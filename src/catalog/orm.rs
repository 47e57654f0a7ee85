//! What an ORM's entry says: how a record type is declared, how a record is made, how a column is added.

use serde::Deserialize;

use super::glob::Globs;

use super::entry::{Callee, Symbol};
use super::store::{Column, Dialect, KeyType, Link, Migrate};

/// When a record can no longer be read where waiting is not possible: its members would have to be loaded again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expires {
    /// Texts one of which stands in the code of an app to which this applies.
    pub uses: Vec<String>,
    /// Texts with one of which it does not.
    pub unless: Vec<String>,
    /// Methods after which every record of the session is to be loaded again.
    pub after: Vec<String>,
    /// Methods that load one.
    pub loads: Vec<String>,
}

/// The ORM part of an entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orm {
    /// How a record type is declared.
    #[serde(default)]
    pub models: Vec<ModelShape>,
    /// How a record is made.
    #[serde(default)]
    pub creates: Vec<Create>,
    /// User records that come with the library and are declared nowhere in the app, as what names them.
    #[serde(default)]
    pub users: Vec<Symbol>,
    /// Methods that load one record.
    #[serde(default)]
    pub reads: Vec<String>,
    /// What makes a record gives a promise of it.
    #[serde(default)]
    pub promises: bool,
    /// Records that cannot be read any more once something was done.
    pub expires: Option<Expires>,
    /// Those among them that fail when there is none.
    #[serde(default)]
    pub reads_certain: Vec<String>,
    /// Those among them that take no condition without a value, so that none lets every record through.
    #[serde(default)]
    pub reads_strict: Vec<String>,
    /// Those among [`Orm::reads`] that load a list, of which the app takes the first.
    #[serde(default)]
    pub reads_many: Vec<String>,
    /// Those after which a record has only its columns, and not the key under the name that the library gives it.
    #[serde(default)]
    pub reads_plain: Vec<String>,
    /// Methods and keys whose arguments say which record is loaded: a record is one of the signed-in user's when these name
    /// the user.
    #[serde(default)]
    pub conditions: Vec<String>,
    /// Keys and functions among them that let other records through, too.
    #[serde(default)]
    pub conditions_open: Vec<String>,
    /// Methods that change records, beside those that make them.
    #[serde(default)]
    pub writes: Vec<String>,
    /// Methods that run a function they are given inside a transaction, and are done when it is.
    #[serde(default)]
    pub transactions: Vec<String>,
    /// How a record type refers to the user (or the organisation) its records belong to.
    #[serde(default)]
    pub owners: Vec<Owner>,
    /// Text that marks the primary key in the declaration of a field; without a mark the key is `id`.
    #[serde(default)]
    pub primary_key: Vec<String>,
    /// Where migrations are, relative to the app's root, best first; the folder above `{version}` where several
    /// revisions lie side by side.
    #[serde(default)]
    pub migrations: Vec<String>,
    /// Databases the code for which differs.
    #[serde(default)]
    pub dialects: Vec<Dialect>,
    /// Types of primary keys, the first that fits.
    #[serde(default)]
    pub keys: Vec<KeyType>,
    /// Other names of the key on a record, such as one that is its text.
    #[serde(default)]
    pub key_names: Vec<String>,
    /// How a nullable text column is added to a record type.
    pub column: Option<Column>,
    /// How the database is brought along.
    pub migrate: Option<Migrate>,
    /// How the Credyt customer id is read and written beside a user, the first way that fits.
    #[serde(default)]
    pub links: Vec<Link>,
}

/// How a record type refers to the user its records belong to, as regular expressions over its declaration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Its first group is the column; `{user}` stands for the names of the model that is referred to.
    pub column: String,
    /// The member of a record, where it is not called like the column; `{column}` stands for that.
    pub member: Option<String>,
    /// Matches where the column may be empty; `{column}` stands for its name.
    pub optional: Option<String>,
    /// Matches where it is never empty, in libraries whose columns may be by default.
    pub required: Option<String>,
}

/// How a record type is declared.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ModelShape {
    /// A named block of a schema file: `model User { … }`.
    Block {
        /// Which files.
        files: Globs,
        /// The word in front of the name.
        keyword: String,
    },
    /// A value made by a call: `export const users = pgTable("users", { … })`.
    Call {
        /// What is called.
        symbols: Vec<Symbol>,
        /// Position of the argument that names the table, if any.
        table: Option<usize>,
        /// Position of the argument that lists the columns.
        columns: usize,
        /// The record type is then named by another call: `mongoose.model("User", userSchema)`.
        named_by: Option<NamedBy>,
    },
    /// A class.
    Class {
        /// Its bases, through any number of the app's own classes in between.
        #[serde(default)]
        bases: Vec<Symbol>,
        /// What such a base is made by, when it is a value: `declarative_base()`, `SQLAlchemy()` with member `Model`.
        #[serde(default)]
        made_bases: Vec<Callee>,
        /// Its decorators.
        #[serde(default)]
        decorators: Vec<Symbol>,
        /// A keyword in its head without which it is no table: `table` of `table=True`.
        keyword: Option<String>,
    },
    /// A call that declares columns on a class or by name: Sequelize's `sequelize.define("User", { … })`.
    Define {
        /// What is called.
        callees: Vec<Callee>,
        /// Position of the name.
        name: usize,
        /// Position of the columns.
        columns: usize,
    },
    /// Plain SQL: `CREATE TABLE users (…)` in these files.
    Sql {
        /// Which files.
        files: Globs,
    },
}

/// The call that gives a schema its name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedBy {
    /// What is called.
    pub symbols: Vec<Symbol>,
    /// Position of the name.
    pub name: usize,
    /// Position of the schema.
    pub schema: usize,
}

/// How a record is made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Unique in the entry.
    pub name: String,
    /// What is called.
    pub form: CreateForm,
    /// What the call is worth afterwards.
    pub gives: Gives,
    /// Members appended to a call that gives nothing, so that it gives the record: `.returning()`.
    pub returning: Option<String>,
    /// Where the record is in the value, when `gives` does not say it: `rows.0`.
    pub value: Option<String>,
    /// Members at the end of a chain that make a list one record: `.single()`.
    #[serde(default)]
    pub one: Vec<String>,
    /// The client answers with what went wrong under this member, and does not throw.
    pub failed_by: Option<String>,
    /// Texts in a statement that may then make no record: `onConflictDoNothing`.
    #[serde(default)]
    pub may_skip: Vec<String>,
    /// Members, or options, that list what of the record the call gives: `.returning({ id: users.id })`.
    #[serde(default)]
    pub lists: Vec<String>,
}

/// How a create call looks.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CreateForm {
    /// `<client>.<model>.create(…)` where the client is made by one of these: the model is the member in between, its
    /// first letter small.
    ClientModel {
        /// What makes the client.
        clients: Vec<Symbol>,
        /// Last members.
        methods: Vec<String>,
    },
    /// `<client>.insert(<model>).values(…)`: the model is an argument.
    ClientArgument {
        /// What makes the client.
        clients: Vec<Symbol>,
        /// The member that takes the model.
        method: String,
        /// The member that takes the values.
        values: String,
    },
    /// `<client>.from("users").insert(…)`: the table is a string.
    ClientTable {
        /// What makes the client.
        clients: Vec<Symbol>,
        /// The member that takes the table's name; empty when the client itself is called with it.
        table: String,
        /// The member that inserts.
        methods: Vec<String>,
    },
    /// `Model.create(…)`, `Model.objects.create(…)`.
    ModelMethod {
        /// Members called on the model.
        methods: Vec<String>,
        /// Only with this option set: `{ upsert: true }`.
        with: Option<String>,
    },
    /// `new Model(…)` kept by a method of the record: `user.save()`.
    RecordMethod {
        /// Members called on the record.
        methods: Vec<String>,
        /// Members of the instance that stand for the model inside of its manager: `self.model(…)`.
        #[serde(default)]
        makers: Vec<String>,
        /// The model makes a record without `new`, too.
        #[serde(default)]
        plain: bool,
    },
    /// `Model(…)` handed to a method of a session: `session.add(user)`.
    SessionMethod {
        /// Members called with the record.
        methods: Vec<String>,
        /// Members that settle it afterwards; the record has its id only after the last of them.
        settle: Vec<String>,
        /// Those of them after which it is there for others, too, and nothing takes it back.
        keep: Vec<String>,
    },
    /// `<anything>.getRepository(Model).save(…)` or an injected repository.
    Repository {
        /// Members called on the repository.
        methods: Vec<String>,
    },
    /// A statement with `INSERT INTO users`.
    Sql,
}

impl CreateForm {
    /// The members that make the record; none for statements in text.
    pub fn methods(&self) -> Vec<&str> {
        match self {
            Self::ClientModel { methods, .. }
            | Self::ClientTable { methods, .. }
            | Self::ModelMethod { methods, .. }
            | Self::RecordMethod { methods, .. }
            | Self::SessionMethod { methods, .. }
            | Self::Repository { methods } => methods.iter().map(String::as_str).collect(),
            Self::ClientArgument { method, .. } => vec![method],
            Self::Sql => Vec::new(),
        }
    }

    /// The member that takes the name of a table, where a table is only a name.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::ClientTable { table, .. } => Some(table.as_str()).filter(|table| !table.is_empty()),
            _ => None,
        }
    }
}

/// What a create call is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gives {
    /// The record.
    Record,
    /// A list with the record in it.
    List,
    /// The record is the value it was called on or with.
    Argument,
    /// `{ data, error }`, with the record or list in `data`.
    Data,
    /// Nothing of use.
    Nothing,
}
