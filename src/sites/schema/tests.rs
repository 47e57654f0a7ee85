use super::*;

#[test]
fn blocks_and_tables_are_found_with_their_spans() {
    let text = SourceText::new(b"enum A {\n  X\n}\n\nmodel User {\n  id String @id\n}\n".to_vec());
    let found = blocks(&text, "model");
    assert_eq!(found.len(), 1);
    assert_eq!(text.slice(found[0].1.range()), "model User {\n  id String @id\n}");
    let sql = "create table if not exists public.\"users\" (id int, n numeric(3, 2));\nselect 1;";
    let found = tables(sql);
    assert_eq!(found[0].0, "users");
    assert_eq!(sql.get(found[0].1.range()).map(|s| s.ends_with("2))")), Some(true));
}

#[test]
fn a_payment_column_is_shown_as_the_code_writes_it() {
    let catalog = Catalog::embedded().unwrap_or_else(|e| panic!("{e}"));
    let column = |name, text| billing_column(&catalog, name, text).map(|(column, _)| column);
    assert_eq!(column("Team", "id String\nstripeCustomerId String?"), Some("stripeCustomerId"));
    assert_eq!(column("Team", "stripe_customer_id = Column(String)"), Some("stripe_customer_id"));
    assert_eq!(column("Team", "customer String"), None);
    assert_eq!(column("Invoice", "stripeCustomerId String?"), None);
}

fn found(files: &[(&str, &str)]) -> Vec<Site> {
    let catalog = Catalog::embedded().unwrap_or_else(|e| panic!("{e}"));
    let ws = crate::workspace::Workspace::in_memory(files.iter().copied());
    let print = crate::fingerprint::fingerprint(&ws, &catalog);
    let program = Program::new(&ws);
    print.apps.iter().flat_map(|app| schemas(&Cx::new(&program, &catalog, app))).collect()
}

fn selected(sites: &[Site]) -> Vec<(&str, usize, usize)> {
    let chosen = sites.iter().filter(|s| s.selected);
    chosen.map(|s| (s.symbol.as_deref().unwrap_or_default(), s.line, s.end_line)).collect()
}

#[test]
fn the_user_and_the_record_that_already_pays_are_selected() {
    let package =
        r#"{"dependencies": {"next": "15", "react": "19", "@prisma/client": "6", "better-auth": "1"}}"#;
    let schema = "model Account {\n  id String\n}\n\nmodel User {\n  id String @id\n}\n\nmodel Team {\n  stripeCustomerId String?\n}\n\nmodel Invoice {\n  stripeCustomerId String?\n}\n";
    let sites = found(&[
        ("package.json", package),
        ("app/page.tsx", ""),
        ("prisma/schema.prisma", schema),
        ("prisma/migrations/1/migration.sql", ""),
    ]);
    assert_eq!(selected(&sites), [("User", 5, 7), ("Team", 9, 11)]);
    let Detail::Schema(detail) = &sites[0].detail else { panic!("{sites:?}") };
    assert_eq!((detail.orm.as_str(), detail.migrations.as_deref()), ("prisma", Some("prisma/migrations")));
}

#[test]
fn a_table_maker_of_the_app_is_followed() {
    let package = r#"{"dependencies": {"express": "5", "drizzle-orm": "0.40"}}"#;
    let sites = found(&[
        ("package.json", package),
        ("src/index.ts", "import express from \"express\";\n"),
        (
            "src/table.ts",
            "import { pgTableCreator } from \"drizzle-orm/pg-core\";\nexport const createTable = pgTableCreator((n) => `x_${n}`);\n",
        ),
        (
            "src/schema.ts",
            "import { createTable } from \"./table\";\nimport { text } from \"drizzle-orm/pg-core\";\n\nexport const users = createTable(\"users\", {\n  id: text(\"id\"),\n});\n",
        ),
    ]);
    assert_eq!(selected(&sites), [("users", 4, 6)]);
}

#[test]
fn a_python_model_is_told_from_the_schemas_around_it() {
    let models = "from sqlmodel import Field, SQLModel\n\n\nclass UserBase(SQLModel):\n    email: str\n\n\nclass UserCreate(UserBase):\n    password: str\n\n\nclass User(UserBase, table=True):\n    id: int | None = Field(default=None, primary_key=True)\n";
    let sites = found(&[
        ("requirements.txt", "fastapi\nsqlmodel\n"),
        ("app/main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n"),
        ("app/models.py", models),
    ]);
    assert_eq!(selected(&sites), [("User", 12, 13)]);
}

#[test]
fn flask_sqlalchemy_and_mongoose_models_are_found() {
    let flask = found(&[
        ("requirements.txt", "Flask==3\nFlask-SQLAlchemy==3\n"),
        (
            "app/__init__.py",
            "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\napp = Flask(__name__)\n",
        ),
        ("app/models.py", "from . import db\n\n\nclass User(db.Model):\n    id = db.Column(db.Integer)\n"),
    ]);
    assert_eq!(selected(&flask), [("User", 4, 5)]);
    let mongo = found(&[
        ("package.json", r#"{"dependencies": {"express": "5", "mongoose": "8"}}"#),
        ("app.js", "const express = require(\"express\");\n"),
        (
            "models/user.js",
            "const mongoose = require(\"mongoose\");\n\nconst schema = new mongoose.Schema({\n  email: String,\n});\n\nmodule.exports = mongoose.model(\"User\", schema);\n",
        ),
    ]);
    assert_eq!(selected(&mongo), [("User", 3, 5)]);
}
