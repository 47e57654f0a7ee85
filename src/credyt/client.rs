//! The API client: typed calls, short timeouts, retries only where a repeat is harmless.
//!
//! Redirects are not followed, because a redirect to another host would carry the key there; the look-up by external id
//! reads the id from `Location` and asks for it itself. The key is held in a header value marked sensitive and never
//! appears in an error or a debug print.

use std::fmt::{self, Write as _};
use std::sync::Once;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::params::encode;
use super::types::{
    AccountContext, AccountDetails, CreateAdjustmentRequest, CreateAdjustmentResponse, CreateCustomerRequest,
    CreateCustomerResponse, CreatePortalSessionRequest, CreditGrant, Customer, CustomerSummary, Event,
    EventSummary, Page, PortalSession, Problem, Product, ProductSummary, ProductVersion,
    SimulateUsageRequest, SimulateUsageResponse, UsageRequest, VersionRef, Wallet,
};
use super::{KEY_HEADER, query_string};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Pauses before the second and the third attempt.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Which environment a key belongs to, by its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// `key_test_…`: nothing costs anything.
    Test,
    /// `key_live_…`: real customers and real money.
    Live,
    /// Another prefix; ask the service.
    Unknown,
}

/// The environment that a key's prefix names.
pub fn key_environment(key: &str) -> Environment {
    if key.starts_with("key_test_") {
        Environment::Test
    } else if key.starts_with("key_live_") {
        Environment::Live
    } else {
        Environment::Unknown
    }
}

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base address or the key cannot be used.
    #[error("{0}")]
    Setup(String),
    /// Nothing answered in time.
    #[error("no answer from {host} ({reason}); is the address right and the service up?")]
    Unreachable {
        /// Host and port that were asked.
        host: String,
        /// What the connection said.
        reason: String,
    },
    /// The key is missing or wrong.
    #[error("{host} refused the key; check CREDYT_API_KEY")]
    Unauthorized {
        /// Host and port that were asked.
        host: String,
    },
    /// The service refused the request.
    #[error("{method} {path} answered {status}{}", explain(.problem))]
    Refused {
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
        /// The answer's status.
        status: u16,
        /// The answer's body, as far as it is a problem.
        problem: Box<Problem>,
    },
    /// The answer was not what the API describes.
    #[error("{method} {path} answered something unexpected: {reason}")]
    Unexpected {
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
        /// What was wrong with the answer.
        reason: String,
    },
}

