//! The vocabulary: what any module of any language says.
//!
//! Facts are owned data without references into the tree, so that trees can be dropped after extraction. All ranges
//! are byte ranges of the module's text. Identifiers of functions, calls and classes are indices into the vectors of
//! [`Facts`].

pub use crate::ir::Span;

/// Index into [`Facts::functions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(pub u32);
/// Index into [`Facts::calls`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);
/// Index into [`Facts::classes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

/// Everything one module says.
#[derive(Debug, Default)]
pub struct Facts {
    /// Imports and requires, in order.
    pub imports: Vec<Import>,
    /// Names the module offers to others.
    pub exports: Vec<Export>,
    /// Every function, method, arrow and lambda with a body.
    pub functions: Vec<Function>,
    /// Every class.
    pub classes: Vec<Class>,
    /// Interfaces and named shapes, in source order.
    pub interfaces: Vec<Interface>,
    /// Names bound to a value: declarations, assignments (Python), loop and `with` targets.
    pub bindings: Vec<Binding>,
    /// Assignments to members: `this.client = x`, `req.user = x`, `module.exports.y = z`.
    pub assigns: Vec<Assign>,
    /// Every call, `new` included.
    pub calls: Vec<Call>,
    /// What functions return, in order: values of `return` and bodies of arrows.
    pub returns: Vec<(FunctionId, Expr)>,
    /// String statements at the start of the module or a function: `"use server"`, with the function they stand in.
    pub directives: Vec<(String, Option<FunctionId>)>,
    /// ERROR and MISSING nodes.
    pub errors: Vec<Span>,
}

impl Facts {
    /// The function with this id.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// The call with this id.
    pub fn call(&self, id: CallId) -> &Call {
        &self.calls[id.0 as usize]
    }

    /// The class with this id.
    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.0 as usize]
    }

    /// Ids of all functions.
    pub fn function_ids(&self) -> impl Iterator<Item = FunctionId> + use<> {
        (0..self.functions.len() as u32).map(FunctionId)
    }

    /// Ids of all calls.
    pub fn call_ids(&self) -> impl Iterator<Item = CallId> + use<> {
        (0..self.calls.len() as u32).map(CallId)
    }

    /// The function and those around it, innermost first.
    pub fn enclosing(&self, function: Option<FunctionId>) -> impl Iterator<Item = FunctionId> + '_ {
        std::iter::successors(function, |id| self.function(*id).parent)
    }

    /// The call that takes a function which does nothing but hand its own parameters on, in their order, to this call:
    /// `post("/", (req, res) => create(req, res))`. With its position there.
    pub fn hands_on(&self, call: CallId) -> Option<(CallId, usize)> {
        let made = self.call(call);
        let around = made.function?;
        let function = self.function(around);
        let taker = function.argument_of?;
        let names: Option<Vec<&str>> = function.params.iter().map(Param::name).collect();
        let names = names.filter(|names| !made.args.is_empty() && made.args.len() <= names.len())?;
        let in_order = made.args.iter().zip(names).all(|(arg, name)| {
            arg.as_path().is_some_and(|path| path.segments.is_empty() && path.root_name() == Some(name))
        });
        let only = self.calls.iter().filter(|c| c.function == Some(around)).count() == 1
            && self.bindings.iter().all(|b| b.function != Some(around))
            && self.assigns.iter().all(|a| a.function != Some(around));
        (in_order && only && made.keywords.is_empty()).then_some(taker)
    }

    /// The name that a chain of calls starts with: `app` of `app.withTypes().post("/", handler)`.
    pub fn first_name<'f>(&'f self, call: &'f Call) -> Option<&'f str> {
        let mut callee = &call.callee;
        while let Root::Call(inner) = callee.root {
            callee = &self.call(inner).callee;
        }
        callee.root_name()
    }

    /// Whether a module-level directive stands in this module.
    pub fn has_directive(&self, text: &str) -> bool {
        self.directives.iter().any(|(t, f)| t == text && f.is_none())
    }
}

/// How a module is brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// `import … from "m"` or a Python import.
    Static,
    /// `require("m")`
    Require,
    /// `import("m")`
    Dynamic,
}

