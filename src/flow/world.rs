//! What the engine asks of whoever knows the app and the catalogue.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::value::{Abs, Cell, Origin};
use crate::ir::Points;
use crate::resolve::Def;
use crate::syntax::{FunctionId, Span};
use crate::workspace::FileId;

/// What resolves the names and calls of an app, and what its entries say of them.
pub trait World {
    /// The control flow of a function.
    fn points(&self, file: FileId, function: FunctionId) -> Option<Arc<Points>>;

    /// What a call calls.
    fn callee(&self, file: FileId, call: Span) -> Def;

    /// What a name means that no local has.
    fn name(&self, file: FileId, function: FunctionId, name: &str, at: u32) -> Def;

    /// The function that is written there.
    fn function_at(&self, file: FileId, span: Span) -> Option<FunctionId>;

    /// The function around a function.
    fn parent(&self, file: FileId, function: FunctionId) -> Option<FunctionId>;

    /// The rule by which a source vouches for what a call gives, and the position of it in the parameters of a callback.
    fn source(&self, file: FileId, call: Span, def: &Def) -> Option<(usize, Option<usize>)>;

    /// What a call gives that fits a rule.
    fn given(&self, rule: usize, origin: Origin) -> Abs;

    /// A member of claims.
    fn claim(&self, rule: usize, path: &[String], from: &BTreeSet<Origin>) -> Abs;

    /// What a call that leads out of the app loads by an id of the signed-in user, given what it is handed; and what it
    /// gives of such a record that it is chained onto.
    fn record(&self, file: FileId, call: Span, of: Option<&Abs>, args: &[Abs]) -> Option<Abs>;

    /// The place that an outside name stands for.
    fn cell(&self, def: &Def) -> Option<Cell>;

    /// Whether a method of a place gets or sets the member that its first argument names, and below which members.
    fn accessor(&self, cell: &Cell, method: &str) -> Option<Access>;

    /// The function that makes an instance of a class, and whether the object is its first parameter.
    fn constructor(&self, def: &Def) -> Option<(FileId, Option<FunctionId>, bool)>;

    /// Whether a method's first parameter is the object.
    fn takes_instance(&self, file: FileId, function: FunctionId) -> bool;
}

/// What a method of a place does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// `c.get("user")`
    Get(Vec<String>),
    /// `c.set("user", user)`
    Set(Vec<String>),
}
