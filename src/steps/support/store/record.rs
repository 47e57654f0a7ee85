//! The user record the id would stand on, and what must be so for that.

use minijinja::{Value, context};

use crate::catalog::{Column, Entry, Kind, ModelShape, Orm, Snippet};
use crate::sites::cx::Cx;
use crate::sites::signup::{Key, key_of};
use crate::sites::{Detail, Schema, Signup, SignupHow, Site, SiteKind, schema};
use crate::steps::support::{Kit, render};
use crate::template;
use crate::workspace::FileId;

/// The declaration of the user record.
pub struct Record<'a> {
    /// Entry of its ORM.
    pub entry: &'a Entry,
    /// The ORM.
    pub orm: &'a Orm,
    /// The column as the entry has it.
    pub column: &'a Column,
    /// Where it is.
    pub site: &'a Site,
    /// What is known of it.
    pub schema: &'a Schema,
    /// Its file.
    pub file: FileId,
    /// Its text.
    pub declaration: String,
    /// Its key.
    pub key: Key,
    /// The database, where the entry tells them apart.
    pub dialect: Option<&'a str>,
}

impl<'a> Record<'a> {
    /// The record, or why the id cannot stand on it.
    pub fn find(kit: &Kit<'a>) -> Result<Self, String> {
        let sites: &'a [Site] = kit.cx.sites;
        let (site, schema) = sites
            .iter()
            .filter(|s| s.kind == SiteKind::Schema && s.selected && schema::is_payer(s, kit.paying()))
            .find_map(|s| match &s.detail {
                Detail::Schema(schema) => Some((s, schema)),
                _ => None,
            })
            .ok_or_else(|| format!("no declaration of the {} record was found", kit.noun()))?;
        let entry = kit.cx.catalog.by_value(Kind::Orm, &schema.orm).ok_or("its data library is not known")?;
        let orm = entry.orm.as_ref().ok_or("its data library is not known")?;
        let column = orm.column.as_ref().filter(|_| !orm.links.is_empty());
        let column = column.ok_or_else(|| format!("this is not written for {} yet", entry.title))?;
        let file = kit.cx.workspace.find(&site.file).ok_or("its file is gone")?;
        let declaration = kit.text(file).slice(site.span.range()).to_owned();
        let usual = || Key { member: "id".to_owned(), declaration: String::new() };
        let key = if orm.primary_key.is_empty() {
            usual()
        } else {
            let cx = Cx::new(kit.cx.program, kit.cx.catalog, kit.cx.app);
            key_of(&cx, file, site.span, &orm.primary_key)
                .ok_or_else(|| format!("no member of `{}` is marked as its key", schema.model))?
        };
        let mut record = Self { entry, orm, column, site, schema, file, declaration, key, dialect: None };
        record.dialect = record.find_dialect(kit)?;
        record.is_the_one_who_signs_up(kit)?;
        Ok(record)
    }