/// What is taken from the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// The default export (or the whole of a CommonJS module).
    Default,
    /// The module as an object: `* as x`, Python `import m as x`.
    Namespace,
    /// A named export.
    Named(String),
    /// Python `from m import *`, or `import "m"` with an empty local name.
    All,
}

/// One imported name.
#[derive(Debug, Clone)]
pub struct Import {
    /// The specifier as written; Python relative imports keep their dots.
    pub module: String,
    /// What is taken.
    pub imported: Imported,
    /// The name it has here, empty for side effects.
    pub local: String,
    /// TypeScript `import type`.
    pub type_only: bool,
    /// How.
    pub kind: ImportKind,
    /// The whole statement.
    pub span: Span,
    /// The function it stands in, `None` at module level.
    pub function: Option<FunctionId>,
}

/// One exported name.
#[derive(Debug, Clone)]
pub struct Export {
    /// `default` for the default export.
    pub name: String,
    /// What it is.
    pub target: ExportTarget,
    /// The export statement.
    pub span: Span,
}

/// What an export is.
#[derive(Debug, Clone)]
pub enum ExportTarget {
    /// A name of this module.
    Local(String),
    /// A value written in place.
    Value(Expr),
    /// `export { name } from "module"`
    From {
        /// The other module.
        module: String,
        /// Its name there.
        name: String,
    },
    /// `export * from "module"`
    All {
        /// The other module.
        module: String,
    },
}

/// What kind of function it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    /// `function f() {}` or `def f():`
    Declaration,
    /// `() => …` or a lambda.
    Arrow,
    /// `function () {}` as an expression.
    Expression,
    /// A method of a class.
    Method,
    /// A method written in an object literal, or a function that is the value of a property.
    Property,
}

/// One function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its own name, or that of the variable or property that holds it (also through a wrapper call:
    /// `const POST = withAuth(async () => {})` is named `POST`), empty when there is none.
    pub name: String,
    /// `Class.method` for methods, else the name.
    pub symbol: String,
    /// The whole function, decorators not included.
    pub span: Span,
    /// The statement (or class member) that declares it, decorators and `export` included.
    pub statement: Span,
    /// The block, or the expression of an arrow without a block.
    pub body: Span,
    /// The body is an expression.
    pub expression_body: bool,
    /// Parameters in order.
    pub params: Vec<Param>,
    /// The text of the type it says it gives back.
    pub gives: Option<String>,
    /// `async`
    pub is_async: bool,
    /// It yields.
    pub is_generator: bool,
    /// What kind.
    pub kind: FunctionKind,
    /// The function around it.
    pub parent: Option<FunctionId>,
    /// The class it is a method of.
    pub class: Option<ClassId>,
    /// Decorators, outermost first.
    pub decorators: Vec<Decorator>,
    /// It is an argument of this call, at this position.
    pub argument_of: Option<(CallId, usize)>,
}

/// A decorator with its call arguments.
#[derive(Debug, Clone)]
pub struct Decorator {
    /// `router.post`
    pub path: Path,
    /// Arguments, empty without a call.
    pub args: Vec<Expr>,
    /// Keyword arguments.
    pub keywords: Vec<(String, Expr)>,
    /// The decorator, `@` included.
    pub span: Span,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Names it binds: one with an empty path for a plain name, several for a destructuring pattern.
    pub names: Vec<PatternName>,
    /// The annotation as an expression (Python) or a bare type path.
    pub annotation: Option<Expr>,
    /// The annotation's text.
    pub annotation_text: Option<String>,
    /// The default value.
    pub default: Option<Expr>,
    /// The whole parameter.
    pub span: Span,
}

impl Param {
    /// The name of a parameter that is no pattern.
    pub fn name(&self) -> Option<&str> {
        match self.names.as_slice() {
            [one] if one.path.is_empty() => Some(&one.local),
            _ => None,
        }
    }
}

/// One name bound by a pattern, with the way from the value to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternName {
    /// The name.
    pub local: String,
    /// Keys (or indices) from the value; empty for the value itself.
    pub path: Vec<String>,
}

