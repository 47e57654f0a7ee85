//! Which functions in front of a handler make sure that somebody is signed in.

use crate::catalog::Catalog;
use crate::resolve::Program;
use crate::sites::Detail;
use crate::sites::billable::billables;
use crate::sites::cx::Cx;
use crate::sites::tests::{app, memory};
use crate::workspace::Workspace;

const EXPRESS: &[&str] = &["frameworks/express", "auth/jwt-custom", "providers/openai"];

/// Whether the payer of the only paid call is there for certain, where a middleware of this text stands in front of it.
fn is_sure_behind(middleware: &str) -> bool {
    let auth = format!(
        "const jwt = require('jsonwebtoken');\nconst read = (token) => {{\n  try {{\n    return jwt.verify(token, 's');\n  }} catch {{\n    return null;\n  }}\n}};\n{middleware}\nmodule.exports = {{ signedIn }};\n"
    );
    let server = "const express = require('express');\nconst OpenAI = require('openai');\nconst { signedIn } = require('./auth');\nconst ai = new OpenAI();\nconst app = express();\napp.post('/ask', signedIn, async (req, res) => {\n  const r = await ai.responses.create({ model: 'm', input: 'x' });\n  res.json({ r, by: req.user.id });\n});\n";
    let ws = memory(&[("package.json", "{}"), ("auth.js", &auth), ("app.js", server)]);
    is_sure(&ws, EXPRESS, "req.user.id")
}

/// Whether the payer of the only paid call, whose id is this, is there for certain.
fn is_sure(ws: &Workspace, picked: &[&str], id: &str) -> bool {
    let catalog = Catalog::embedded().expect("the entries");
    let (program, picked) = (Program::new(ws), app(picked));
    let sites = billables(&Cx::new(&program, &catalog, &picked));
    let [site] = sites.as_slice() else { panic!("{sites:?}") };
    let Detail::Billable(call) = &site.detail else { panic!("{site:?}") };
    let payer = call.plan.identity.as_ref().expect("somebody is named");
    assert_eq!(payer.id, id);
    !payer.nullable
}

#[test]
fn a_middleware_that_goes_on_without_a_user_is_no_guard() {
    let goes_on = [
        "function signedIn(req, res, next) {\n  try {\n    req.user = jwt.verify(req.headers.x, 's');\n  } catch {\n    req.user = null;\n  }\n  next();\n}",
        "function signedIn(req, res, next) {\n  if (req.headers.x) req.user = jwt.verify(req.headers.x, 's');\n  next();\n}",
        "function signedIn(req, res, next) {\n  if (!req.headers.x) return next();\n  req.user = jwt.verify(req.headers.x, 's');\n  next();\n}",
        "function signedIn(req, res, next) {\n  req.user = read(req.headers.x);\n  next();\n}",
        "function signedIn(req, res, next) {\n  const user = read(req.headers.x);\n  req.user = user;\n  next();\n}",
        "function signedIn(req, res, next) {\n  jwt.verify(req.headers.x, 's', (err, user) => {\n    if (!err) req.user = user;\n    next();\n  });\n}",
    ];
    for middleware in goes_on {
        assert!(!is_sure_behind(middleware), "{middleware}");
    }
}

#[test]
fn a_middleware_that_turns_others_away_is_a_guard() {
    let turns_away = [
        "function signedIn(req, res, next) {\n  try {\n    req.user = jwt.verify(req.headers.x, 's');\n    next();\n  } catch {\n    res.sendStatus(401);\n  }\n}",
        "function signedIn(req, res, next) {\n  if (req.method === 'OPTIONS') return next();\n  if (!req.headers.x) return res.sendStatus(401);\n  req.user = jwt.verify(req.headers.x, 's');\n  next();\n}",
        "function signedIn(req, res, next) {\n  const user = read(req.headers.x);\n  if (!user) return next(new Error('no'));\n  req.user = user;\n  next();\n}",
        "function signedIn(req, res, next) {\n  req.user = read(req.headers.x);\n  if (!req.user) return res.sendStatus(401);\n  next();\n}",
        "function signedIn(req, res, next) {\n  jwt.verify(req.headers.x, 's', (err, user) => {\n    if (err) return res.sendStatus(403);\n    req.user = user;\n    next();\n  });\n}",
    ];
    for middleware in turns_away {
        assert!(is_sure_behind(middleware), "{middleware}");
    }
}

const FLASK: &[&str] = &["frameworks/flask", "auth/flask-login", "providers/openai"];

/// The same of a handler in Flask: what stands above it, its decorators, and what it does first.
fn is_sure_in_flask(above: &str, decorators: &str, first: &str) -> bool {
    let text = format!(
        "from functools import wraps\nfrom flask import Flask, abort, jsonify, redirect, request\nfrom flask_login import current_user, login_required\nfrom openai import OpenAI\n\napp = Flask(__name__)\nclient = OpenAI()\n\n\n{above}@app.post('/ask')\n{decorators}def ask():\n{first}    answer = client.responses.create(model='m', input='x')\n    return jsonify(text=answer.output_text)\n"
    );
    is_sure(&memory(&[("app.py", &text)]), FLASK, "current_user.id")
}

/// A decorator of the app whose inner function begins with these lines.
fn around(lines: &str) -> String {
    format!(
        "def around(f):\n    @wraps(f)\n    def inner(*args, **kwargs):\n{lines}        return f(*args, **kwargs)\n    return inner\n\n\n"
    )
}

#[test]
fn an_object_for_the_current_user_is_one_where_something_says_so() {
    let asks = "        if not current_user.is_authenticated:\n            abort(401)\n";
    let hook = "@app.before_request\ndef gate():\n    if not current_user.is_authenticated:\n        return redirect('/')\n\n\n";
    for (above, decorators, first) in [
        ("", "@login_required\n", ""),
        ("", "", "    if not current_user.is_authenticated:\n        return jsonify(), 401\n"),
        (around(asks).as_str(), "@around\n", ""),
        (around("").replace("    def inner", "    @login_required\n    def inner").as_str(), "@around\n", ""),
        ("@app.before_request\n@login_required\ndef gate():\n    pass\n\n\n", "", ""),
        (hook, "", ""),
        ("", "", "    name = f'user-{current_user.id}'\n"),
    ] {
        assert!(is_sure_in_flask(above, decorators, first), "{above}{decorators}{first}");
    }
}

#[test]
fn an_object_for_the_current_user_may_be_a_visitor_elsewhere() {
    let counts = "        if not current_user.is_authenticated and request.args:\n            abort(429)\n";
    let hook = "@app.before_request\ndef gate():\n    if request.endpoint == 'ask':\n        return None\n    if not current_user.is_authenticated:\n        return redirect('/')\n\n\n";
    for (above, decorators, first) in [
        ("", "", ""),
        (around(counts).as_str(), "@around\n", ""),
        (hook, "", ""),
        ("", "", "    who = current_user.id if current_user.is_authenticated else None\n"),
        ("", "", "    if current_user.is_authenticated:\n        print(current_user.id)\n"),
    ] {
        assert!(!is_sure_in_flask(above, decorators, first), "{above}{decorators}{first}");
    }
}
