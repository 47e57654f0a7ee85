//! The names of one module: where each is declared, where each is used, and which declaration a use means.
//!
//! In goes a tree, out come [`Scopes`]: a tree of scopes, the declarations in each, and every use of a name with the scope
//! it stands in. Both languages share the vocabulary; what differs is which construct opens a scope and when a name
//! begins to hold a value ([`Declaration::ready`]). Members (`a.b`), keys and labels are no names.
//!
//! ```text
//! const user = await read();            Scope(module)   user, ready at the end of its declarator
//! export function POST(user) {          Scope(function) user, ready at once
//!   return charge(user.id);             Use(user) -> Scope(function), Use(charge) -> free
//! }
//! ```
//!
//! What is nested too deep to be walked leaves the result [`Scopes::is_partial`]; nothing may be concluded from an
//! absence then.

mod es;
mod py;

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::{Span, Tree};
use crate::workspace::Language;

/// Nesting beyond which a module is not walked further; real code stays below a hundred.
const MAX_DEPTH: u32 = 400;

/// Index of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(u32);

/// What opens a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// The whole module.
    Module,
    /// A function: what is in it runs when it is called.
    Function,
    /// A block of statements, or a comprehension: it runs with what is around it.
    Block,
    /// The body of a class.
    Class,
    /// A type with parameters of its own.
    Type,
}

/// One scope.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What opens it.
    pub kind: ScopeKind,
    /// The code in it.
    pub span: Span,
    /// The one around it.
    pub parent: Option<ScopeId>,
    /// It also has names that no declaration shows: those of `from m import *`.
    pub is_open: bool,
    names: BTreeMap<String, Vec<usize>>,
    /// Python `global` and `nonlocal`: names of this scope that are bound elsewhere.
    passed_on: BTreeMap<String, bool>,
}

/// What declares a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclarationKind {
    /// An import.
    Import,
    /// A parameter.
    Param,
    /// `const`, `let`: not to be used before it.
    Lexical,
    /// A class of ECMAScript: a value like those, and a type.
    Class,
    /// `var`.
    Var,
    /// A function of ECMAScript, there from the start of its block.
    Function,
    /// An interface, a type alias, a type's parameter.
    Type,
    /// Any binding of Python.
    Binding,
}

/// A name in its scope.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// The name.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// Offset from which it holds a value, as the text goes.
    pub ready: u32,
    /// What declares it.
    pub kind: DeclarationKind,
    /// Where it can be seen.
    pub scope: ScopeId,
}

/// A use of a name.
#[derive(Debug, Clone)]
pub struct Use {
    /// The name.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// The innermost scope around it.
    pub scope: ScopeId,
    /// It is part of a type and gone at run time.
    pub in_type: bool,
    /// It is the name of a type, not a value that a type speaks of (`typeof x`).
    pub is_type: bool,
}

impl Use {
    /// Whether a declaration is of the kind that is meant.
    pub fn can_mean(&self, declaration: &Declaration) -> bool {
        use DeclarationKind::{Binding, Class, Function, Import, Lexical, Param, Type, Var};
        match declaration.kind {
            Type => self.in_type,
            Lexical | Var | Param => !self.is_type,
            Import | Class | Function | Binding => true,
        }
    }
}

/// The names of one module.
#[derive(Debug, Clone, Default)]
pub struct Scopes {
    tree: Vec<Scope>,
    declarations: Vec<Declaration>,
    uses: Vec<Use>,
    partial: bool,
    /// The names of a class body are no variables of its methods, as in Python.
    closed_classes: bool,
}

impl Scopes {
    /// The names of a parsed module; empty for a language without modules here.
    pub fn of(language: Language, tree: &Tree, text: &str) -> Self {
        let closed_classes = language == Language::Python;
        let mut walk = Walk { text, out: Self { closed_classes, ..Self::default() }, depth: 0 };
        walk.open(ScopeKind::Module, tree.root_node(), None);
        if language.is_ecmascript() {
            es::module(&mut walk, tree.root_node());
        } else if language == Language::Python {
            py::module(&mut walk, tree.root_node());
        }
        walk.out
    }