/// A class.
#[derive(Debug, Clone)]
pub struct Class {
    /// Its name, empty for an anonymous class.
    pub name: String,
    /// What it extends.
    pub bases: Vec<Path>,
    /// Names of the interfaces it implements.
    pub implements: Vec<String>,
    /// Keyword arguments of a Python class head: `table=True`.
    pub keywords: Vec<(String, Expr)>,
    /// The whole class.
    pub span: Span,
    /// The body.
    pub body: Span,
    /// Fields declared in the body; constructor parameter properties included.
    pub fields: Vec<Field>,
    /// Decorators.
    pub decorators: Vec<Decorator>,
    /// The function around it.
    pub parent: Option<FunctionId>,
}

/// A type that classes and objects can be of: an interface, or a name for the shape of an object.
#[derive(Debug, Clone)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Names of the interfaces it extends.
    pub bases: Vec<String>,
    /// Its properties; methods are none.
    pub fields: Vec<Field>,
    /// It stands in a declaration that adds to what others declare: `declare global`, `declare module "…"`, a namespace.
    pub added: bool,
}

/// A field of a class.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The annotation's text.
    pub annotation: Option<String>,
    /// The value it starts with.
    pub value: Option<Expr>,
    /// The member.
    pub span: Span,
}

/// How a binding comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingKind {
    /// `const`, or a Python assignment.
    Const,
    /// `let`, `var`
    Let,
    /// A later assignment to a name, outside of Python.
    Assigned,
    /// The variable of `for … of` / `for … in`; the value is the iterated expression.
    Loop,
    /// Python `with … as x`.
    With,
}

/// Names bound to a value.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The names.
    pub names: Vec<PatternName>,
    /// The value.
    pub value: Expr,
    /// The annotation's text.
    pub annotation: Option<String>,
    /// How.
    pub kind: BindingKind,
    /// The declaration statement.
    pub statement: Span,
    /// Where the names can be seen.
    pub scope: Span,
    /// The function it stands in.
    pub function: Option<FunctionId>,
    /// The class whose body it stands in.
    pub class: Option<ClassId>,
}

/// `target = value` where the target is a member.
#[derive(Debug, Clone)]
pub struct Assign {
    /// The member.
    pub target: Path,
    /// The value.
    pub value: Expr,
    /// The statement.
    pub statement: Span,
    /// The function it stands in.
    pub function: Option<FunctionId>,
}

/// What becomes of a call's value, seen from its statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultUse {
    /// The whole value of a declaration or assignment (`await` looked through).
    Bound,
    /// The whole value of a `return` (or of an arrow's expression body).
    Returned,
    /// A statement of its own.
    Discarded,
    /// Iterated directly by a `for`.
    Iterated,
    /// Part of a larger expression.
    Nested,
}

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called.
    pub callee: Path,
    /// The whole call, `await` not included.
    pub span: Span,
    /// Arguments in order.
    pub args: Vec<Expr>,
    /// Keyword arguments (Python).
    pub keywords: Vec<(String, Expr)>,
    /// The brackets with everything between.
    pub args_span: Span,
    /// `new X()`
    pub is_new: bool,
    /// It is awaited.
    pub awaited: bool,
    /// The function it stands in.
    pub function: Option<FunctionId>,
    /// The class whose body (outside of methods) it stands in.
    pub class: Option<ClassId>,
    /// The innermost statement it stands in.
    pub statement: Span,
    /// What becomes of the value.
    pub result: ResultUse,
}

impl Call {
    /// What a method is called on, where that is a name or a field of the object around: `app`, `this.app`.
    pub fn receiver(&self) -> Option<String> {
        let (_, of) = self.callee.segments.split_last()?;
        match (&self.callee.root, of) {
            (Root::Name(name), []) => Some(name.clone()),
            (Root::This(this), [field]) => Some(format!("{this}.{field}")),
            _ => None,
        }
    }

    /// The same for a member of such an expression: `input.count`.
    pub fn option_at(&self, path: &str) -> Option<&Expr> {
        let mut keys = path.split('.');
        let first = self.option(keys.next()?)?;
        keys.try_fold(first, |value, key| value.property(key))
    }

