//! The sample apps of this build, and the blanks in their commands.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;
use serde::Deserialize;

const APPS: &str = include_str!("apps.toml");

/// The files of the bundled apps, by `folder/path`.
#[derive(RustEmbed)]
#[folder = "fixtures/"]
#[include = "nextjs-authjs-prisma/*"]
#[include = "express-jwt-prisma/*"]
#[include = "fastapi-async-replicate/*"]
#[exclude = "*/node_modules/*"]
#[exclude = "*/.venv/*"]
#[exclude = "*/__pycache__/*"]
pub(super) struct Files;

/// A sample app; the fields are described in `apps.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// What it is chosen by.
    pub name: String,
    /// What it calls itself.
    pub title: String,
    /// What it does and what it is made of.
    pub about: String,
    /// Its folder among the bundled ones.
    pub folder: String,
    /// The port it is opened at when that is free.
    pub port: u16,
    /// Programs of the machine it cannot be started without.
    pub needs: Vec<Need>,
    /// Commands that need the package registry.
    pub install: Vec<Vec<String>>,
    /// Commands that do not.
    pub prepare: Vec<Vec<String>>,
    /// The app itself.
    pub start: Vec<String>,
    /// A path that answers once the app is up.
    pub ready: String,
    /// Its settings.
    pub env: BTreeMap<String, String>,
    /// What to do with it.
    pub tour: Vec<Stop>,
}

/// A program of the machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// The program.
    pub run: String,
    /// What it is called.
    pub name: String,
    /// The least version.
    pub least: Option<String>,
}

/// One thing to do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// What to do.
    pub does: String,
    /// A command that does it.
    pub run: Option<String>,
    /// What it shows.
    pub shows: String,
}

#[derive(Deserialize)]
struct Listed {
    app: Vec<App>,
}

/// What the blanks in commands, settings and the tour stand for.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Where the app is opened.
    pub app: String,
    /// Where the app listens.
    pub port: u16,
    /// The stand-in for the provider.
    pub provider: String,
    /// The sandbox.
    pub sandbox: String,
    /// A secret of this run.
    pub secret: String,
    /// This program.
    pub tool: String,
}

impl App {
    /// All sample apps, the default one first.
    pub fn all() -> Vec<Self> {
        let listed: Listed = toml::from_str(APPS).expect("apps.toml is well-formed, as a test shows");
        listed.app
    }
}

impl Places {
    /// The text with its blanks filled.
    pub fn fill(&self, text: &str) -> String {
        let venv = if cfg!(windows) { ".venv/Scripts" } else { ".venv/bin" };
        let blanks = [
            ("{app}", self.app.as_str()),
            ("{port}", &self.port.to_string()),
            ("{provider}", &self.provider),
            ("{sandbox}", &self.sandbox),
            ("{secret}", &self.secret),
            ("{tool}", &self.tool),
            ("{venv}", venv),
        ];
        blanks.iter().fold(text.to_owned(), |text, (blank, value)| text.replace(blank, value))
    }

    /// Commands with their blanks filled.
    pub fn commands(&self, commands: &[Vec<String>]) -> Vec<Vec<String>> {
        commands.iter().map(|command| self.command(command)).collect()
    }

    /// A command with its blanks filled.
    pub fn command(&self, command: &[String]) -> Vec<String> {
        command.iter().map(|part| self.fill(part)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_app_is_bundled_whole_and_without_what_was_installed_into_it() {
        for app in App::all() {
            let files: Vec<String> = Files::iter()
                .filter(|f| f.starts_with(&format!("{}/", app.folder)))
                .map(String::from)
                .collect();
            assert!(files.contains(&format!("{}/README.md", app.folder)), "{}", app.folder);
            assert!(files.contains(&format!("{}/.env.example", app.folder)), "{}", app.folder);
            assert!(files.iter().all(|file| !file.contains("node_modules") && !file.contains(".venv")));
        }
    }

    #[test]
    fn every_blank_is_filled_and_every_setting_is_one_of_the_app() {
        let places = Places { app: "APP".to_owned(), ..Places::default() };
        for app in App::all() {
            let mut texts: Vec<&String> = app.env.values().chain(&app.start).collect();
            texts.extend(app.install.iter().chain(&app.prepare).flatten());
            texts.extend(app.tour.iter().flat_map(|stop| [&stop.does, &stop.shows]));
            for text in texts {
                assert!(!places.fill(text).contains('{'), "{}: {text}", app.name);
            }
            assert!(app.tour.len() == 4 && !app.start.is_empty() && app.ready.starts_with('/'));
            let known: String = Files::iter()
                .filter(|file| file.starts_with(&app.folder))
                .filter_map(|file| Some(String::from_utf8_lossy(&Files::get(&file)?.data).into_owned()))
                .collect();
            let of_tools = ["NEXT_TELEMETRY_DISABLED", "PRISMA_SCHEMA_ENGINE_BINARY"];
            for name in app.env.keys().filter(|name| !of_tools.contains(&name.as_str())) {
                assert!(known.contains(name.as_str()), "{} does not read {name}", app.name);
            }
        }
    }
}
