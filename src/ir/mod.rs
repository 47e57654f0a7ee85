//! What runs, in which order: one function's code as blocks of statements with branches between them.
//!
//! A language's adapter in `syntax` lowers a function to a [`Body`]; everything behind it asks the body and never the text.
//! A [`Value`] is an expression with `await`, brackets, casts and `!` looked through; a [`Cond`] is what a branch asks,
//! with its polarity: `if (!session?.user) return` is a branch on *not truthy* `session.user`. A statement inside a `try`
//! ends its block, because it may be left in the middle: [`Block::unwind`] says where that leads.
//!
//! ```text
//! const user = load();      0: bind user = load()
//! if (!user) return;           branch not truthy(user) ─ yes ─▶ 1: return
//! spend(user.id);           2: eval spend(user.id)  ◀─ no ─┘
//! ```
//!
//! [`points`] answers what holds at a place of a body.

mod build;
mod facts;
pub mod points;
mod span;

pub use build::Builder;
pub use facts::{Fact, Known, learn};
pub use points::{Calls, Points};
pub use span::Span;

/// Index into [`Body::blocks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u32);

/// A function's code, or a module's own.
#[derive(Debug, Default)]
pub struct Body {
    /// The first is where it begins.
    pub blocks: Vec<Block>,
    /// Statements that ask something before what follows them: `if`, `assert`, `switch`.
    pub checks: Vec<Check>,
    /// Lists of statements: what stands between brackets, or in an indented block.
    pub lists: Vec<List>,
    /// Names and patterns of the parameters.
    pub params: Vec<Vec<Bound>>,
}

/// Statements that run one after the other.
#[derive(Debug)]
pub struct Block {
    /// In order.
    pub stmts: Vec<Stmt>,
    /// What comes then.
    pub end: End,
    /// Where an exception leads, when it does not leave the function.
    pub unwind: Option<BlockId>,
}

/// How a block ends.
#[derive(Debug)]
pub enum End {
    /// Goes on there.
    Goto(BlockId),
    /// Asks.
    Branch {
        /// What.
        cond: Cond,
        /// Where it goes when that holds.
        yes: BlockId,
        /// Where it goes when it does not.
        no: BlockId,
    },
    /// Leaves with a value.
    Return(Option<Value>),
    /// Leaves with an error that nothing in the function catches, or is never come to an end.
    Throw,
}

/// One statement without a condition of its own.
#[derive(Debug)]
pub struct Stmt {
    /// The whole statement.
    pub span: Span,
    /// What it does.
    pub act: Act,
}

/// What a statement does.
#[derive(Debug)]
pub enum Act {
    /// Gives names a value.
    Bind(Vec<Bound>, Value),
    /// Sets a member: the target is a [`Kind::Member`].
    Store(Value, Value),
    /// Computes something.
    Eval(Value),
}

/// A name with the way to it from the value that is taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The name.
    pub name: String,
    /// Keys from the value; empty for the value itself.
    pub path: Vec<String>,
    /// The key is followed by a default, or by what a rest pattern leaves: the value may be another one.
    pub vague: bool,
}

/// A statement that asks something before what follows.
#[derive(Debug)]
pub struct Check {
    /// The whole statement.
    pub span: Span,
    /// The block that ends with the question.
    pub asks: BlockId,
    /// Where the code behind it goes on.
    pub after: BlockId,
}

/// A list of statements.
#[derive(Debug)]
pub struct List {
    /// Brackets included.
    pub span: Span,
    /// Each statement with where it begins: a block and how many of its statements come before.
    pub stmts: Vec<(Span, Spot)>,
    /// Where the list ends.
    pub end: Spot,
}

/// Between two statements of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The block.
    pub block: BlockId,
    /// How many of its statements have run.
    pub index: usize,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A name.
    Name(String),
    /// `this`
    This,
    /// `a.b`, `a["b"]`, `a?.b`
    Member {
        /// The object.
        of: Box<Value>,
        /// The key.
        key: String,
        /// Nothing comes of nothing: `a?.b`.
        optional: bool,
    },
    /// A call.
    Call(Box<Call>),
    /// An object or dict; a spread has no key.
    Object(Vec<(Option<String>, Value)>),
    /// A list, tuple or array.
    List(Vec<Value>),
    /// A text without holes.
    Text(String),
    /// A number, or a truth value.
    Literal(String),
    /// `null`, `undefined`, `None`
    Null,
    /// A function written in place; its span tells which.
    Function,
    /// `cond ? yes : no`
    Choice(Box<Cond>, Box<Value>, Box<Value>),
    /// `a && b`, `a || b`, `a ?? b`
    Logic(Logic, Box<Value>, Box<Value>),
    /// Anything else, with what is computed on the way.
    Opaque(Vec<Value>),
}