    /// The expression at a key of the first object argument, or of a keyword argument.
    pub fn option(&self, key: &str) -> Option<&Expr> {
        let keyword = self.keywords.iter().find(|(k, _)| k == key).map(|(_, v)| v);
        keyword.or_else(|| self.args.iter().find_map(|a| a.property(key)))
    }
}

/// Where a path starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A name.
    Name(String),
    /// `this` or Python's first parameter of a method, as written.
    This(String),
    /// The value of a call: `f().x`.
    Call(CallId),
    /// Anything else.
    Other,
}

impl Root {
    /// Whether the path starts at the object a method is called on.
    pub fn is_this(&self) -> bool {
        matches!(self, Self::This(_))
    }
}

/// `root.a.b`; optional chaining, `!`, casts and brackets with a literal are looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Where it starts.
    pub root: Root,
    /// The members.
    pub segments: Vec<String>,
    /// The whole path.
    pub span: Span,
}

impl Path {
    /// A bare name.
    pub fn as_name(&self) -> Option<&str> {
        match &self.root {
            Root::Name(name) if self.segments.is_empty() => Some(name),
            _ => None,
        }
    }

    /// The root's name.
    pub fn root_name(&self) -> Option<&str> {
        match &self.root {
            Root::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The last member, or the name itself.
    pub fn last(&self) -> Option<&str> {
        self.segments.last().map(String::as_str).or_else(|| self.root_name())
    }

    /// `a.b.c`, with `this` and `()` standing for their roots.
    pub fn dotted(&self) -> String {
        let root = match &self.root {
            Root::Name(name) => name.as_str(),
            Root::This(receiver) => receiver,
            Root::Call(_) => "()",
            Root::Other => "?",
        };
        let mut text = root.to_owned();
        for segment in &self.segments {
            text.push('.');
            text.push_str(segment);
        }
        text
    }
}

/// As much of an expression as later rooms ask about.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A name or member.
    Path(Path),
    /// A call.
    Call(CallId),
    /// `await x` (also Python's).
    Await(Box<Expr>),
    /// A string without holes.
    Str(String),
    /// A template string or f-string; `None` stands for a hole, with its expression.
    Template(Vec<Result<String, Expr>>),
    /// A number, as written.
    Number(String),
    /// `true`, `false`
    Bool(bool),
    /// `null`, `None`.
    Null,
    /// A function written in place.
    Function(FunctionId),
    /// An object or dict literal; a spread has the key `...`.
    Object(Vec<(String, Expr)>),
    /// A list, tuple or array.
    List(Vec<Expr>),
    /// `a + b`, `a || b`, `a ?? b`, Python's `a or b` and `a | b`.
    Binary(Box<Expr>, &'static str, Box<Expr>),
    /// Both branches of a conditional.
    Either(Box<Expr>, Box<Expr>),
    /// Python `X[a, b]` with its arguments: `Annotated[User, Depends(f)]`.
    Index(Path, Vec<Expr>),
    /// Anything else.
    Other,
}

impl Expr {
    /// Whether it is nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null) || self.as_path().is_some_and(|p| p.as_name() == Some("undefined"))
    }

    /// The value with `await` looked through.
    pub fn unawaited(&self) -> &Self {
        match self {
            Self::Await(inner) => inner.unawaited(),
            other => other,
        }
    }

    /// The call this is, `await` looked through.
    pub fn as_call(&self) -> Option<CallId> {
        match self.unawaited() {
            Self::Call(id) => Some(*id),
            _ => None,
        }
    }

    /// The path this is.
    pub fn as_path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            _ => None,
        }
    }

    /// The string this is.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key of an object literal.
    pub fn property(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(pairs) => pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text with every hole left out, for strings and templates: enough to recognise a host.
    pub fn text_parts(&self) -> Option<String> {
        match self {
            Self::Str(text) => Some(text.clone()),
            Self::Template(parts) => Some(parts.iter().filter_map(|p| p.as_deref().ok()).collect()),
            Self::Binary(a, "+", b) => {
                Some(format!("{}{}", a.text_parts().unwrap_or_default(), b.text_parts().unwrap_or_default()))
            }
            _ => None,
        }
    }
}
