//! The entries of `codemods/areas/`: which areas there are, which files each one makes, and the stream meters.

use rust_embed::RustEmbed;
use serde::Deserialize;

use super::tokens::{Reader, ReaderEntry};
use super::{Client, Flavour, HttpLibrary, Meter, TemplateError};

#[derive(RustEmbed)]
#[folder = "codemods/areas"]
struct Files;

/// One integration area, as its `entry.toml` says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    pub id: String,
    pub title: String,
    /// One line for the user.
    pub summary: String,
    pub order: u32,
    /// Areas that come first.
    pub needs: Vec<String>,
    #[serde(rename = "file")]
    pub files: Vec<AreaFile>,
    #[serde(rename = "package", default)]
    pub packages: Vec<AreaPackage>,
}

/// One generated file and the names it exports.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaFile {
    /// Stem of the file and of its template.
    pub name: String,
    /// The area whose template it is, when several make the same file.
    pub area: Option<String>,
    pub when: Option<When>,
    /// `None`: the file does not exist in this language.
    pub typescript: Option<Vec<String>>,
    pub python: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Only when the app has streams to meter.
    Streams,
    /// Only when token counts are read.
    Tokens,
    /// Only when the payer is carried to paid calls that are not told who it is.
    Carried,
}

/// Packages the generated code imports, for the clients it applies to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaPackage {
    pub client: Client,
    pub flavour: Option<Flavour>,
    pub http_library: Option<HttpLibrary>,
    pub python: Vec<String>,
}

/// All areas, in the order they are integrated.
pub fn areas() -> Result<Vec<Area>, TemplateError> {
    let mut areas = entries(|path| path.ends_with("/entry.toml"))?;
    areas.sort_by_key(|area: &Area| area.order);
    Ok(areas)
}

/// The area called `id`.
pub fn area(id: &str) -> Result<Area, TemplateError> {
    let path = format!("{id}/entry.toml");
    parse(&path, &text(&path)?)
}

/// The known stream meters.
pub fn meters() -> Result<Vec<Meter>, TemplateError> {
    entries(|path| path.contains("/meters/"))
}

/// The known readers of token counts.
pub fn readers() -> Result<Vec<Reader>, TemplateError> {
    let entries: Vec<ReaderEntry> = entries(|path| path.contains("/tokens/"))?;
    Ok(entries.into_iter().map(Reader::from).collect())
}

pub(super) fn text(path: &str) -> Result<String, TemplateError> {
    Files::get(path)
        .and_then(|file| String::from_utf8(file.data.into_owned()).ok())
        .ok_or_else(|| TemplateError::Missing { path: path.to_owned() })
}

#[cfg(test)]
pub(super) fn template_paths() -> Vec<String> {
    Files::iter().filter(|path| path.ends_with(".j2")).map(std::borrow::Cow::into_owned).collect()
}

fn entries<T: serde::de::DeserializeOwned>(wanted: impl Fn(&str) -> bool) -> Result<Vec<T>, TemplateError> {
    let mut paths: Vec<_> = Files::iter().filter(|path| wanted(path)).collect();
    paths.sort();
    paths.iter().map(|path| parse(path, &text(path)?)).collect()
}

fn parse<T: serde::de::DeserializeOwned>(path: &str, text: &str) -> Result<T, TemplateError> {
    toml::from_str(text).map_err(|source| TemplateError::Entry { path: path.to_owned(), source })
}