impl ClientError {
    /// The answer's status, if there was an answer that refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized { .. } => Some(401),
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

fn explain(problem: &Problem) -> String {
    let mut text = String::new();
    if let Some(said) = problem.detail.as_ref().or(problem.title.as_ref()) {
        text = format!(": {said}");
    }
    for (field, messages) in &problem.errors {
        write!(text, "; {field}: {}", messages.join(" ")).expect("writing to a String cannot fail");
    }
    text
}

/// A connection to one environment of Credyt, or to the sandbox.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for the service at `base`.
    pub fn new(base: &str, key: &str) -> Result<Self, ClientError> {
        let url = Url::parse(base.trim_end_matches('/'))
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                ClientError::Setup(format!(
                    "`{base}` is not an http address; CREDYT_API_URL takes one like {}",
                    super::DEFAULT_URL
                ))
            })?;
        let local = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() == "http" && !local {
            return Err(ClientError::Setup(format!("`{base}` would send the key unencrypted; use https")));
        }
        let mut secret = HeaderValue::from_str(key.trim()).map_err(|_| {
            ClientError::Setup("the key contains characters that no key has; copy it again".to_owned())
        })?;
        secret.set_sensitive(true);
        let headers = HeaderMap::from_iter([(reqwest::header::HeaderName::from_static(KEY_HEADER), secret)]);
        let http = http_builder()
            .default_headers(headers)
            .build()
            .map_err(|error| ClientError::Setup(format!("the HTTP client cannot start: {error}")))?;
        Ok(Self { http, base: url })
    }

    /// The address this client talks to, without a trailing slash.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Whose key this is, and for which environment.
    pub async fn context(&self) -> Result<AccountContext, ClientError> {
        self.get("/accounts/self".to_owned()).await
    }

    /// Registers a customer. Not repeated: it has no idempotency key.
    pub async fn create_customer(
        &self,
        body: &CreateCustomerRequest,
    ) -> Result<CreateCustomerResponse, ClientError> {
        self.post("/customers".to_owned(), body, Repeat::Never).await
    }

    /// The customer with this external id.
    pub async fn find_customer(&self, external_id: &str) -> Result<Option<Customer>, ClientError> {
        match self.look_up("/customers", "external_id", external_id).await? {
            Some(id) => self.customer(&id).await.map(Some),
            None => Ok(None),
        }
    }

    /// A customer with its subscriptions and fresh payment links.
    pub async fn customer(&self, id: &str) -> Result<Customer, ClientError> {
        self.get(format!("/customers/{}", encode(id))).await
    }

    /// All balances of a customer.
    pub async fn wallet(&self, customer: &str) -> Result<Wallet, ClientError> {
        self.get(format!("/customers/{}/wallet", encode(customer))).await
    }

    /// One balance; `None` when the account does not exist.
    pub async fn account(
        &self,
        customer: &str,
        account: &str,
    ) -> Result<Option<AccountDetails>, ClientError> {
        let path = format!("/customers/{}/wallet/{}", encode(customer), encode(account));
        match self.get(path).await {
            Err(error) if error.status() == Some(404) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Credits or debits an account, once per transaction id.
    pub async fn adjust(
        &self,
        customer: &str,
        body: &CreateAdjustmentRequest,
    ) -> Result<CreateAdjustmentResponse, ClientError> {
        self.post(format!("/customers/{}/wallet/adjustments", encode(customer)), body, Repeat::Harmless).await
    }

    /// Sends usage, once per event id.
    pub async fn send_usage(&self, body: &UsageRequest) -> Result<(), ClientError> {
        let body = to_json(body)?;
        self.call(Method::POST, "/events".to_owned(), Some(&body), Repeat::Harmless).await.map(drop)
    }

    /// An event and its fees; `None` while the service does not know it.
    pub async fn event(&self, id: &str) -> Result<Option<Event>, ClientError> {
        match self.get(format!("/events/{}", encode(id))).await {
            Err(error) if error.status() == Some(404) => Ok(None),
            other => other.map(Some),
        }
    }

    /// All products.
    pub async fn products(&self) -> Result<Vec<ProductSummary>, ClientError> {
        self.list("/products", &[]).await
    }

    /// All customers.
    pub async fn customers(&self) -> Result<Vec<CustomerSummary>, ClientError> {
        self.list("/customers", &[]).await
    }

    /// All usage of a customer.
    pub async fn events_of(&self, customer: &str) -> Result<Vec<EventSummary>, ClientError> {
        self.list("/events", &[("customer_id", customer)]).await
    }

    /// The grants of an account that have this purpose.
    pub async fn grants(
        &self,
        customer: &str,
        account: &str,
        purpose: &str,
    ) -> Result<Vec<CreditGrant>, ClientError> {
        let path = format!("/customers/{}/wallet/{}/grants", encode(customer), encode(account));
        self.list(&path, &[("purpose", purpose)]).await
    }

    /// The product with this code.
    pub async fn find_product(&self, code: &str) -> Result<Option<Product>, ClientError> {
        match self.look_up("/products", "code", code).await? {
            Some(id) => self.product(&id).await.map(Some),
            None => Ok(None),
        }
    }

    /// A product with its default version.
    pub async fn product(&self, id: &str) -> Result<Product, ClientError> {
        self.get(format!("/products/{}", encode(id))).await
    }

    /// One version of a product.
    pub async fn product_version(
        &self,
        id: &str,
        version: VersionRef,
    ) -> Result<ProductVersion, ClientError> {
        let version = match version {
            VersionRef::Default => "default".to_owned(),
            VersionRef::Number(number) => number.to_string(),
        };
        self.get(format!("/products/{}/{version}", encode(id))).await
    }

    /// Prices events without charging anyone.
    pub async fn simulate(
        &self,
        product: &str,
        version: u32,
        body: &SimulateUsageRequest,
    ) -> Result<SimulateUsageResponse, ClientError> {
        self.post(format!("/products/{}/{version}/simulate-usage", encode(product)), body, Repeat::Harmless)
            .await
    }

    /// Opens a portal session.
    pub async fn portal_session(
        &self,
        body: &CreatePortalSessionRequest,
    ) -> Result<PortalSession, ClientError> {
        self.post("/billing-portal/sessions".to_owned(), body, Repeat::Never).await
    }

    /// Pays a link of a sandbox on this machine with its test card; does nothing with any other link.
    pub async fn pay_in_sandbox(&self, link: &str) {
        let local =
            self.base.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
        if local && link.starts_with(&format!("{}/pay?", self.base())) {
            let form = self.http.post(link).header("content-type", "application/x-www-form-urlencoded");
            // Whether it worked shows on the subscription.
            drop(form.body("outcome=pay").send().await);
        }
    }

    /// Follows the documented look-up: 303 to the object, 404, or (tolerated) the object or a page of them.
    async fn look_up(&self, path: &str, name: &str, value: &str) -> Result<Option<String>, ClientError> {
        let target = format!("{path}{}", query_string([(name, value)]));
        match self.call(Method::GET, target, None, Repeat::Harmless).await {
            Ok(Answer::Redirect(id)) => Ok(Some(id)),
            Ok(Answer::Body(body)) => {
                let object = body.get("id").or_else(|| body.pointer("/items/0/id"));
                Ok(object.and_then(Value::as_str).map(str::to_owned))
            }
            Ok(Answer::Empty) => Ok(None),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Everything that a list holds, page by page.
    async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        filters: &[(&str, &str)],
    ) -> Result<Vec<T>, ClientError> {
        let mut all: Vec<T> = Vec::new();
        loop {
            let offset = all.len().to_string();
            let page = [("offset", offset.as_str()), ("limit", "100")];
            let query = query_string(filters.iter().copied().chain(page));
            let page: Page<T> = self.get(format!("{path}{query}")).await?;
            let last = page.items.is_empty();
            all.extend(page.items);
            if last || all.len() >= page.total_count {
                return Ok(all);
            }
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: String) -> Result<T, ClientError> {
        let answer = self.call(Method::GET, path.clone(), None, Repeat::Harmless).await?;
        read(answer, Method::GET, path)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: String,
        body: &impl Serialize,
        repeat: Repeat,
    ) -> Result<T, ClientError> {
        let body = to_json(body)?;
        let answer = self.call(Method::POST, path.clone(), Some(&body), repeat).await?;
        read(answer, Method::POST, path)
    }

    async fn call(
        &self,
        method: Method,
        path: String,
        body: Option<&str>,
        repeat: Repeat,
    ) -> Result<Answer, ClientError> {
        let mut pauses = PAUSES.iter();
        loop {
            let (error, wait) = match self.once(&method, &path, body).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let may_repeat = repeat == Repeat::Harmless && wait.is_some();
            let Some(pause) = pauses.next().filter(|_| may_repeat) else { return Err(error) };
            tokio::time::sleep(wait.flatten().unwrap_or(*pause)).await;
        }
    }

    /// One attempt. The second part of a failure says whether trying again makes sense, and after how long if the service
    /// said so.
    async fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&str>,
    ) -> Result<Answer, (ClientError, Option<Option<Duration>>)> {
        let host = self.base.host_str().unwrap_or_default();
        let host = self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let address = format!("{}{path}", self.base());
        let mut request = self.http.request(method.clone(), address).header("accept", "application/json");
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let unreachable = |error: reqwest::Error| {
            let reason = if error.is_timeout() { "timed out" } else { "the connection failed" };
            (ClientError::Unreachable { host: host.clone(), reason: reason.to_owned() }, Some(None))
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if status == StatusCode::SEE_OTHER {
            let id =
                response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).and_then(last_segment);
            return id.map(Answer::Redirect).ok_or_else(|| {
                let reason = "a redirect without a usable Location".to_owned();
                (ClientError::Unexpected { method: method.clone(), path: path.to_owned(), reason }, None)
            });
        }
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let wait = wait.map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER));
        let text = response.text().await.map_err(unreachable)?;
        if status.is_success() {
            return match serde_json::from_str(&text) {
                Ok(value) => Ok(Answer::Body(value)),
                Err(_) if text.trim().is_empty() => Ok(Answer::Empty),
                Err(error) => {
                    let reason = format!("not JSON ({error})");
                    Err((
                        ClientError::Unexpected { method: method.clone(), path: path.to_owned(), reason },
                        None,
                    ))
                }
            };
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err((ClientError::Unauthorized { host }, None));
        }
        let problem: Problem = serde_json::from_str(&text).unwrap_or_default();
        let again = (status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()).then_some(wait);
        let path = path.to_owned();
        Err((
            ClientError::Refused {
                method: method.clone(),
                path,
                status: status.as_u16(),
                problem: Box::new(problem),
            },
            again,
        ))
    }
}

