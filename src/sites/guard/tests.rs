//! Which functions in front of a handler make sure that somebody is signed in.

use crate::catalog::Catalog;
use crate::resolve::Program;
use crate::sites::Detail;
use crate::sites::billable::billables;
use crate::sites::cx::Cx;
use crate::sites::tests::{app, memory};

const EXPRESS: &[&str] = &["frameworks/express", "auth/jwt-custom", "providers/openai"];

/// Whether the payer of the only paid call is there for certain, where a middleware of this text stands in front of it.
fn is_sure_behind(middleware: &str) -> bool {
    let auth = format!(
        "const jwt = require('jsonwebtoken');\nconst read = (token) => {{\n  try {{\n    return jwt.verify(token, 's');\n  }} catch {{\n    return null;\n  }}\n}};\n{middleware}\nmodule.exports = {{ signedIn }};\n"
    );
    let server = "const express = require('express');\nconst OpenAI = require('openai');\nconst { signedIn } = require('./auth');\nconst ai = new OpenAI();\nconst app = express();\napp.post('/ask', signedIn, async (req, res) => {\n  const r = await ai.responses.create({ model: 'm', input: 'x' });\n  res.json({ r, by: req.user.id });\n});\n";
    let ws = memory(&[("package.json", "{}"), ("auth.js", &auth), ("app.js", server)]);
    let catalog = Catalog::embedded().expect("the entries");
    let (program, picked) = (Program::new(&ws), app(EXPRESS));
    let sites = billables(&Cx::new(&program, &catalog, &picked));
    let [site] = sites.as_slice() else { panic!("{sites:?}") };
    let Detail::Billable(call) = &site.detail else { panic!("{site:?}") };
    let payer = call.plan.identity.as_ref().expect("somebody is named");
    assert_eq!(payer.id, "req.user.id");
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
