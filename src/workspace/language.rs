//! Which language a file is in, by its name alone.

/// The kinds of file the program looks into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// `.ts .mts .cts`
    TypeScript,
    /// `.tsx`
    Tsx,
    /// `.js .jsx .mjs .cjs`
    JavaScript,
    /// `.py`
    Python,
    /// `.rs`
    Rust,
    /// Other text the knowledge base may name: templates, schemas, manifests, env files.
    Other,
}

impl Language {
    /// The language of a path, `None` for files without a known extension.
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, ext)| ext);
        Some(match extension {
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "js" | "jsx" | "mjs" | "cjs" => Self::JavaScript,
            "py" => Self::Python,
            "rs" => Self::Rust,
            "json" | "jsonc" | "toml" | "yaml" | "yml" | "prisma" | "html" | "htm" | "jinja" | "jinja2"
            | "j2" | "pug" | "ejs" | "vue" | "svelte" | "astro" | "cfg" | "ini" | "env" | "example"
            | "sql" | "lock" | "txt" | "graphql" => Self::Other,
            _ if name.starts_with(".env") || name.contains(".env.") || name == "Pipfile" => Self::Other,
            _ => return None,
        })
    }

    /// Whether the language's modules import each other by ECMAScript or CommonJS rules.
    pub fn is_ecmascript(self) -> bool {
        matches!(self, Self::TypeScript | Self::Tsx | Self::JavaScript)
    }

    /// Whether types are checked in it.
    pub fn is_typescript(self) -> bool {
        matches!(self, Self::TypeScript | Self::Tsx)
    }

    /// Whether modules of this language are parsed.
    pub fn is_code(self) -> bool {
        self.is_ecmascript() || self == Self::Python
    }
}
