//! Values by their names, cheap to keep many of: what is not changed is shared.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::value::Abs;

/// Values by their names, in the order of the names.
#[derive(Debug, Clone, Default)]
pub struct Names(Arc<BTreeMap<Arc<str>, Abs>>);

impl Names {
    /// No names.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Abs> {
        self.0.get(name)
    }

    /// The value of a name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Abs> {
        if !self.0.contains_key(name) {
            return None;
        }
        Arc::make_mut(&mut self.0).get_mut(name)
    }

    /// Whether there is such a name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Gives a name its value.
    pub fn insert(&mut self, name: &str, value: Abs) {
        match self.0.get(name) {
            Some(held) if *held == value => {}
            Some(_) => {
                if let Some(held) = self.get_mut(name) {
                    *held = value;
                }
            }
            None => {
                Arc::make_mut(&mut self.0).insert(name.into(), value);
            }
        }
    }

    /// The names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(AsRef::as_ref)
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &Abs> {
        self.0.values()
    }

    /// The values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Abs> {
        Arc::make_mut(&mut self.0).values_mut()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Abs)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Keeps the names that fit.
    pub fn retain(&mut self, fits: impl Fn(&str) -> bool) {
        if !self.keys().all(&fits) {
            Arc::make_mut(&mut self.0).retain(|name, _| fits(name));
        }
    }
}

impl<'n> FromIterator<(&'n str, Abs)> for Names {
    fn from_iter<I: IntoIterator<Item = (&'n str, Abs)>>(pairs: I) -> Self {
        Self(Arc::new(pairs.into_iter().map(|(name, value)| (name.into(), value)).collect()))
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Names {}

impl PartialOrd for Names {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Names {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}
