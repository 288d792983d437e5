//! A connection with TLS: whole exchanges, and bytes that nobody asked for.

use std::{sync::Arc, time::Duration};

use http::Request;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::Instant,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
    server::TlsStream,
};
use url::Url;

use super::{
    cancellable_body::CancellableBody,
    connector::{Connector, Tls},
    pool::Pool,
};
use crate::call_error::CallError;

const CERTIFICATE: &[u8] = include_bytes!("../../tests/data/tls/localhost.crt");
const KEY: &[u8] = include_bytes!("../../tests/data/tls/localhost.key");
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(CERTIFICATE).unwrap()
}

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let versions = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = versions
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

fn pool(port: u16) -> Pool {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let tls = Tls {
        config: Arc::new(versions.with_root_certificates(roots).with_no_client_auth()),
        host: "localhost".to_owned(),
    };
    let base = Url::parse(&format!("https://127.0.0.1:{port}")).unwrap();
    Pool::new(Connector::with_tls(&base, Some(tls), Duration::from_secs(30)).unwrap())
}

fn request() -> Request<CancellableBody> {
    let mut request = Request::new(CancellableBody::new(None, Arc::new(|| true)));
    request
        .headers_mut()
        .insert("host", "localhost".parse().unwrap());
    request
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// Answers every request on one connection, and sends a surplus answer for each message. Confirms each.
async fn serve(listener: TcpListener, mut surplus: mpsc::Receiver<()>, sent: mpsc::Sender<()>) {
    let (tcp, _) = listener.accept().await.unwrap();
    // Without this option the system holds small answers back.
    tcp.set_nodelay(true).unwrap();
    let mut stream: TlsStream<TcpStream> = acceptor().accept(tcp).await.unwrap();
    let mut buffer = [0; 4096];
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => {
                if !matches!(read, Ok(1..)) {
                    return;
                }
            }
            _ = surplus.recv() => {}
        }
        stream.write_all(ANSWER).await.unwrap();
        stream.flush().await.unwrap();
        let _ = sent.try_send(());
    }
}

#[tokio::test]
async fn tls_surplus_is_found_before_the_next_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pool = pool(listener.local_addr().unwrap().port());
    let ((push, surplus), (sent, mut confirmed)) = (mpsc::channel(1), mpsc::channel(9));
    tokio::spawn(serve(listener, surplus, sent));

    let mut connection = pool.connect(deadline()).await.unwrap();
    for _ in 0..3 {
        let answer = connection.exchange(request(), deadline()).await.unwrap();
        assert_eq!(answer.body.as_slice(), b"ok");
        confirmed.recv().await.unwrap();
        pool.keep(connection).await;
        connection = pool.take_idle().expect("the connection is kept");
    }
    push.send(()).await.unwrap();
    confirmed.recv().await.unwrap();
    let next = connection.exchange(request(), deadline()).await;
    let next = next.map(|answer| answer.body);
    assert!(matches!(next, Err(CallError::NeverSent(_))), "{next:?}");
}
