//! What counts as a logger of the app, and what is only called so.

use crate::steps::Area;
use crate::steps::paid::tests::plan;

const EXPRESS: (&str, &str) = (
    "package.json",
    r#"{"name": "a", "type": "module", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9", "pino": "9"}}"#,
);
const AUTH: (&str, &str) = (
    "src/auth.js",
    "import jwt from 'jsonwebtoken';
export const sign = (id) => jwt.sign({ id }, 's');
export const requireAuth = (req, res, next) => { req.user = jwt.verify(req.get('a'), 's'); next(); };
",
);
const SERVER: &str = "import express from 'express';
import OpenAI from 'openai';
import { requireAuth } from './auth.js';
import { log } from './log.js';
const ai = new OpenAI();
const app = express();
app.get('/me', requireAuth, async (req, res) => { await log({ message: 'hit', type: 'info' }); res.json(req.user.id); });
app.post('/ask', requireAuth, async (req, res) => {
  const made = await ai.responses.create({ input: req.user.id });
  res.json(made);
});
";

/// The usage module of an app with this `log.js`; `server` is more code of the server.
fn usage(log: &str, server: &str) -> String {
    let server = format!("{SERVER}{server}");
    let files = [EXPRESS, AUTH, ("src/server.js", server.as_str()), ("src/log.js", log)];
    plan(&files, Area::Events, "src/credyt/usage.js").1
}

#[test]
fn a_function_called_log_is_no_logger() {
    let text = usage("export const log = async ({ message, type }) => { await fetch(message); };\n", "");
    assert!(text.contains("console.error("), "{text}");
    assert!(!text.contains("log.error"), "{text}");
}

#[test]
fn an_object_is_one_when_its_method_takes_a_message_and_an_error() {
    let own = |params: &str| {
        usage(&format!("export const log = {{ info() {{}}, error({params}) {{ print(); }} }};\n"), "")
    };
    for (params, is_one) in
        [("message, error", true), ("...all", true), ("message", false), ("{ message, type }, error", false)]
    {
        assert_eq!(own(params).contains("log.error("), is_one, "{params}");
    }
    let late = usage("export const log = { async error(message, error) { await send(message); } };\n", "");
    assert!(late.contains("console.error("), "what may fail later is not called:\n{late}");
}

#[test]
fn what_a_package_made_is_one_when_the_app_logs_with_it() {
    let made = "import pino from 'pino';\nexport const log = pino();\n";
    assert!(usage(made, "log.info('up');\n").contains("log.js"));
    assert!(usage(made, "").contains("console.error("), "made by a package, used as something else");
}

#[test]
fn a_python_module_with_a_hyphen_in_its_path_is_not_imported() {
    const MAIN: &str = "import jwt
from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer
from openai import OpenAI

app = FastAPI()
client = OpenAI()
oauth = OAuth2PasswordBearer(tokenUrl=\"t\")


def current_user_id(token: str = Depends(oauth)) -> str:
    return jwt.decode(token, \"s\")[\"sub\"]


@app.post(\"/a\")
def ask(user_id: str = Depends(current_user_id)):
    return client.responses.create(model=\"m\", input=jwt.encode({}, \"s\"))
";
    const LOGGER: &str = "import logging\n\nlogger = logging.getLogger(\"x\")\nlogger.info(\"up\")\n";
    let with = |dir: &str, import: &str| {
        let logger = format!("{dir}/logs.py");
        let other = format!("{dir}/other.py");
        let user = format!("{import}\n\nlogger.info(\"hello\")\n");
        let files = [
            ("requirements.txt", "fastapi\nopenai\npyjwt\n"),
            ("app/__init__.py", ""),
            ("app/main.py", MAIN),
            (logger.as_str(), LOGGER),
            (other.as_str(), user.as_str()),
        ];
        let (_, text) = plan(&files, Area::Gating, "app/credyt/balance.py");
        text
    };
    let far = with("dev/code-generation", "from logs import logger");
    assert!(far.contains("logger = logging.getLogger(__name__)"), "{far}");
    let near = with("app", "from app.logs import logger");
    assert!(near.contains("from app.logs import logger"), "{near}");
}