/// Whether sending a request again can do harm.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Harmless,
    Never,
}

enum Answer {
    Body(Value),
    Redirect(String),
    Empty,
}

/// An HTTP client with this program's limits: no redirects, timeouts of seconds, TLS by ring.
pub(crate) fn http_builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that a provider is installed already, which is just as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .user_agent(concat!("credyt-integrate/", env!("CARGO_PKG_VERSION")))
}

fn to_json(body: &impl Serialize) -> Result<String, ClientError> {
    serde_json::to_string(body)
        .map_err(|error| ClientError::Setup(format!("the request cannot be written: {error}")))
}

fn read<T: DeserializeOwned>(answer: Answer, method: Method, path: String) -> Result<T, ClientError> {
    let reason = match answer {
        Answer::Body(value) => match serde_json::from_value(value) {
            Ok(typed) => return Ok(typed),
            Err(error) => error.to_string(),
        },
        Answer::Redirect(_) => "a redirect".to_owned(),
        Answer::Empty => "an empty body".to_owned(),
    };
    Err(ClientError::Unexpected { method, path, reason })
}

/// The object id at the end of a `Location`, absolute or relative.
fn last_segment(location: &str) -> Option<String> {
    let path = location.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    path.rsplit('/').next().filter(|id| !id.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_never_printed_nor_sent_unencrypted() {
        let client = Client::new("https://api.example.com/", "key_test_secret").unwrap();
        assert!(!format!("{client:?}").contains("secret"));
        assert_eq!(client.base(), "https://api.example.com");
        let error = Client::new("http://api.example.com", "key_test_secret").unwrap_err();
        assert!(!error.to_string().contains("secret"));
        assert!(Client::new("api.example.com", "key_test_secret").is_err());
        assert!(Client::new("http://127.0.0.1:8787", "key_test_secret").is_ok());
    }

    #[test]
    fn a_location_may_be_absolute_or_relative() {
        for location in
            ["/customers/cust_1", "https://api.example.com/customers/cust_1?x=/y", "/customers/cust_1/"]
        {
            assert_eq!(last_segment(location).as_deref(), Some("cust_1"));
        }
        assert_eq!(last_segment("/"), None);
    }
}
