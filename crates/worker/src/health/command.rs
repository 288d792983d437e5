//! `worker health`: asks the process that runs with the same settings.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{
        HeaderValue, Request, StatusCode,
        header::{AUTHORIZATION, HOST},
    },
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::report::{Part, Report};
use crate::{
    config::{AdminServer, Config, Hidden},
    terminal::{CommandError, CommandResult, errln, format::print_json, table::print_pairs},
};

/// How long the process may take to answer. It answers from its memory.
const LIMIT: Duration = Duration::from_secs(3);
/// The most bytes of an answer.
const MOST_BYTES: usize = 64 * 1024;

/// What to check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) live: bool,
    pub(crate) ready: bool,
}

/// Why the health of the process is unknown.
#[derive(Debug, thiserror::Error)]
enum NoReport {
    #[error(
        "nobody listens at {0}. Start the worker, or correct admin.listen: it must be the same for the worker and for this command"
    )]
    NobodyThere(SocketAddr),
    #[error("cannot connect to {0}: {1}. Check admin.listen")]
    Connection(SocketAddr, io::Error),
    #[error(
        "the process at {0} does not answer within {LIMIT:?}. It hangs, or the machine is overloaded"
    )]
    NoAnswer(SocketAddr),
    #[error(
        "the process at {0} refuses the token. Give this command the same admin.token or admin.token_file as the worker"
    )]
    Token(SocketAddr),
    #[error(
        "the process at {0} gives no report of its health ({1}). Another program or an older worker listens there; check admin.listen"
    )]
    Stranger(SocketAddr, String),
}

/// Shows the health of the process that serves `admin.listen`. Returns `true` if all that is wanted is good.
///
/// # Errors
/// The settings name no address to ask.
pub(crate) async fn show_health(config: &Config, wanted: Wanted, as_json: bool) -> CommandResult {
    let addresses = addresses(&config.admin)?;
    let asked = ask_first(&addresses, config.admin.token.as_ref()).await;
    match asked.and_then(|(address, report)| select(report, wanted, address)) {
        Ok(report) => show(&report, as_json),
        Err(error) if as_json => {
            print_json(&json!({ "error": error.to_string() }))?;
            Ok(false)
        }
        Err(error) => {
            errln!("worker: {error}");
            Ok(false)
        }
    }
}

/// Leaves out what is not wanted. Fails if something that is wanted is missing.
fn select(mut report: Report, wanted: Wanted, address: SocketAddr) -> Result<Report, NoReport> {
    report.live = report.live.filter(|_| wanted.live);
    report.ready = report.ready.filter(|_| wanted.ready);
    let has = (report.live.is_some(), report.ready.is_some());
    if has == (wanted.live, wanted.ready) {
        return Ok(report);
    }
    Err(NoReport::Stranger(
        address,
        "a report without what was asked for".into(),
    ))
}

fn show(report: &Report, as_json: bool) -> CommandResult {
    if as_json {
        print_json(report)?;
    } else {
        let summary = |part: &Option<Part>| part.as_ref().map(Part::summary).unwrap_or_default();
        print_pairs(&[
            ("worker", report.worker.clone()),
            ("live", summary(&report.live)),
            ("ready", summary(&report.ready)),
        ])?;
    }
    Ok(report.is_ok())
}

/// Where to ask: at `admin.listen`, and on this machine if the process listens on all its addresses.
fn addresses(admin: &AdminServer) -> Result<Vec<SocketAddr>, CommandError> {
    let Some(listen) = admin.listen else {
        return Err("admin.listen is empty, so the worker has no server that could say how it is. Set it to an address such as 127.0.0.1:9464".into());
    };
    if listen.port() == 0 {
        return Err(format!("admin.listen is {listen}, and the worker then listens on any free port. Set a port, such as 9464").into());
    }
    let at = |address: IpAddr| SocketAddr::new(address, listen.port());
    Ok(match listen.ip().to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => vec![at(Ipv4Addr::LOCALHOST.into())],
        // Linux accepts IPv4 at this address, too, and a container may have no other.
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            vec![
                at(Ipv6Addr::LOCALHOST.into()),
                at(Ipv4Addr::LOCALHOST.into()),
            ]
        }
        _ => vec![listen],
    })
}

/// Asks at the first address where somebody listens.
async fn ask_first(
    addresses: &[SocketAddr],
    token: Option<&Hidden>,
) -> Result<(SocketAddr, Report), NoReport> {
    // One limit for all: whoever has started this command waits no longer.
    let end = Instant::now() + LIMIT;
    let mut last = Err(NoReport::NobodyThere(addresses[0]));
    for address in addresses {
        last = timeout_at(end, ask(*address, token))
            .await
            .unwrap_or(Err(NoReport::NoAnswer(*address)))
            .map(|report| (*address, report));
        if !matches!(
            last,
            Err(NoReport::NobodyThere(_) | NoReport::Connection(..))
        ) {
            break;
        }
    }
    last
}

async fn ask(address: SocketAddr, token: Option<&Hidden>) -> Result<Report, NoReport> {
    let stream = TcpStream::connect(address).await;
    let stream = stream.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => NoReport::NobodyThere(address),
        _ => NoReport::Connection(address, error),
    })?;
    let stranger = |why: String| NoReport::Stranger(address, why);
    let (status, body) = exchange(stream, address, token)
        .await
        .map_err(|error| stranger(error.to_string()))?;
    match status {
        StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => serde_json::from_slice(&body)
            .map_err(|_| stranger(format!("{status} without a report"))),
        StatusCode::UNAUTHORIZED => Err(NoReport::Token(address)),
        status => Err(stranger(status.to_string())),
    }
}

/// Sends the request on this connection. Returns the answer.
async fn exchange(
    stream: TcpStream,
    address: SocketAddr,
    token: Option<&Hidden>,
) -> Result<(StatusCode, Vec<u8>), CommandError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = request(address, token)?;
    // Owns the sender: the connection ends with it.
    let answer = async move {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let bytes = to_bytes(Body::new(body), MOST_BYTES).await?;
        Ok((head.status, bytes.into()))
    };
    // An error of the connection is one of the answer, too.
    tokio::join!(answer, connection).0
}

fn request(
    address: SocketAddr,
    token: Option<&Hidden>,
) -> Result<Request<Body>, axum::http::Error> {
    let mut request = Request::get("/healthz").header(HOST, address.to_string());
    if let Some(token) = token {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(Body::empty())
}
