//! The types that contain secrets do not show them.

use std::{
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use hp_api::{
    AppSecret, Client, Lookup, Outcome, PinKey, SigningKeys,
    answer::{Data, Header, Headers, accept},
    date,
    sign::{Signer, Verifier, flatten},
};
use hp_order::{Event, QueryVerdict};
use hp_queue::{OpenError, PrivateKey};
use serde_json::{Value, json};

use crate::search::{Search, Secret};

/// Formats values in every way, and searches the texts.
struct Formats {
    search: Search,
    count: usize,
}

impl Formats {
    fn check(&mut self, value: &dyn Debug) {
        for text in [
            format!("{value:?}"),
            format!("{value:#?}"),
            format!("{value:#x?}"),
        ] {
            let found = self.search.find(text.as_bytes());
            assert!(found.is_empty(), "{found:?} in {text}");
            self.count += 1;
        }
    }

    fn check_error(&mut self, error: &(impl std::error::Error + 'static)) {
        self.check(error);
        let found = self.search.find(error.to_string().as_bytes());
        assert!(found.is_empty(), "{found:?} in {error}");
    }
}

fn order_data(key: &str) -> Value {
    json!({
        "order_id": 417, "out_trade_id": "A-1", "product_id": 2, "quantity": 1, "status": "completed",
        "unit_price": "9.50", "total_price": "9.50", "currency": "USD", "create_time": 1_700_000_000,
        "order_pins": [{"pin_sn": "T000000417K00001", "pin_key": key, "order_id": 417, "product_id": 2}]
    })
}

/// Accepts signed data, and gives it to `read`.
fn with_data<T>(data: &Value, read: impl FnOnce(Data<'_>) -> T) -> T {
    let (secret, now) = (AppSecret::from("secret".to_owned()), SystemTime::now());
    let at = date::format(now);
    let sign =
        Signer::secret(secret.clone()).sign(&flatten(data.to_string().as_bytes()).unwrap(), &at);
    let headers = Headers {
        sign: Header::Once(sign.as_bytes()),
        date_gmt: Header::Once(at.as_bytes()),
    };
    let body = json!({"code": 200, "data": data}).to_string();
    let window = Duration::from_mins(5);
    let verifier = Verifier::secret(secret);
    read(accept(&verifier, now, window, &headers, body.as_bytes()).unwrap())
}

#[test]
fn no_type_formats_the_secret_in_it() {
    for _ in 0..16 {
        let secret = Secret::random("the secret");
        let search = Search::new(std::slice::from_ref(&secret));
        let mut formats = Formats { search, count: 0 };
        format_api_types(&secret.text, &mut formats);
        format_queue_types(&secret.text, &mut formats);
        assert!(formats.count > 100, "{}", formats.count);
    }
}

fn format_api_types(text: &str, formats: &mut Formats) {
    let secret = || AppSecret::from(text.to_owned());
    formats.check(&secret());
    formats.check(&PinKey::from(text.to_owned()));
    formats.check(&Some(vec![PinKey::from(text.to_owned())]));
    formats.check(&Signer::secret(secret()));
    formats.check(&Verifier::secret(secret()));
    formats.check(&SigningKeys::secret(secret()));
    let proxy = format!("http://shop:{text}@127.0.0.1:1");
    let builder = || Client::builder("https://api.hitpoints.com", "demo").secret(secret());
    formats.check(&builder());
    formats.check(&builder().proxy(&proxy));
    formats.check(&builder().proxy(&proxy).build().unwrap());
    formats.check_error(
        &builder()
            .proxy(&format!("socks5://shop:{text}@a"))
            .build()
            .unwrap_err(),
    );
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    for key in [text, &pem] {
        formats.check_error(&builder().rsa(key, key).build().unwrap_err());
        formats.check_error(&Signer::rsa(key).unwrap_err());
    }
    for url in [
        format!("https://shop:{text}@a"),
        format!("https://a/{text}"),
        text.to_owned(),
    ] {
        formats.check_error(
            &Client::builder(&url, "demo")
                .secret(secret())
                .build()
                .unwrap_err(),
        );
    }

    let order = with_data(&order_data(text), |data| {
        formats.check(&data);
        data.into_order().unwrap()
    });
    formats.check(&order.cards[0]);
    formats.check(&order);
    formats.check(&Outcome::Charged(Box::new(order.clone())));
    formats.check(&Outcome::of(Ok(order.clone())));
    formats.check(&Lookup::of(Ok(order.clone())));
    formats.check(&Event::Queried(QueryVerdict::Found(Box::new(order))));
    for (place, value) in [
        ("/status", json!(text)),
        ("/out_trade_id", json!({ text: 1 })),
        ("/unit_price", json!(text)),
        ("/quantity", json!(text)),
        ("/order_pins", json!(text)),
        ("/order_pins/0", json!(text)),
        ("/order_pins/0/pin_key", json!([text])),
        ("/order_pins/0/pin_key", json!(text.repeat(30))),
        ("/order_pins/0/pin_sn", json!(text)),
        ("/order_pins/0/order_id", json!(418)),
    ] {
        let mut data = order_data(text);
        *data.pointer_mut(place).unwrap() = value;
        let error = with_data(&data, |data| data.into_order().unwrap_err());
        formats.check_error(&error);
    }
}

fn format_queue_types(text: &str, formats: &mut Formats) {
    for url in [
        format!("redis://:{text}@127.0.0.1"),
        format!("rediss://shop:{text}@127.0.0.1"),
        format!("redis+cluster://shop:{text}@127.0.0.1:1,127.0.0.1:2"),
        format!("redis+sentinel://:{text}@127.0.0.1/m?sentinel_password={text}"),
    ] {
        formats.check(&hp_queue::connect(&url).unwrap());
    }
    for url in [
        format!("redis://:x/{text}@127.0.0.1"),
        format!("redis://127.0.0.1/{text}"),
        text.to_owned(),
    ] {
        formats.check_error(&hp_queue::connect(&url).unwrap_err());
    }
    formats.check_error(&OpenError::Malformed("pin_key"));
    formats.check_error(&text.parse::<PrivateKey>().unwrap_err());
}

#[test]
fn private_key_formats_as_redacted() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let bytes: [u8; 32] = std::array::from_fn(|_| rand::random());
    let text = STANDARD.encode(bytes);
    let key: PrivateKey = text.parse().unwrap();
    let raw: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let search = Search::new(&[
        Secret::new("the key", &text),
        Secret::new("its bytes", &raw),
    ]);
    let mut formats = Formats { search, count: 0 };
    formats.check(&key);
    formats.check(&Some([&key]));
}

/// Names of fields that hold secrets.
const SECRET_NAMES: [&str; 6] = [
    "secret",
    "password",
    "pin_key",
    "private_key",
    "token",
    "passphrase",
];

/// A secret in a plain text type would be shown by a derived `Debug`.
#[test]
fn no_derived_debug_covers_a_plain_secret() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut types = 0;
    for name in ["hp-api", "hp-order", "hp-queue", "worker"] {
        for file in sources(&crates.join(name).join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            for item in text.split("#[derive(").skip(1) {
                let (derived, item) = item.split_once(")]").unwrap();
                if !derived.contains("Debug") {
                    continue;
                }
                types += 1;
                let end = item
                    .find("\n}")
                    .unwrap_or(item.len())
                    .min(item.find(");\n").unwrap_or(item.len()));
                let shown = item[..end].lines().find(|line| is_plain_secret(line));
                assert_eq!(shown, None, "{}", file.display());
            }
        }
    }
    assert!(types > 100, "only {types} types were found");
}

fn is_plain_secret(line: &str) -> bool {
    let Some((name, kind)) = line.trim().trim_end_matches(',').split_once(": ") else {
        return false;
    };
    let name = name.rsplit(' ').next().unwrap();
    let is_plain = ["String", "str", "Vec<u8>", "[u8"]
        .iter()
        .any(|plain| kind.contains(plain));
    is_plain && !name.ends_with("_file") && SECRET_NAMES.iter().any(|part| name.contains(part))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    files
        .chain(folders.iter().flat_map(|path| sources(path)))
        .collect()
}
