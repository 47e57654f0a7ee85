//! The pages a person sees: the dashboard, the portal, and the payment page. Plain HTML from templates in this folder, with one
//! style sheet and one script; everything is inside the binary and nothing is loaded from elsewhere.
//!
//! Portal and payment pages work without the script: a form is posted, the answer is a redirect to the app.

mod portal;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use minijinja::Environment;
use serde::Serialize;

use super::app::App;

const STYLE: &str = include_str!("style.css");
const DASHBOARD: &str = include_str!("dashboard.html");
const DASHBOARD_SCRIPT: &str = include_str!("dashboard.js");
const ICON: &str = include_str!("icon.svg");
const TEMPLATES: &[(&str, &str)] = &[
    ("frame.html", include_str!("frame.html")),
    ("portal.html", include_str!("portal.html")),
    ("pay.html", include_str!("pay.html")),
    ("message.html", include_str!("message.html")),
];

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(async || html(StatusCode::OK, DASHBOARD.to_owned())))
        .route("/_sandbox/style.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .route(
            "/_sandbox/dashboard.js",
            get(async || asset("text/javascript; charset=utf-8", DASHBOARD_SCRIPT)),
        )
        .route("/favicon.ico", get(async || asset("image/svg+xml", ICON)))
        .route("/portal", get(portal::show).post(portal::top_up))
        .route("/pay", get(portal::show_payment).post(portal::pay))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

/// A page; nothing from elsewhere may run in it, nobody may frame it, and its address (with the token) is not passed on.
fn html(status: StatusCode, text: String) -> Response {
    let mut headers = HeaderMap::new();
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (status, headers, Html(text)).into_response()
}

/// Renders a template of this folder.
fn render(status: StatusCode, template: &str, context: &impl Serialize) -> Response {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let rendered = TEMPLATES
        .iter()
        .try_for_each(|(name, source)| environment.add_template(name, source))
        .and_then(|()| environment.get_template(template)?.render(minijinja::value::Serde(context)));
    match rendered {
        Ok(text) => html(status, text),
        Err(error) => {
            html(StatusCode::INTERNAL_SERVER_ERROR, format!("<p>The page cannot be shown: {error:?}"))
        }
    }
}
