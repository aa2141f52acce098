//! Changes are taken from our own pages only, and every answer tells the browser what it may do.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::WebError;

/// Nothing from elsewhere, no inline script or style; pictures may be made by our own scripts.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Stands before everything.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if changes && !from_our_page(request.headers()) {
        WebError::Foreign.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Browsers say where a change comes from: by `Sec-Fetch-Site` on https and loopback, by `Origin` everywhere. Where
/// both are missing it is no browser of today, and is refused.
fn from_our_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let from = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            from.is_some() && from == text("host")
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_from_our_own_pages_only() {
        let check = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            from_our_page(&pairs.collect())
        };
        assert!(check(&[("host", "box:8080"), ("origin", "http://box:8080")]));
        assert!(check(&[("host", "box:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(!check(&[("host", "box:8080"), ("origin", "http://box:8081")]));
        assert!(!check(&[("host", "box:8080"), ("origin", "null")]));
        assert!(!check(&[("host", "box:8080"), ("origin", "http://box:8080"), ("sec-fetch-site", "cross-site")]));
        assert!(!check(&[("host", "box:8080"), ("sec-fetch-site", "same-site")]));
        assert!(!check(&[("host", "box:8080")]));
    }
}
