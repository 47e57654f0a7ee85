//! Someone who uses the app over HTTP: keeps cookies, sends a token, takes values from answers.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use serde_json::Value;

use crate::app::{Body, Call, Take};

/// Longer than any answer may take, so that a hanging app fails its test and not the whole run.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer of the app.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON in {self:?}"))
    }
}

/// A person with an address of their own.
pub(crate) struct Person {
    base: String,
    values: BTreeMap<String, String>,
    cookies: BTreeMap<String, String>,
}

impl Person {
    /// Someone the app does not know yet.
    pub(crate) fn new(base: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let values = [
            ("email", format!("ada{number}@example.com")),
            ("password", "correct horse battery".to_owned()),
            ("name", format!("Ada {number}")),
            ("uuid", uuid::Uuid::new_v4().to_string()),
        ];
        Self {
            base: base.to_owned(),
            values: values.map(|(name, value)| (name.to_owned(), value)).into(),
            cookies: BTreeMap::new(),
        }
    }

    /// A value by its name.
    pub(crate) fn value(&self, name: &str) -> Result<&str> {
        self.values.get(name).map(String::as_str).with_context(|| format!("`{name}` was never taken"))
    }

    /// Makes the calls in order, each with the status it is to have.
    pub(crate) async fn make(&mut self, calls: &[Call]) -> Result<()> {
        for call in calls {
            let answer = self.call(call).await?;
            ensure!(answer.status == call.status, "{} {} answered {answer:?}", call.method, call.path);
            self.take(call, &answer)?;
        }
        Ok(())
    }

    /// Makes one call and reads the whole answer.
    pub(crate) async fn call(&mut self, call: &Call) -> Result<Answer> {
        let response = self.send(call).await?;
        read(response).await.with_context(|| format!("{} {}", call.method, call.path))
    }

    /// A page or endpoint.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer> {
        let response = self.request("GET", path).send().await.with_context(|| path.to_owned())?;
        self.keep_cookies(response.headers());
        read(response).await
    }

    /// Makes one call and returns as soon as the answer begins.
    pub(crate) async fn send(&mut self, call: &Call) -> Result<reqwest::Response> {
        let mut body = call.body;
        let hidden = match body {
            Body::PageForm(fields) => {
                body = Body::Form(fields);
                Some(hidden_fields(&self.get(call.path).await?.text)?)
            }
            _ => None,
        };
        let fill = |text: &str| fill(text, &self.values);
        let mut request = self.request(call.method, call.path);
        match (body, hidden) {
            (Body::Json(text), _) => {
                request = request.header(CONTENT_TYPE, "application/json").body(fill(text));
            }
            (Body::Form(fields), None) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}={}", encode(&fill(value)))).collect();
                request =
                    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(fields.join("&"));
            }
            (Body::Form(fields), Some(hidden)) => {
                let own = fields.iter().map(|(name, value)| ((*name).to_owned(), fill(value)));
                let (kind, body) = multipart(hidden.into_iter().chain(own));
                request = request.header(CONTENT_TYPE, kind).body(body);
            }
            (Body::None | Body::PageForm(_), _) => {}
        }
        let response = request.send().await.with_context(|| format!("{} {}", call.method, call.path))?;
        self.keep_cookies(response.headers());
        Ok(response)
    }

    /// Takes the values that a call gives.
    pub(crate) fn take(&mut self, call: &Call, answer: &Answer) -> Result<()> {
        for (name, take) in call.take {
            let value = match take {
                Take::Json(pointer) => text_of(answer.json()?.pointer(pointer)),
                Take::Between(before, after) => {
                    let rest = answer.text.split_once(before).map(|(_, rest)| rest);
                    rest.and_then(|rest| rest.split_once(after)).map(|(value, _)| value.to_owned())
                }
                Take::Claim(cookie, claim) => {
                    let token = self.cookies.get(*cookie).context("no such cookie")?;
                    text_of(claims(token)?.get(claim))
                }
            };
            let value = value.with_context(|| format!("no `{name}` in {answer:?} of {}", call.path))?;
            self.values.insert((*name).to_owned(), value);
        }
        Ok(())
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a description names an HTTP method");
        let path = fill(path, &self.values);
        let address = if path.starts_with("http") { path } else { format!("{}{path}", self.base) };
        let mut request = http().request(method, address).header("Origin", &self.base);
        if let Some(token) = self.values.get("token") {
            request = request.bearer_auth(token);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        request
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let pair = header.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.trim().to_owned(), value.to_owned());
            }
        }
    }
}

/// The client of all of them: follows no redirect, keeps no cookie by itself.
pub(crate) fn http() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE);
        client.build().expect("a client without certificates of its own")
    })
}

/// Replaces `<name>` by its value.
pub(crate) fn fill(text: &str, values: &BTreeMap<String, String>) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
}

async fn read(response: reqwest::Response) -> Result<Answer> {
    let status = response.status().as_u16();
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text = response.text().await?;
    Ok(Answer { status, location, text })
}

fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// The middle part of a JSON web token.
fn claims(token: &str) -> Result<Value> {
    let part = token.split('.').nth(1).context("not a token")?;
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0u32);
    for character in part.bytes() {
        let six = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => bail!("not a token"),
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Ok(serde_json::from_slice(&bytes)?)
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The hidden fields of the form on a page that has a text field; forms in headers have none.
fn hidden_fields(page: &str) -> Result<Vec<(String, String)>> {
    const TEXT_FIELDS: &[&str] = &["<textarea", "type=\"email\"", "type=\"text\""];
    let mut forms = page.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next());
    let form = forms.find(|form| TEXT_FIELDS.iter().any(|field| form.contains(field)));
    let form = form.context("the page has no form")?;
    let inputs = form.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    let attribute = |input: &str, name: &str| {
        let (_, rest) = input.split_once(&format!(" {name}=\""))?;
        let (value, _) = rest.split_once('"')?;
        Some(value.replace("&quot;", "\"").replace("&#x27;", "'").replace("&amp;", "&"))
    };
    let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
    Ok(hidden
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())))
        .collect())
}

fn multipart(fields: impl Iterator<Item = (String, String)>) -> (String, String) {
    const LINE: &str = "----------------------------e2e";
    let parts = fields.map(|(name, value)| {
        format!("--{LINE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    let body = parts.collect::<String>() + &format!("--{LINE}--\r\n");
    (format!("multipart/form-data; boundary={LINE}"), body)
}
