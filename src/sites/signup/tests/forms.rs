//! Forms of a record's making that are easily missed.

use super::{seen, signup, sites};
use crate::sites::Hook;

#[test]
fn a_mongoose_model_makes_a_record_without_new() {
    let found = seen(
        &["frameworks/express", "orm/mongoose"],
        &[
            (
                "user.js",
                "const mongoose = require('mongoose');\nmodule.exports = mongoose.model('User', new mongoose.Schema({ email: String }));\n",
            ),
            (
                "app.js",
                "const express = require('express');\nconst User = require('./user');\nconst app = express();\napp.post('/signup', async (req, res) => {\n  const user = User({ email: req.body.email });\n  await user.save();\n  res.json(user);\n});\n",
            ),
        ],
    );
    assert_eq!(found, ["* app.js:6-6 ? handler user.id"]);
}

#[test]
fn a_user_stored_with_others_is_one() {
    let found = seen(
        &["frameworks/flask", "orm/sqlalchemy"],
        &[(
            "app.py",
            "from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String)


class Login(db.Model):
    id = db.Column(db.Integer, primary_key=True)


@app.post(\"/signup\")
def signup():
    user = User(email=\"a\")
    login = Login()
    db.session.add_all([user, login])
    db.session.commit()
    return {}
",
        )],
    );
    assert_eq!(found, ["* app.py:21-22 signup handler user.id"]);
}

#[test]
fn a_hook_is_found_in_options_that_are_put_together() {
    let base = "export const authOptions = { adapter: adapter(), events: { async createUser({ user }) { hello(user); } } };\n";
    for given in ["{ ...authOptions, events: { ...authOptions.events } }", "makeOptions(1)"] {
        let auth = format!(
            "import NextAuth from 'next-auth';\n{base}const makeOptions = (locale) => {{\n  return {{ ...authOptions, pages: locale }};\n}};\nexport default NextAuth({given});\n"
        );
        let found = sites(&["frameworks/nextjs-app", "auth/nextauth-v4"], &[("auth.ts", &auth)]);
        let hooks: Vec<_> = found.iter().map(|s| signup(s).plan.hook.clone()).collect();
        assert!(matches!(hooks.as_slice(), [Some(Hook::Body(_))]), "{given}: {hooks:?}");
    }
}

#[test]
fn a_user_is_there_once_what_gave_the_id_is_committed() {
    let sign_up = |rest: &str| {
        let app = format!(
            "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\n\napp = Flask(__name__)\ndb = SQLAlchemy(app)\n\n\nclass User(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n    email = db.Column(db.String)\n\n\n@app.post(\"/signup\")\ndef signup():\n    user = User(email=\"a\")\n    db.session.add(user)\n    db.session.flush()\n{rest}"
        );
        seen(&["frameworks/flask", "orm/sqlalchemy"], &[("app.py", &app)])
    };
    let kept = sign_up("    db.session.add(Profile(user.id))\n    db.session.commit()\n    return {}\n");
    assert_eq!(kept, ["* app.py:16-19 signup handler user.id"]);
    let maybe = sign_up(
        "    if user.email and user.email.endswith(\"@example.org\"):\n        db.session.commit()\n    return {}\n",
    );
    assert_eq!(maybe, ["* app.py:16-17 signup handler user.id"]);
}

#[test]
fn what_many_requests_ask_for_is_no_sign_up() {
    let with = |handlers: usize| {
        let asks: String = (0..handlers)
            .map(|n| format!("app.get('/{n}', async (req, res) => res.json(await current(req)));\n"))
            .collect();
        let app = format!(
            "const express = require('express');\nconst {{ PrismaClient }} = require('@prisma/client');\nconst db = new PrismaClient();\nconst app = express();\nasync function current(req) {{\n  const user = await db.user.upsert({{ where: {{ email: req.get('x') }}, create: {{ email: req.get('x') }}, update: {{}} }});\n  return user;\n}}\n{asks}"
        );
        let schema = "model User {\n  id String @id @default(cuid())\n  email String @unique\n}\n";
        let picked = &["frameworks/express", "orm/prisma"];
        seen(picked, &[("prisma/schema.prisma", schema), ("app.js", &app)])
    };
    assert!(with(1)[0].starts_with("* "), "{:?}", with(1));
    assert!(!with(5).iter().any(|site| site.starts_with("* ")), "{:?}", with(5));
}
