//! How many fetches a second the sandbox answers, with the client on the same machine.
//!
//! `cargo run --release -p hp-sandbox --example load -- [connections] [seconds] [cards]`

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use hp_api::{AppSecret, date, sign::Signer};
use hp_sandbox::{Options, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

static DONE: AtomicU64 = AtomicU64::new(0);

#[tokio::main]
async fn main() -> io::Result<()> {
    let [connections, seconds, cards] = [64, 5, 3].map(next_argument());
    let sandbox = Sandbox::start(Options::local())?;
    let (addr, start) = (sandbox.addr(), Instant::now());
    let end = start + Duration::from_secs(seconds);
    let clients: Vec<_> = (0..connections)
        .map(|n| tokio::spawn(client(addr, n, cards, end)))
        .collect();
    for client in clients {
        client.await??;
    }
    let (done, took) = (DONE.load(Ordering::Relaxed), start.elapsed());
    println!("{done} fetches of {cards} cards over {connections} connections in {took:.2?}");
    println!(
        "{:.0} a second",
        f64::from(u32::try_from(done).unwrap_or(u32::MAX)) / took.as_secs_f64()
    );
    assert_eq!(
        sandbox.ledger().totals.charges as u64,
        done,
        "every fetch is one charge"
    );
    Ok(())
}

fn next_argument() -> impl FnMut(u64) -> u64 {
    let mut arguments = std::env::args().skip(1);
    move |default| {
        arguments
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    }
}

/// Fetches one order after the other on one connection.
async fn client(addr: SocketAddr, name: u64, cards: u64, end: Instant) -> io::Result<()> {
    let signer = Signer::secret(AppSecret::from("demo-secret".to_owned()));
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let mut answer = vec![0; 64 * 1024];
    for number in 0.. {
        if Instant::now() > end {
            break;
        }
        let request = request(&signer, &format!("load-{name}-{number}"), cards);
        stream.write_all(request.as_bytes()).await?;
        read(&mut stream, &mut answer).await?;
        DONE.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn request(signer: &Signer, id: &str, cards: u64) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a measurement uses the real clock"
    )]
    let date = date::format(SystemTime::now());
    let sign = signer.sign(format!("{id}2{cards}loadloadloadload").as_bytes(), &date);
    let body =
        format!("out_trade_id={id}&product_id=2&quantity={cards}&random_key=loadloadloadload");
    format!(
        "POST /v1/pin/fetch HTTP/1.1\r\nHost: sandbox\r\nAPPID: demo\r\nDate-GMT: {date}\r\nSign: {sign}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads one answer, whose body ends with the envelope's last field.
async fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        filled += read;
        if buffer[..filled].ends_with(br#""success":true}"#) {
            return Ok(());
        }
        if read == 0 || buffer[..filled].ends_with(b"false}") {
            let text = String::from_utf8_lossy(&buffer[..filled]).into_owned();
            return Err(io::Error::other(text));
        }
    }
}
