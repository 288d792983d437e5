//! What the server answers, and the layers around every answer.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::time::timeout;

use super::{
    guard::{Guard, Refusal},
    metrics::Metrics,
};

/// The content type of Prometheus' text format.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// For a client that asks for another path.
const PATHS: &str = "the paths are /metrics, /livez, /readyz and /healthz\n";
/// How long an answer may take to be made.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// For every answer. A browser must not guess its type, store it, run what is in it, or show it in or to another site.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// `/metrics` and these routes, all behind the guard.
pub(super) fn routes(guard: Guard, metrics: Arc<Metrics>, more: Router) -> Router {
    let answers = Router::new()
        .route("/metrics", get(show_metrics))
        .with_state(Arc::clone(&metrics))
        .merge(more)
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "use GET\n"))
        .fallback(async || (StatusCode::NOT_FOUND, PATHS));
    guarded(answers, guard, metrics)
}

/// Puts the guard, the time limit and the security headers around these routes. The last layer is the outermost.
fn guarded(answers: Router, guard: Guard, metrics: Arc<Metrics>) -> Router {
    answers
        .layer(middleware::from_fn(limit_time))
        .layer(middleware::from_fn_with_state(
            Arc::new((guard, metrics)),
            check,
        ))
        .layer(middleware::map_response(add_headers))
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], metrics.text().await)
}

async fn check(
    State(state): State<Arc<(Guard, Arc<Metrics>)>>,
    request: Request,
    next: Next,
) -> Response {
    let (guard, metrics) = &*state;
    let Some(refusal) = guard.refusal(&request) else {
        return next.run(request).await;
    };
    metrics.count_admin_refusal(refusal.label());
    let mut response = refusal.answer().into_response();
    if refusal == Refusal::Token {
        let scheme = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    response
}

async fn limit_time(request: Request, next: Next) -> Response {
    let late = (
        StatusCode::SERVICE_UNAVAILABLE,
        "the answer took too long\n",
    );
    let answer = timeout(ANSWER_LIMIT, next.run(request)).await;
    answer.unwrap_or_else(|_| late.into_response())
}

async fn add_headers(mut response: Response) -> Response {
    response.headers_mut().extend(HEADERS);
    response
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::body::Body;
    use prometheus_client::metrics::counter::Counter;
    use tower::ServiceExt;

    use super::*;
    use crate::metrics::ProcessMetrics;

    #[tokio::test(start_paused = true)]
    async fn answer_that_never_comes_is_given_up() {
        let answers = Router::new().route("/", get(async || pending::<()>().await));
        let guard = Guard::new("0.0.0.0:9464".parse().unwrap(), None);
        let process = ProcessMetrics::default();
        let metrics = Metrics::new(
            &[],
            &process,
            Counter::default(),
            Counter::default(),
            Counter::default(),
        );
        let routes = guarded(answers, guard, Arc::new(metrics));
        let request = Request::get("/").body(Body::empty()).unwrap();
        let response = routes.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}
