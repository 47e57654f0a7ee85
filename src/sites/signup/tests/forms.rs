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
