//! An answer that must not be seen.

/// A secret: never printed, never in `credyt.toml`, never taken from a command line.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret as it was typed, without what surrounds it when pasted.
    pub fn new(typed: &str) -> Self {
        Self(typed.trim().to_owned())
    }

    /// The value, to be written where it belongs; `None` when nothing was typed.
    pub fn reveal(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(none)" } else { "Secret(…)" })
    }
}
