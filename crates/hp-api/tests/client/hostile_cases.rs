//! What a hostile server sends. Each case would decide an order, or exhaust the client, if the client were careless.

use super::answers::{error, http};

/// Makes an answer out of a good one.
type Make = fn(&[u8]) -> Vec<u8>;

/// A refusal that would prove that nothing was charged, and a denial that would let the worker send again.
fn refusal(headers: &str) -> Vec<u8> {
    http("200 OK", headers, REFUSAL)
}

const REFUSAL: &str = r#"{"code":400100,"message":"bad request parameter","success":false}"#;

/// Replaces the head of an answer, and keeps its body.
fn with_head(good: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = std::str::from_utf8(good).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    format!("{}\r\n\r\n{body}", change(head)).into_bytes()
}

fn repeat_header(good: &[u8], name: &str) -> Vec<u8> {
    with_head(good, |head| {
        let line = head.lines().find(|line| line.starts_with(name)).unwrap();
        format!("{head}\r\n{line}")
    })
}

fn body(body: &[u8]) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend(body);
    answer
}

fn wrapped(before: &str, after: &str) -> Vec<u8> {
    body(format!("{before}{REFUSAL}{after}").as_bytes())
}

fn nested(open: &str, close: &str, levels: usize) -> Vec<u8> {
    let (open, close) = (open.repeat(levels), close.repeat(levels));
    body(format!(r#"{{"code":200,"data":{open}1{close}}}"#).as_bytes())
}

fn many_headers(n: usize) -> Vec<u8> {
    let headers: Vec<_> = (0..n).map(|n| format!("X-{n}: x\r\n")).collect();
    refusal(&headers.concat())
}

/// Answers that end.
pub(crate) const PLAIN: &[(&str, Make)] = &[
    // Repeated and contradicting headers.
    ("content length twice", |good| {
        repeat_header(good, "Content-Length")
    }),
    ("content length in a list", |_| {
        let length = REFUSAL.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}, {length}\r\n\r\n{REFUSAL}")
            .into_bytes()
    }),
    ("two content lengths", |good| {
        with_head(good, |head| format!("{head}\r\nContent-Length: 5"))
    }),
    ("refusal with content length twice", |_| {
        refusal(&format!("Content-Length: {}\r\n", REFUSAL.len()))
    }),
    ("content length and chunks", |_| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{REFUSAL}\r\n0\r\n\r\n", REFUSAL.len()).into_bytes()
    }),
    ("chunked twice", |_| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{REFUSAL}\r\n0\r\n\r\n", REFUSAL.len()).into_bytes()
    }),
    ("transfer encoding gzip", |_| {
        refusal("Transfer-Encoding: gzip\r\n")
    }),
    ("negative content length", |_| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{REFUSAL}").into_bytes()
    }),
    ("content length with a sign", |_| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: +{}\r\n\r\n{REFUSAL}",
            REFUSAL.len()
        )
        .into_bytes()
    }),
    ("signature twice", |good| repeat_header(good, "Sign")),
    ("date twice", |good| repeat_header(good, "Date-GMT")),
    ("two signatures", |good| {
        with_head(good, |head| format!("{head}\r\nsIGN: c2lnbmF0dXJl"))
    }),
    // Lengths that are no lengths.
    ("content length of 16 EiB", |_| {
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n{}".to_vec()
    }),
    ("content length beyond 64 bits", |_| {
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}".to_vec()
    }),
    ("content length just too large", |_| {
        b"HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n{}".to_vec()
    }),
    ("more announced than sent", |_| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n{REFUSAL}").into_bytes()
    }),
    ("less announced than sent", |_| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{REFUSAL}").into_bytes()
    }),
    ("refusal and more bytes", |_| {
        [refusal(""), b"x".to_vec()].concat()
    }),
    ("refusal and another answer", |good| {
        [&refusal("")[..], good].concat()
    }),
    ("two refusals", |_| {
        [refusal(""), error(400_113, "balance")].concat()
    }),
    ("chunk size beyond 64 bits", |_| {
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{REFUSAL}"
        )
        .into_bytes()
    }),
    ("no last chunk", |_| {
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{REFUSAL}\r\n",
            REFUSAL.len()
        )
        .into_bytes()
    }),
    ("empty body", |_| body(b"")),
    // Compressions that nobody asked for.
    ("gzip", |_| refusal("Content-Encoding: gzip\r\n")),
    ("brotli", |_| refusal("Content-Encoding: br\r\n")),
    ("deflate", |_| refusal("Content-Encoding: deflate\r\n")),
    ("zstd", |_| refusal("Content-Encoding: zstd\r\n")),
    ("several encodings", |_| {
        refusal("Content-Encoding: identity, gzip\r\n")
    }),
    ("encoding twice", |_| {
        refusal("Content-Encoding: identity\r\nContent-Encoding: gzip\r\n")
    }),
    ("gzip bytes", |_| {
        body(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x04\x00")
    }),
    // Not HTTP/1.1 with status 200.
    ("HTTP/0.9", |_| REFUSAL.as_bytes().to_vec()),
    ("HTTP/2", |_| {
        b"\x00\x00\x00\x04\x00\x00\x00\x00\x00".to_vec()
    }),
    ("HTTP/3.0", |_| {
        format!("HTTP/3.0 200 OK\r\n\r\n{REFUSAL}").into_bytes()
    }),
    ("no status", |_| {
        format!("HTTP/1.1\r\n\r\n{REFUSAL}").into_bytes()
    }),
    ("status of two digits", |_| {
        format!("HTTP/1.1 20 OK\r\n\r\n{REFUSAL}").into_bytes()
    }),
    ("status 201", |_| http("201 Created", "", REFUSAL)),
    ("status 204", |_| {
        b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()
    }),
    ("status 206", |_| http("206 Partial Content", "", REFUSAL)),
    ("status 304", |_| {
        b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()
    }),
    ("status 400", |_| http("400 Bad Request", "", REFUSAL)),
    ("status 500", |_| {
        http("500 Internal Server Error", "", REFUSAL)
    }),
    ("status 999", |_| http("999 What", "", REFUSAL)),
    ("another protocol", |_| {
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".to_vec()
    }),
    ("information and no answer", |_| {
        b"HTTP/1.1 102 Processing\r\n\r\n".repeat(1000)
    }),
    ("many headers", |_| many_headers(1000)),
    ("header without a name", |_| refusal(": x\r\n")),
    ("header with a control character", |_| {
        refusal("X: a\0b\r\n")
    }),
    ("header on two lines", |_| refusal("X: a\r\n Sign: b\r\n")),
    ("large header", |_| {
        refusal(&format!("X: {}\r\n", "x".repeat(1 << 20)))
    }),
    ("large trailer", |_| {
        let trailer = "x".repeat(1 << 20);
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{REFUSAL}\r\n0\r\nX: {trailer}\r\n\r\n", REFUSAL.len()).into_bytes()
    }),
    ("SSH", |_| b"SSH-2.0-OpenSSH_9.7\r\n".to_vec()),
    // Bodies that are not the envelope.
    ("HTML", |_| body(b"<!DOCTYPE html><title>Login</title>")),
    ("byte order mark", |_| wrapped("\u{feff}", "")),
    ("UTF-16", |_| {
        body(
            &REFUSAL
                .encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect::<Vec<_>>(),
        )
    }),
    ("invalid UTF-8", |_| {
        body(b"{\"code\":400100,\"message\":\"\xff\xfe\",\"success\":false}")
    }),
    ("NUL", |_| body(b"\0\0\0\0")),
    ("NUL after the envelope", |_| wrapped("", "\0")),
    ("two envelopes", |_| wrapped("", REFUSAL)),
    ("envelope in a list", |_| wrapped("[", "]")),
    ("comment", |_| wrapped("/* */", "")),
    ("deep lists", |_| nested("[", "]", 600)),
    ("deep objects", |_| nested(r#"{"a":"#, "}", 600)),
    ("very deep lists", |_| nested("[", "]", 100_000)),
    ("lists without an end", |_| {
        body("[".repeat(400_000).as_bytes())
    }),
    ("code as text", |_| {
        body(br#"{"code":"400100","success":false}"#)
    }),
    ("code as a fraction", |_| {
        body(br#"{"code":400100.0,"success":false}"#)
    }),
    ("code with an exponent", |_| {
        body(br#"{"code":4001e2,"success":false}"#)
    }),
    ("code beyond 64 bits", |_| {
        body(format!(r#"{{"code":{},"success":false}}"#, "9".repeat(100_000)).as_bytes())
    }),
    ("code twice", |_| {
        body(br#"{"code":400100,"code":400113,"success":false}"#)
    }),
    ("code twice, once in other letters", |_| {
        body(br#"{"code":0,"c\u006fde":400100,"success":false}"#)
    }),
    ("data and then a refusal", |good| {
        let text = String::from_utf8(good.to_vec()).unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        let twice = body.replace("\"code\":200", "\"code\":200,\"code\":400100");
        http(
            "200 OK",
            "",
            &twice.replace("\"success\":true", "\"success\":false"),
        )
    }),
    ("success twice", |_| {
        body(br#"{"code":400100,"success":true,"success":false}"#)
    }),
    ("contradiction", |_| {
        body(br#"{"code":400100,"success":true}"#)
    }),
    ("large text", |_| {
        let text = "x".repeat(2 << 20);
        body(format!(r#"{{"code":200,"data":"{text}"}}"#).as_bytes())
    }),
    ("very many keys", |_| {
        let keys: Vec<_> = (0..50_000).map(|n| format!(r#""k{n}":0,"#)).collect();
        let keys = keys.concat();
        body(format!(r#"{{"code":200,"data":{{{keys}"z":0}}}}"#).as_bytes())
    }),
    ("very many elements", |_| {
        body(format!(r#"{{"code":200,"data":[{}0]}}"#, "0,".repeat(300_000)).as_bytes())
    }),
    ("refusal with very many values", |_| {
        let values = "[],".repeat(1_000_000);
        let start = r#"{"code":400100,"success":false,"data":["#;
        body(format!("{start}{values}[]]}}").as_bytes())
    }),
    ("data without a signature", |good| {
        with_head(good, |head| {
            let lines = head.lines().filter(|line| !line.starts_with("Sign"));
            lines.collect::<Vec<_>>().join("\r\n")
        })
    }),
];

/// Answers without an end: how they start, and what follows again and again.
pub(crate) const ENDLESS: &[(&str, &str, &str)] = &[
    ("body without a length", "HTTP/1.1 200 OK\r\n\r\n[", "0,"),
    ("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n[", "0,"),
    (
        "one endless chunk",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
        "[",
    ),
    (
        "chunks without an end",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "4\r\n[0],\r\n",
    ),
    (
        "chunk extension",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;",
        "extension",
    ),
    (
        "trailers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "X: x\r\n",
    ),
    ("status line", "HTTP/1.1 200 ", "OK "),
    ("headers", "HTTP/1.1 200 OK\r\n", "X: x\r\n"),
    ("header", "HTTP/1.1 200 OK\r\nX: ", "xxxx"),
    ("HTTP/0.9", "", "<html>"),
    ("NUL", "", "\0\0\0\0"),
    ("empty lines", "", "\r\n"),
    (
        "body of an error",
        "HTTP/1.1 500 Internal Server Error\r\n\r\n",
        "sorry ",
    ),
    (
        "body of a redirect",
        "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
        "elsewhere ",
    ),
];

/// Answers that come byte by byte and never end.
pub(crate) const SLOW: &[(&str, &str, &str)] = &[
    ("nothing", "", ""),
    ("status line", "", "HTTP/1.1 200 OK"),
    ("headers", "HTTP/1.1 200 OK\r\n", "X: x\r\n"),
    ("information", "", "HTTP/1.1 102 Processing\r\n\r\n"),
    (
        "body",
        "HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n",
        " ",
    ),
    ("body without a length", "HTTP/1.1 200 OK\r\n\r\n", " "),
    (
        "chunks",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "1\r\n \r\n",
    ),
    (
        "last chunk",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        "X: x\r\n",
    ),
];
