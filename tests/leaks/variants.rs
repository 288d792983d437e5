//! Settings with which commands fail.

use std::path::Path;

use crate::scene::Scene;

/// Settings, and what is wrong with them.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) settings: Vec<(String, String)>,
    /// Arguments before the command.
    pub(crate) first: Vec<String>,
}

impl Variant {
    fn new(name: &'static str, settings: Vec<(String, String)>) -> Self {
        Self {
            name,
            settings,
            first: Vec::new(),
        }
    }
}

/// Settings with which a program on the way refuses or is not there.
pub(crate) fn bad_connections(scene: &mut Scene) -> Vec<Variant> {
    let wrong = scene.secret("a wrong password");
    let wrong_secret = scene.secret("a wrong app secret");
    let server = scene.world.redis.server().address();
    let password = scene.password().to_owned();
    let sentinel = scene.secret("the password of Sentinel");
    let refused = format!("redis://:{wrong}@{server}");
    let gone = format!("redis://:{password}@127.0.0.1:1");
    let plain = format!("redis://{server}");
    let no_sentinel =
        format!("redis+sentinel://:{password}@127.0.0.1:1/m?sentinel_password={sentinel}");
    let proxy = scene.secret("the password of a proxy");
    let proxy = format!("http://shop:{proxy}@127.0.0.1:1");
    let hook = scene.secret("the path of a receiver that is not there");
    let no_receiver = format!("http://127.0.0.1:1/{hook}");
    let path = scene.secret("the path of a collector that is not there");
    let no_collector = format!("http://127.0.0.1:1/{path}");
    [
        ("wrong password", &[("HP_REDIS__URL", &*refused)][..]),
        ("no Redis", &[("HP_REDIS__URL", &gone)]),
        ("no Sentinel", &[("HP_REDIS__URL", &no_sentinel)]),
        (
            "no Sentinel, and a password of its own",
            &[
                ("HP_REDIS__URL", "redis+sentinel://127.0.0.1:1/m"),
                ("HP_REDIS__PASSWORD", &wrong),
                ("HP_REDIS__SENTINEL_PASSWORD", &sentinel),
            ],
        ),
        (
            "a wrong password of its own",
            &[("HP_REDIS__URL", &plain), ("HP_REDIS__PASSWORD", &wrong)],
        ),
        (
            "no HitPoints",
            &[
                ("HP_API__BASE_URL", "https://localhost:1"),
                ("HP_API__PROXY", &proxy),
            ],
        ),
        ("no receiver", &[("HP_NOTIFY__URL", &no_receiver)]),
        ("no collector", &[("HP_OTEL__ENDPOINT", &no_collector)]),
        ("wrong secret", &[("HP_API__APP_SECRET", &wrong_secret)]),
    ]
    .map(|(name, more)| Variant::new(name, scene.settings(more)))
    .into()
}

/// Settings that are refused: a secret in a wrong place, or malformed.
pub(crate) fn bad_settings(scene: &mut Scene) -> Vec<Variant> {
    let rsa = rsa_key();
    for line in private_lines(&rsa) {
        scene.add_secret("the private RSA key", line);
    }
    let misplaced = scene.secret("a misplaced secret");
    let server = scene.world.redis.server().address();
    let in_path = format!("redis://{server}/{misplaced}");
    let no_login = format!("redis://:x/{misplaced}@{server}");
    let in_host = format!("https://shop:{misplaced}@127.0.0.1");
    let open_receiver = format!("http://192.0.2.1/{misplaced}");
    let with_space = format!("{misplaced} ");
    let half = rsa[..rsa.len() / 2].to_owned();
    let proxy = format!("socks5://shop:{misplaced}@127.0.0.1");
    let file = scene.file(
        "input-config.toml",
        &format!("[api]\napp_secret = {misplaced}\n"),
    );
    let file_secret = scene.file("input-secret", &format!("{misplaced}\u{200b}x\n"));
    let sets: [(&str, &[(&str, &str)]); 18] = [
        ("short token", &[("HP_ADMIN__TOKEN", &misplaced[..15])]),
        ("malformed token", &[("HP_ADMIN__TOKEN", &with_space)]),
        ("malformed receiver", &[("HP_NOTIFY__URL", &misplaced)]),
        (
            "receiver without TLS",
            &[("HP_NOTIFY__URL", &open_receiver)],
        ),
        (
            "malformed signing secret",
            &[("HP_NOTIFY__SECRET", &with_space)],
        ),
        (
            "secret as its file",
            &[
                ("HP_API__APP_SECRET", ""),
                ("HP_API__APP_SECRET_FILE", &misplaced),
            ],
        ),
        (
            "malformed secret file",
            &[
                ("HP_API__APP_SECRET", ""),
                ("HP_API__APP_SECRET_FILE", &file_secret),
            ],
        ),
        (
            "secret with a space",
            &[("HP_API__APP_SECRET", &with_space)],
        ),
        ("secret as database", &[("HP_REDIS__URL", &in_path)]),
        ("secret with a slash", &[("HP_REDIS__URL", &no_login)]),
        ("secret in the address", &[("HP_API__BASE_URL", &in_host)]),
        (
            "half a key",
            &[
                ("HP_API__RSA_PRIVATE_KEY", &half),
                ("HP_API__RSA_SERVER_KEY", &half),
            ],
        ),
        (
            "keys swapped",
            &[
                ("HP_API__RSA_PRIVATE_KEY", &misplaced),
                ("HP_API__RSA_SERVER_KEY", &rsa),
            ],
        ),
        ("malformed collector", &[("HP_OTEL__ENDPOINT", &misplaced)]),
        ("malformed headers", &[("HP_OTEL__HEADERS", &misplaced)]),
        (
            "malformed standard variables",
            &[
                ("HP_OTEL__ENDPOINT", ""),
                ("HP_OTEL__HEADERS", ""),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &misplaced),
                ("OTEL_EXPORTER_OTLP_HEADERS", &misplaced),
            ],
        ),
        ("malformed proxy", &[("HP_API__PROXY", &proxy)]),
        (
            "private key to seal to",
            &[("HP_RESULTS__SEAL_TO__SHOP", &misplaced)],
        ),
    ];
    let sets = sets.map(|(name, more)| Variant::new(name, scene.settings(more)));
    let mut variants = Vec::from(sets);
    variants.push(Variant {
        first: vec!["--config".to_owned(), file],
        ..Variant::new("malformed file", scene.settings(&[]))
    });
    variants
}

/// The private RSA key of the tests.
fn rsa_key() -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(tests.join("../crates/hp-sandbox/tests/keys/client-private.pem"))
        .unwrap()
}

/// The lines of a private key in PEM after those that its public key has, too.
fn private_lines(pem: &str) -> impl Iterator<Item = &str> {
    let lines = pem.lines().skip(9);
    lines.filter(|line| !line.starts_with('-') && line.len() > 32)
}
