//! Raw requests: where they go, and how.

use crate::sites::cx::Cx;
use crate::syntax::{Call, Expr};
use crate::workspace::FileId;

/// The address of a raw request: a string among the first arguments or in `url`.
pub(super) fn request_url(cx: &Cx<'_>, file: FileId, call: &Call) -> Option<String> {
    const REQUESTS: &[&str] = &[
        "fetch", "post", "request", "axios", "get", "put", "send", "urlopen", "$fetch", "ofetch", "got",
        "ky", "stream",
    ];
    if !call.callee.last().is_some_and(|l| REQUESTS.contains(&l)) {
        return None;
    }
    let candidates = call.args.iter().take(2).chain(call.option("url"));
    candidates.into_iter().find_map(|arg| cx.folded(file, call.function, arg).filter(|t| t.contains('.')))
}

pub(super) fn request_method(call: &Call) -> String {
    let told = call.option("method").and_then(Expr::as_str).map(str::to_owned);
    let by_name = match call.callee.segments.last().map(String::as_str) {
        Some(name @ ("post" | "get" | "put")) => Some(name.to_uppercase()),
        Some("request") => {
            call.args.first().and_then(Expr::as_str).filter(|m| !m.contains('/')).map(str::to_owned)
        }
        _ => None,
    };
    told.or(by_name).unwrap_or_else(|| "GET".to_owned())
}
