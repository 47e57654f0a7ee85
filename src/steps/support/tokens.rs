//! What the module of tokens holds: the readers and listeners that it has already, told from its text, and those that
//! more paid calls need.

use crate::catalog::{Kind, Listener};
use crate::steps::support::{Kit, snake};
use crate::template::{ChainListener, ModuleContext, Reader, readers};

/// What a step wants of the module of tokens.
#[derive(Debug, Clone, Default)]
pub struct Wants {
    /// Ids of readers.
    pub readers: Vec<String>,
    /// Listeners.
    pub listeners: Vec<ChainListener>,
    /// The counts of several calls are added up.
    pub summed: bool,
}

impl Wants {
    /// One reader.
    pub fn reader(id: &str) -> Self {
        Self { readers: vec![id.to_owned()], ..Self::default() }
    }

    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.readers.extend(other.readers);
        self.listeners.extend(other.listeners);
        self.summed |= other.summed;
    }

    /// Adds to what the module has.
    pub fn give(&self, context: &mut ModuleContext) {
        for reader in readers().unwrap_or_default().into_iter().filter(|r| self.readers.contains(&r.id)) {
            if !context.readers.iter().any(|r| r.id == reader.id) {
                context.readers.push(reader);
            }
        }
        context.readers.sort_by(|a, b| a.id.cmp(&b.id));
        for listener in &self.listeners {
            if !context.listeners.contains(listener) {
                context.listeners.push(listener.clone());
            }
        }
        context.summed |= self.summed;
    }
}

/// A reader by its id, and its name in the app's language.
pub fn reader_name(kit: &Kit<'_>, id: &str) -> Option<String> {
    let reader = readers().ok()?.into_iter().find(|r| r.id == id)?;
    Some(if kit.is_python() { reader.python.name } else { reader.typescript.name })
}

/// A provider's listener, as the templates take it.
pub fn listener(listener: &Listener) -> Option<ChainListener> {
    let reader = readers().ok()?.into_iter().find(|r| r.id == listener.reader)?;
    let mut letters = listener.name.chars();
    let python = letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect();
    Some(ChainListener {
        typescript: listener.name.clone(),
        python,
        reader: reader.typescript.name,
        python_reader: reader.python.name,
        base_module: listener.base.module.clone(),
        base_name: listener.base.name.clone(),
    })
}

/// The readers that the module has.
pub(super) fn readers_in_use(kit: &Kit<'_>) -> Vec<Reader> {
    let mut known = readers().unwrap_or_default();
    known.retain(|r| names(kit, if kit.is_python() { &r.python.name } else { &r.typescript.name }));
    known
}

/// The listeners that the module has.
pub(super) fn listeners_in_use(kit: &Kit<'_>) -> Vec<ChainListener> {
    let known = kit.cx.catalog.of(Kind::Provider).filter_map(|e| e.provider.as_ref()?.listener.as_ref());
    let known = known.filter_map(listener);
    known.filter(|l| names(kit, if kit.is_python() { &l.python } else { &l.typescript })).collect()
}

/// Whether the module defines a name.
pub(super) fn names(kit: &Kit<'_>, name: &str) -> bool {
    let Some(file) = kit.module_file("tokens") else { return false };
    let facts = kit.cx.program.facts(file);
    let name =
        if kit.is_python() && !name.starts_with(char::is_uppercase) { snake(name) } else { name.to_owned() };
    facts.functions.iter().any(|f| f.name == name) || facts.classes.iter().any(|c| c.name == name)
}
