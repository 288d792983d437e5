//! Measures how many fetches per second the sandbox answers, with clients in the same process.
//!
//! `cargo run --release -p hp-sandbox --example load -- [connections] [seconds] [cards]`

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use hp_api::{AppSecret, date, sign::Signer};
use hp_sandbox::{Options, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const RANDOM_KEY: &str = "loadloadloadload";

#[tokio::main]
async fn main() -> io::Result<()> {
    let [connections, seconds, cards] = [64, 5, 3].map(next_argument());
    let sandbox = Sandbox::start(Options::local())?;
    let (addr, start) = (sandbox.addr(), Instant::now());
    let deadline = start + Duration::from_secs(seconds);
    let clients: Vec<_> = (0..connections)
        .map(|n| tokio::spawn(fetch_until(deadline, addr, n, cards)))
        .collect();
    let mut fetches = 0;
    for client in clients {
        fetches += client.await??;
    }
    let elapsed = start.elapsed();
    let rate = f64::from(fetches) / elapsed.as_secs_f64();
    println!("{fetches} fetches of {cards} cards over {connections} connections in {elapsed:.2?}");
    println!("{rate:.0} fetches per second");
    let charges = sandbox.ledger().totals.charges;
    assert_eq!(charges, fetches as usize, "every fetch is one charge");
    Ok(())
}

/// Returns a function that gives the next command line argument, or else the default.
fn next_argument() -> impl FnMut(u64) -> u64 {
    let mut arguments = std::env::args().skip(1);
    move |default| {
        arguments
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    }
}

/// Sends one fetch after the other on one connection. Returns how many were answered.
async fn fetch_until(
    deadline: Instant,
    addr: SocketAddr,
    client: u64,
    cards: u64,
) -> io::Result<u32> {
    let signer = Signer::secret(AppSecret::from("demo-secret".to_owned()));
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut fetches = 0;
    while Instant::now() <= deadline {
        let request = request(&signer, &format!("load-{client}-{fetches}"), cards);
        stream.write_all(request.as_bytes()).await?;
        read_answer(&mut stream, &mut buffer).await?;
        fetches += 1;
    }
    Ok(fetches)
}

fn request(signer: &Signer, id: &str, cards: u64) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a measurement uses the real clock"
    )]
    let date = date::format(SystemTime::now());
    let sign = signer.sign(format!("{id}2{cards}{RANDOM_KEY}").as_bytes(), &date);
    let body = format!("out_trade_id={id}&product_id=2&quantity={cards}&random_key={RANDOM_KEY}");
    format!(
        "POST /v1/pin/fetch HTTP/1.1\r\nHost: sandbox\r\nAPPID: demo\r\nDate-GMT: {date}\r\nSign: {sign}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads one answer. The last field of the envelope marks its end.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
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