    /// Whether some of the module was nested too deep to be seen.
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// Every use of a name, in order of the text.
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// Every declaration, in order of the walk.
    pub fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    /// The scope with this id.
    pub fn scope(&self, id: ScopeId) -> Option<&Scope> {
        self.tree.get(id.0 as usize)
    }

    /// The module's own scope.
    pub fn module(&self) -> ScopeId {
        ScopeId(0)
    }

    /// The declarations of a name in one scope.
    pub fn declared(&self, scope: ScopeId, name: &str) -> impl Iterator<Item = &Declaration> {
        let found = self.scope(scope).and_then(|s| s.names.get(name));
        found.into_iter().flatten().filter_map(|at| self.declarations.get(*at))
    }

    /// The scope whose declaration a use means, `None` where the name is free.
    pub fn resolve(&self, name: &Use) -> Option<ScopeId> {
        let mut at = Some(name.scope);
        let mut passed = None;
        while let Some(id) = at {
            let scope = self.scope(id)?;
            at = scope.parent;
            if let Some(global) = scope.passed_on.get(&name.name) {
                passed = Some(*global);
                continue;
            }
            if passed == Some(true) && scope.kind != ScopeKind::Module {
                continue;
            }
            if scope.kind == ScopeKind::Class && id != name.scope && self.closed_classes {
                continue;
            }
            if self.declared(id, &name.name).any(|d| name.can_mean(d)) {
                return Some(id);
            }
        }
        None
    }

    /// Whether a free name may come from somewhere that the text does not show.
    pub fn is_open(&self) -> bool {
        self.tree.iter().any(|scope| scope.is_open)
    }

    /// The function (or the module) in whose run a scope's code runs.
    pub fn runs_in(&self, scope: ScopeId) -> ScopeId {
        let mut at = scope;
        while let Some(found) = self.scope(at) {
            match (found.kind, found.parent) {
                (ScopeKind::Module | ScopeKind::Function, _) | (_, None) => return at,
                (_, Some(parent)) => at = parent,
            }
        }
        at
    }
}

/// The walk over one module.
struct Walk<'t> {
    text: &'t str,
    out: Scopes,
    depth: u32,
}

impl<'t> Walk<'t> {
    fn of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Goes one level deeper; `false` when that is too deep.
    fn enter(&mut self) -> bool {
        if self.depth >= MAX_DEPTH {
            self.out.partial = true;
            return false;
        }
        self.depth += 1;
        true
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn open(&mut self, kind: ScopeKind, node: Node<'_>, parent: Option<ScopeId>) -> ScopeId {
        let id = ScopeId(u32::try_from(self.out.tree.len()).unwrap_or(u32::MAX));
        self.out.tree.push(Scope {
            kind,
            span: Span::from(node.byte_range()),
            parent,
            is_open: false,
            names: BTreeMap::new(),
            passed_on: BTreeMap::new(),
        });
        id
    }

    fn scope_mut(&mut self, id: ScopeId) -> Option<&mut Scope> {
        self.out.tree.get_mut(id.0 as usize)
    }

    fn declare(&mut self, scope: ScopeId, name: Node<'_>, kind: DeclarationKind, ready: usize) {
        let text = self.of(name).to_owned();
        if text.is_empty() {
            return;
        }
        let index = self.out.declarations.len();
        if let Some(scope) = self.scope_mut(scope) {
            scope.names.entry(text.clone()).or_default().push(index);
        }
        let span = Span::from(name.byte_range());
        let ready = u32::try_from(ready).unwrap_or(u32::MAX);
        self.out.declarations.push(Declaration { name: text, span, ready, kind, scope });
    }

    fn used(&mut self, scope: ScopeId, name: Node<'_>, in_type: bool) {
        let text = self.of(name).to_owned();
        let is_type = name.kind() == "type_identifier";
        let span = Span::from(name.byte_range());
        self.out.uses.push(Use { name: text, span, scope, in_type, is_type });
    }
}

#[cfg(test)]
mod tests;
