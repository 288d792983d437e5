use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{Health, report::Part};

/// `/livez`, `/readyz` and `/healthz`.
pub(crate) fn routes(health: Health) -> Router {
    Router::new()
        .route(
            "/livez",
            get(async |State(health): State<Health>| text(&health.live())),
        )
        .route(
            "/readyz",
            get(async |State(health): State<Health>| text(&health.ready())),
        )
        .route("/healthz", get(show_report))
        .with_state(health)
}

fn text(part: &Part) -> Response {
    (status(part.ok), part.lines()).into_response()
}

async fn show_report(State(health): State<Health>) -> Response {
    let report = health.report();
    let json = serde_json::to_string_pretty(&report).expect("text and booleans become JSON");
    let kind = [(CONTENT_TYPE, "application/json")];
    (status(report.is_ok()), kind, json + "\n").into_response()
}

fn status(is_ok: bool) -> StatusCode {
    if is_ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}