/// How two values make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logic {
    /// The first when it is falsy.
    And,
    /// The first when it is truthy.
    Or,
    /// The first when it is not null.
    Coalesce,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is called.
    pub callee: Value,
    /// By position; a spread ends what is known of positions.
    pub args: Vec<Value>,
    /// By name (Python).
    pub keywords: Vec<(String, Value)>,
    /// Some arguments are spread: positions behind the first such are not known.
    pub spread: bool,
    /// `new X()`
    pub is_new: bool,
}

/// What a branch asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Cond {
    /// The value counts as true.
    Truthy(Value),
    /// The value is null or undefined; `strict` tells the two apart.
    Null {
        /// Of what.
        of: Value,
        /// `=== null` leaves `undefined` open.
        strict: bool,
    },
    /// It is of a class, or of a primitive type.
    Is(Value, String),
    /// It is this text or number.
    Equals(Value, String),
    /// It has this key.
    Has(Value, String),
    /// The opposite.
    Not(Box<Cond>),
    /// Both.
    And(Box<Cond>, Box<Cond>),
    /// One of them.
    Or(Box<Cond>, Box<Cond>),
    /// Something else about these values.
    Opaque(Vec<Value>),
}

/// A name with members: what a fact can be about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The name.
    pub root: String,
    /// The members.
    pub keys: Vec<String>,
}

impl Place {
    /// `session.user.id`; `?.`, `!` and brackets with a text are read as plain members.
    pub fn parse(written: &str) -> Option<Self> {
        let plain = written.replace(['?', '!', '"', '\''], "").replace('[', ".").replace(']', "");
        let mut parts = plain.split('.').map(str::trim);
        let root = parts.next().filter(|r| !r.is_empty())?.to_owned();
        Some(Self { root, keys: parts.map(str::to_owned).collect() })
    }

    /// Whether it is `other` or a member of it.
    pub fn is_below(&self, other: &Self) -> bool {
        self.root == other.root && self.keys.starts_with(&other.keys)
    }
}

impl Value {
    /// The name with members that this is.
    pub fn place(&self) -> Option<Place> {
        match &self.kind {
            Kind::Name(name) => Some(Place { root: name.clone(), keys: Vec::new() }),
            Kind::This => Some(Place { root: "this".to_owned(), keys: Vec::new() }),
            Kind::Member { of, key, .. } => {
                let mut place = of.place()?;
                place.keys.push(key.clone());
                Some(place)
            }
            // `session.get("user")` is as good as a member.
            Kind::Call(call) if !call.is_new && call.keywords.is_empty() => {
                let mut place = call.callee.place()?;
                let [Self { kind: Kind::Text(key), .. }] = call.args.as_slice() else { return None };
                let name = place.keys.last_mut().unwrap_or(&mut place.root);
                *name = format!("{name}({key})");
                Some(place)
            }
            _ => None,
        }
    }

    /// Whether some member on the way is read with `?.`.
    pub fn is_optional(&self) -> bool {
        match &self.kind {
            Kind::Member { of, optional, .. } => *optional || of.is_optional(),
            _ => false,
        }
    }

    /// The values this is made of, conditions included.
    pub fn parts(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Member { of, .. } => vec![of],
            Kind::Call(call) => {
                let named = call.keywords.iter().map(|(_, value)| value);
                std::iter::once(&call.callee).chain(&call.args).chain(named).collect()
            }
            Kind::Object(pairs) => pairs.iter().map(|(_, value)| value).collect(),
            Kind::List(items) | Kind::Opaque(items) => items.iter().collect(),
            Kind::Choice(cond, yes, no) => {
                cond.values().into_iter().chain([yes.as_ref(), no.as_ref()]).collect()
            }
            Kind::Logic(_, left, right) => vec![left, right],
            _ => Vec::new(),
        }
    }
}

impl Cond {
    /// The opposite; two of them cancel.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// The values it asks about.
    pub fn values(&self) -> Vec<&Value> {
        match self {
            Self::Truthy(v)
            | Self::Null { of: v, .. }
            | Self::Is(v, _)
            | Self::Equals(v, _)
            | Self::Has(v, _) => {
                vec![v]
            }
            Self::Not(inner) => inner.values(),
            Self::And(a, b) | Self::Or(a, b) => a.values().into_iter().chain(b.values()).collect(),
            Self::Opaque(values) => values.iter().collect(),
        }
    }
}

impl Body {
    /// A block.
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }

    /// Where the innermost statement around an offset begins; behind the last statement of a list, its end.
    pub fn spot(&self, offset: u32) -> Option<Spot> {
        let list = self.list(offset)?;
        let next = list.stmts.iter().find(|(span, _)| span.has(offset) || span.start >= offset);
        Some(next.map_or(list.end, |(_, spot)| *spot))
    }

    /// The innermost list of statements around an offset.
    pub fn list(&self, offset: u32) -> Option<&List> {
        self.lists.iter().filter(|list| list.span.has(offset)).min_by_key(|list| list.span.len())
    }
}
