//! Where a setting is declared, and which object it is read from.

use crate::steps::Area;
use crate::steps::paid::tests::plan;

const PACKAGE: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "type": "module", "dependencies": {"express": "5", "openai": "6", "zod": "3", "jsonwebtoken": "9"}, "devDependencies": {"typescript": "5"}}"#,
);
const SERVER: &str = "import express from 'express';
import OpenAI from 'openai';
import jwt from 'jsonwebtoken';
import { env } from './env.js';
const app = express();
app.post('/in', (req, res) => res.json(jwt.sign({ id: 1 }, 's')));
export const ai = new OpenAI({ apiKey: env.OPENAI_API_KEY });
";

/// The settings and the client module after the key step, with these settings in `src/env.ts`.
fn key_step(env: &str, more: &[(&str, &str)]) -> (String, String) {
    let env = format!("import {{ z }} from 'zod';\n{env}");
    let mut files = vec![PACKAGE, ("src/server.ts", SERVER), ("src/env.ts", env.as_str())];
    files.extend(more);
    let (_, settings) = plan(&files, Area::Key, "src/env.ts");
    let (_, client) = plan(&files, Area::Key, "src/credyt/client.ts");
    (settings, client)
}

#[test]
fn the_parsed_settings_are_read_and_not_the_schema() {
    let schema = "export const envSchema = z.object({ OPENAI_API_KEY: z.string(), PORT: z.string() });\n";
    let (settings, client) =
        key_step(&format!("{schema}export const env = envSchema.parse(process.env);\n"), &[]);
    assert!(settings.contains("CREDYT_API_KEY: z.string().optional()"), "{settings}");
    assert!(client.contains("env.CREDYT_API_KEY") && !client.contains("envSchema"), "{client}");
    // Parsed elsewhere: the environment itself is read.
    let (_, client) =
        key_step(&format!("{schema}export const load = () => envSchema.parse(process.env);\n"), &[]);
    assert!(client.contains("process.env.CREDYT_API_KEY"), "{client}");
    let at_once =
        "export const env = z.object({ OPENAI_API_KEY: z.string(), PORT: z.string() }).parse(process.env);\n";
    let (_, client) = key_step(at_once, &[]);
    assert!(client.contains("env.CREDYT_API_KEY") && !client.contains("process.env.CREDYT"), "{client}");
}

#[test]
fn settings_that_a_transform_picks_from_are_left_alone() {
    let with = |schema: &str| {
        key_step(
            &format!(
                "export const env = z.object({{ OPENAI_API_KEY: z.string(), PORT: z.string() }}){schema}.parse(process.env);\n"
            ),
            &[],
        )
    };
    let (settings, client) = with(".transform((e) => ({ OPENAI_API_KEY: e.OPENAI_API_KEY }))");
    assert!(!settings.contains("CREDYT"), "{settings}");
    assert!(client.contains("process.env.CREDYT_API_KEY"), "{client}");
    let (settings, client) = with(".transform((e) => ({ ...e, port: Number(e.PORT) }))");
    assert!(settings.contains("CREDYT_API_KEY"), "all of it is kept:\n{settings}");
    assert!(client.contains("env.CREDYT_API_KEY") && !client.contains("process.env.CREDYT"), "{client}");
    // What is done to one setting concerns that one only.
    let one = "export const env = z.object({ OPENAI_API_KEY: z.string(), PORT: z.string().transform(Number) }).parse(process.env);\n";
    assert!(key_step(one, &[]).0.contains("CREDYT_API_KEY"));
}

#[test]
fn a_map_that_is_kept_by_hand_beside_the_schema_gets_its_half() {
    let (settings, _) = key_step(
        "const server = z.object({ OPENAI_API_KEY: z.string(), PORT: z.string() });
const processEnv = {
  OPENAI_API_KEY: process.env.OPENAI_API_KEY,
  PORT: process.env.PORT,
};
export const env = server.parse(processEnv); // server.parse(process.env)
",
        &[],
    );
    assert!(settings.contains("CREDYT_API_KEY: z.string().optional()"), "{settings}");
    assert!(settings.contains("CREDYT_API_KEY: process.env.CREDYT_API_KEY,"), "{settings}");
}

#[test]
fn of_several_settings_those_with_the_providers_key_are_taken() {
    let slack = "import { z } from 'zod';
export const slackSchema = z.object({ SLACK_A: z.string(), SLACK_B: z.string(), SLACK_C: z.string() });
export const slack = slackSchema.parse(process.env);
";
    let own = "export const env = z.object({ OPENAI_API_KEY: z.string() }).parse(process.env);\n";
    let (settings, client) = key_step(own, &[("src/config/slack.ts", slack)]);
    assert!(settings.contains("CREDYT_API_KEY"), "{settings}");
    assert!(client.contains("../env.js"), "{client}");
}

#[test]
fn settings_with_a_prefix_of_their_own_are_not_taken() {
    const MAIN: &str = "import jwt
from fastapi import FastAPI
from openai import OpenAI

app = FastAPI()
client = OpenAI()


@app.post(\"/in\")
def sign():
    return jwt.encode({\"sub\": \"1\"}, \"s\")
";
    let with_field = |prefix: &str, field: &str| {
        let settings = format!(
            "from pydantic import Field\nfrom pydantic_settings import BaseSettings, SettingsConfigDict\n\n\nclass Theme(BaseSettings):\n    model_config = SettingsConfigDict({prefix})\n    colour: str = {field}\n\n\ntheme = Theme()\n"
        );
        let files = [
            ("requirements.txt", "fastapi\nopenai\npyjwt\npydantic-settings\n"),
            ("app/__init__.py", ""),
            ("app/main.py", MAIN),
            ("app/theme.py", settings.as_str()),
        ];
        plan(&files, Area::Key, "app/theme.py").1
    };
    let with = |prefix: &str| with_field(prefix, "\"red\"");
    assert!(!with("env_prefix=\"theme_\"").to_lowercase().contains("credyt"));
    assert!(with("env_prefix=\"\"").to_lowercase().contains("credyt_api_key"), "an empty one is none");
    assert!(with("env_file=\".env\"").to_lowercase().contains("credyt_api_key"));
    // A class whose settings name their variables reads no other ones.
    let named = with_field("case_sensitive=True", "Field(\"red\", alias=\"THEME_COLOUR\")");
    assert!(named.contains(": str | None = Field(default=None, alias=\"CREDYT_API_KEY\")\n"), "{named}");
}