    fn find_dialect(&self, kit: &Kit<'_>) -> Result<Option<&'a str>, String> {
        let Some(orm) = self.entry.orm.as_ref().filter(|o| !o.dialects.is_empty()) else { return Ok(None) };
        let squeezed =
            |file: FileId| kit.text(file).as_str().split_whitespace().collect::<Vec<_>>().join(" ");
        for dialect in &orm.dialects {
            let others = kit
                .cx
                .workspace
                .files()
                .filter(|(_, f)| kit.cx.app.owns(&f.path) && dialect.globs.match_path(&f.path));
            let files = std::iter::once(self.file).chain(others.map(|(id, _)| id));
            for file in files {
                let text = squeezed(file);
                if dialect.any.iter().any(|word| text.contains(word.as_str())) {
                    return Ok(Some(&dialect.name));
                }
            }
        }
        Err("which database it is in is not known".to_owned())
    }

    /// The id that customers are made under must be the key of this record.
    fn is_the_one_who_signs_up(&self, kit: &Kit<'_>) -> Result<(), String> {
        let mut known = false;
        let noun = kit.noun();
        for site in kit.cx.sites.iter().filter(|s| s.kind == SiteKind::Signup && s.selected) {
            let Detail::Signup(signup) = &site.detail else { continue };
            let Some(id) = member_of(signup) else { continue };
            let is_key = id == self.key.member || self.orm.key_names.iter().any(|n| n == id);
            if !is_key || signup.how == SignupHow::Webhook {
                return Err(format!(
                    "{noun}s are known by another id than `{}` of `{}` ({}:{})",
                    self.key.member, self.schema.model, site.file, site.line
                ));
            }
            if site.file == self.site.file {
                return Err(format!(
                    "`{}` both declares the record and makes {noun}s, so the modules would import each other",
                    site.file
                ));
            }
            known = true;
        }
        if known { Ok(()) } else { Err(format!("no sign-up shows that {noun}s are known by its key")) }
    }

    /// Whether the column is declared.
    pub fn has_column(&self) -> bool {
        self.declaration.contains(self.column.member.as_str())
    }

    /// The name of the column in the database.
    pub fn column_name(&self) -> &'a str {
        match &self.column.name {
            Some(name) if self.is_mapped() => name,
            _ => &self.column.member,
        }
    }

    fn is_mapped(&self) -> bool {
        self.column.mapped.is_empty()
            || self.column.mapped.iter().any(|m| self.declaration.contains(m.as_str()))
    }

    /// How the record type is declared, in order of the entry.
    pub fn shapes(&self) -> &'a [ModelShape] {
        &self.orm.models
    }

    /// What every template of the entry may use.
    pub fn variables(&self, kit: &Kit<'_>) -> Value {
        let optional = render::python_floor(kit).is_some_and(|floor| floor < (3, 10))
            || (self.declaration.contains("Optional[") && !self.declaration.contains("| None"));
        context! {
            name => self.column.name.as_deref().unwrap_or(&self.column.member),
            member => self.column.member.as_str(),
            column => self.column_name(),
            mapped => self.is_mapped(),
            dialect => self.dialect,
            declaration => self.declaration.as_str(),
            model => self.schema.model.as_str(),
            accessor => small(&self.schema.model),
            key => self.key.member.as_str(),
            optional,
        }
    }
}

/// The member of a new user's expression that is the id: `id` of `str(user.id)`.
fn member_of(signup: &Signup) -> Option<&str> {
    let id = signup.user_id.as_deref()?.trim_end_matches(')');
    id.rsplit(['.', '(', '!', '?', ' ']).find(|part| !part.is_empty())
}

/// With a small first letter.
fn small(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// A template of an entry.
pub(super) fn rendered(template: &str, scope: &Value) -> Result<String, String> {
    let environment = template::environment().map_err(|e| e.to_string())?;
    environment.render_str(template, scope).map_err(|e| e.to_string())
}

/// A snippet's lines and the names it needs; imports whose name comes out empty are none.
pub(super) fn snippet(snippet: &Snippet, scope: &Value) -> Result<(String, Vec<(String, String)>), String> {
    let mut imports = Vec::new();
    for symbol in &snippet.imports {
        let name = rendered(&symbol.name, scope)?;
        if !name.is_empty() {
            imports.push((rendered(&symbol.module, scope)?, name));
        }
    }
    Ok((rendered(&snippet.lines, scope)?, imports))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_member_that_is_the_id_is_read_off_its_expression() {
        for (expr, member) in
            [("user.id", "id"), ("String(user._id)", "_id"), ("str(user.id)", "id"), ("userId", "userId")]
        {
            let signup = Signup {
                how: SignupHow::Handler,
                user_id: Some(expr.to_owned()),
                user_email: None,
                payer: None,
                plan: crate::sites::SignupPlan::default(),
            };
            assert_eq!(member_of(&signup), Some(member));
        }
        assert_eq!(small("UserAccount"), "userAccount");
    }
}
