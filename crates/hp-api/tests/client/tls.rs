//! Servers that the client does not trust: nothing of the request leaves this machine.

use std::{path::PathBuf, sync::Arc};

use hp_api::{CaCertificates, CallError, Outcome, Refusal, RefusalKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ALL_VERSIONS, ServerConfig, SupportedProtocolVersion,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        version::{TLS12, TLS13},
    },
};

use super::{
    answers::{order, signed},
    builder, wanted,
};

fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    folder.join(name)
}

fn authorities(name: &str) -> CaCertificates {
    let text = std::fs::read_to_string(file(name)).unwrap();
    text.parse().unwrap()
}

fn acceptor(certificate: &str, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider);
    let config = config.with_protocol_versions(versions).unwrap();
    let certificate = CertificateDer::from_pem_file(file(certificate)).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("strict/leaf.key")).unwrap();
    let config = config.with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// What a server has received in a TLS session: the length of the first read, or `None` without a session.
type Received = mpsc::UnboundedReceiver<Option<usize>>;

/// A server with this certificate that answers each request with a charge.
async fn tls_server(acceptor: TlsAcceptor) -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (report, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let session = acceptor.accept(tcp).await;
            let Ok(mut session) = session else {
                report.send(None).unwrap();
                continue;
            };
            let mut buffer = [0; 4096];
            let length = session.read(&mut buffer).await.unwrap_or(0);
            report.send(Some(length)).unwrap();
            let _ = session.write_all(&signed(&order("A-1"))).await;
            let _ = session.shutdown().await;
        }
    });
    (url, received)
}

/// A server that accepts no other version than this one, with the bytes of its answer to a client hello.
async fn old_server(minor: u8) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let _ = answer_hello(tcp, minor).await;
        }
    });
    url
}

async fn answer_hello(mut tcp: TcpStream, minor: u8) -> std::io::Result<usize> {
    let mut buffer = [0; 4096];
    let _ = tcp.read(&mut buffer).await?;
    // A server hello: version, 32 random bytes, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let mut message = vec![22, 3, minor, 0, 42, 2, 0, 0, 38];
    message.extend(hello);
    tcp.write_all(&message).await?;
    tcp.read(&mut buffer).await
}

/// Fetches, and returns why nothing was sent.
async fn refusal(url: &str, authority: Option<&str>) -> String {
    let mut builder = builder(url);
    if let Some(name) = authority {
        builder = builder.authorities(authorities(name));
    }
    let result = builder.build().unwrap().fetch(&wanted("A-1")).await;
    let Err(CallError::NeverSent(why)) = result.clone() else {
        panic!("{result:?}")
    };
    let outcome = Outcome::of(result);
    let Outcome::NotCharged(Refusal { kind, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(kind, RefusalKind::NeverSent);
    why
}

#[tokio::test]
async fn valid_certificate_is_accepted_over_tls_12_and_13() {
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let (url, mut received) = tls_server(acceptor("strict/valid.crt", versions)).await;
        let client = builder(&url).authorities(authorities("strict/ca.crt"));
        client.build().unwrap().fetch(&wanted("A-1")).await.unwrap();
        assert!(received.recv().await.unwrap().unwrap() > 0);
    }
}

#[tokio::test]
async fn extra_authority_is_one_more_in_the_file() {
    let read = |name| std::fs::read_to_string(file(name)).unwrap();
    let both: CaCertificates = (read("ca.crt") + &read("strict/ca.crt")).parse().unwrap();
    let (url, _received) = tls_server(acceptor("strict/valid.crt", ALL_VERSIONS)).await;
    let client = builder(&url).authorities(both).build().unwrap();
    client.fetch(&wanted("A-1")).await.unwrap();
}

#[tokio::test]
async fn certificate_that_proves_nothing_is_refused() {
    let own = Some("strict/ca.crt");
    for (certificate, authority, reason) in [
        ("strict/expired.crt", own, "certificate expired"),
        ("strict/future.crt", own, "not valid yet"),
        ("strict/other_name.crt", own, "not valid for name"),
        ("strict/valid.crt", Some("ca.crt"), "UnknownIssuer"),
        // The authorities of the operating system, and no other.
        ("strict/valid.crt", None, "UnknownIssuer"),
    ] {
        let (url, mut received) = tls_server(acceptor(certificate, ALL_VERSIONS)).await;
        let why = refusal(&url, authority).await;
        assert!(why.contains(reason), "{certificate}: {why}");
        let sent = received.recv().await.unwrap();
        assert_eq!(sent.unwrap_or(0), 0, "{certificate}");
    }
}

#[tokio::test]
async fn version_below_tls_12_is_refused() {
    // SSL 3.0, TLS 1.0 and TLS 1.1.
    for minor in 0..=2 {
        let url = old_server(minor).await;
        let why = refusal(&url, Some("strict/ca.crt")).await;
        assert!(why.contains("TLS failed"), "{minor}: {why}");
    }
}
