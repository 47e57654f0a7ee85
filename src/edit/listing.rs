//! An inserted list that several units add to: the names of one import.
//!
//! ```text
//! import { a } from "m";  +  import { b } from "m";   ->   import { a, b } from "m";
//! ```

/// What stands between two items.
const SEPARATOR: &str = ", ";

/// A list with what stands in front of it and behind it. Two lists at one place that are the same but for their items
/// are written as one, with each item once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listing {
    head: String,
    items: Vec<Item>,
    tail: String,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    rank: String,
    text: String,
}

impl Listing {
    /// An empty list between two texts.
    pub fn new(head: impl Into<String>, tail: impl Into<String>) -> Self {
        Self { head: head.into(), items: Vec::new(), tail: tail.into() }
    }

    /// With one more item, behind those whose rank is not higher; nothing changes for one that is there already.
    #[must_use]
    pub fn item(mut self, rank: impl Into<String>, text: impl Into<String>) -> Self {
        self.add(Item { rank: rank.into(), text: text.into() });
        self
    }

    /// With more in front of it and behind it.
    #[must_use]
    pub fn between(mut self, before: &str, behind: &str) -> Self {
        self.head.insert_str(0, before);
        self.tail.push_str(behind);
        self
    }

    fn add(&mut self, item: Item) {
        if !self.items.contains(&item) {
            let at = self.items.partition_point(|other| other.rank <= item.rank);
            self.items.insert(at, item);
        }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        let items: Vec<&str> = self.items.iter().map(|item| item.text.as_str()).collect();
        format!("{}{}{}", self.head, items.join(SEPARATOR), self.tail)
    }

    /// The list of both; `None` when they are lists of different things.
    pub(super) fn joined_with(&self, other: &Self) -> Option<Self> {
        let alike = self.head == other.head && self.tail == other.tail;
        alike.then(|| {
            let mut joined = self.clone();
            other.items.iter().for_each(|item| joined.add(item.clone()));
            joined
        })
    }
}
