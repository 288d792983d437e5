use hp_api::ClientCertificate;

use super::{ConnectOptions, Fault, Place};

fn read(url: &str) -> Result<Place, Fault> {
    super::read(url, &ConnectOptions::default())
}

fn debug(url: &str) -> String {
    format!("{:?}", read(url).unwrap())
}

/// What is wrong, empty if nothing is.
fn fault(read: Result<Place, Fault>) -> String {
    match read {
        Err(Fault::Unusable(why) | Fault::Contradiction(why)) => why,
        Ok(_) => String::new(),
    }
}

#[test]
fn cluster_address_names_some_nodes() {
    let Place::Cluster(nodes) = read("redis+cluster://shop:pw@a:7000,b,[::1]").unwrap() else {
        panic!("no cluster")
    };
    let addresses: Vec<_> = nodes
        .addresses
        .iter()
        .map(|node| node.addr().to_string())
        .collect();
    assert_eq!(addresses, ["a:7000", "b:6379", "::1:6379"]);
    for node in &nodes.addresses {
        let login = node.redis_settings();
        assert_eq!(
            (login.username(), login.password()),
            (Some("shop"), Some("pw"))
        );
    }
}

#[test]
fn sentinel_address_names_sentinels_and_master() {
    let read = debug("redis+sentinel://a,b:7000/mymaster/3");
    for part in ["26379", "7000", "mymaster", "db: 3"] {
        assert!(read.contains(part), "no {part} in {read}");
    }
    assert!(!read.contains("TcpTls"), "{read}");
    let read = debug("rediss+sentinel://a/mymaster");
    assert!(read.contains("TcpTls"), "{read}");
}

#[test]
fn address_prints_without_passwords() {
    for url in [
        "redis://shop:hunter2@a",
        "redis+cluster://shop:hunter2@a,b",
        "redis+sentinel://shop:hunter2@a,b/mymaster?sentinel_password=hunter2",
    ] {
        assert!(!debug(url).contains("hunter2"), "{url}");
    }
}

#[test]
fn login_that_needs_percent_encoding_is_refused() {
    for url in [
        "redis://:pa/ss@a",
        "redis://:pa?ss@a",
        "redis://:pa#ss@a",
        "redis://shop:12/ss@a",
        "redis://shop:12#ss@a",
        "redis+cluster://:pa/ss@a,b",
        "rediss+sentinel://:pa/ss@a/mymaster",
    ] {
        assert!(fault(read(url)).contains("%2F for /"), "{url}");
    }
    for url in [
        "redis://:pa%2Fss@a",
        "redis://:pa@ss@a",
        "redis+sentinel://a/mymaster?sentinel_password=hunt@er2",
        "redis+sentinel://a?sentinel_password=hunt@er2",
        "redis+unix:///run/a@b.sock",
    ] {
        assert!(!fault(read(url)).contains("%2F"), "{url}");
    }
}

#[test]
fn fragment_is_refused_in_every_address() {
    for form in [
        "SCHEME://a",
        "SCHEME://a:6379/0",
        "SCHEME://a?protocol=resp3",
        "SCHEME://user:password@a/",
        "SCHEME+cluster://a,b",
        "SCHEME+cluster://a,b/?protocol=resp3",
        "SCHEME+sentinel://a,b/mymaster",
        "SCHEME+sentinel://a,b/mymaster/1?sentinel_password=secret",
    ] {
        for scheme in ["redis", "rediss", "REDISS"] {
            for fragment in ["#insecure", "#", "#other"] {
                let url = form.replace("SCHEME", scheme) + fragment;
                let why = fault(read(&url));
                assert!(why.contains("remove #insecure"), "{url}: {why}");
            }
        }
    }
    for url in [
        "redis+unix:///run/a.sock#insecure",
        "unix:///run/a.sock#x",
        "valkeys://a#insecure",
    ] {
        assert!(fault(read(url)).contains("remove #insecure"), "{url}");
    }
}

const FORMS: [&str; 3] = [
    "SCHEME://a",
    "SCHEME+cluster://a,b",
    "SCHEME+sentinel://a,b/mymaster",
];

#[test]
fn certificates_need_tls() {
    let issued = include_str!("../../../../hp-api/tests/data/tls/issued.crt");
    let key = include_str!("../../../../hp-api/tests/data/tls/issued.key");
    let certificate = ClientCertificate::from_pem(issued, key).unwrap();
    for (options, setting) in [
        (
            ConnectOptions::default().authorities(issued.parse().unwrap()),
            "redis.ca_file",
        ),
        (
            ConnectOptions::default().client_certificate(certificate),
            "redis.client_cert_file",
        ),
    ] {
        for form in FORMS {
            let url = form.replace("SCHEME", "rediss");
            assert!(super::read(&url, &options).is_ok(), "{url}");
            let plain = super::read(&form.replace("SCHEME", "redis"), &options);
            let why = fault(plain);
            assert!(why.contains("rediss") && why.contains(setting), "{why}");
        }
    }
}

#[test]
fn login_of_the_options_reaches_every_server() {
    let options = ConnectOptions::default().login(Some("shop"), "p/s?s#w@rd%");
    for form in FORMS {
        let url = form.replace("SCHEME", "redis");
        let logins = match super::read(&url, &options).unwrap() {
            Place::Server(server) => {
                vec![server.get_connection_info().redis_settings().clone()]
            }
            Place::Cluster(nodes) => {
                let nodes = nodes.addresses.iter();
                nodes.map(|node| node.redis_settings().clone()).collect()
            }
            Place::Sentinel(watched) => vec![watched.master.redis_settings().clone()],
        };
        for login in logins {
            assert_eq!(login.username(), Some("shop"), "{url}");
            assert_eq!(login.password(), Some("p/s?s#w@rd%"), "{url}");
        }
    }
    let options = ConnectOptions::default().sentinel_login(None, "hunter2");
    let Ok(Place::Sentinel(watched)) = super::read("redis+sentinel://shop:pw@a/mymaster", &options)
    else {
        panic!("no Sentinel")
    };
    assert_eq!(watched.sentinel_login.password(), Some("hunter2"));
    assert_eq!(watched.master.redis_settings().password(), Some("pw"));
    assert!(!format!("{options:?} {watched:?}").contains("hunter2"));
}

#[test]
fn password_in_two_places_is_refused() {
    let redis = ConnectOptions::default().login(None, "hunter2");
    let sentinel = ConnectOptions::default().sentinel_login(None, "hunter2");
    for (url, options, setting) in [
        ("redis://:pw@a", &redis, "redis.password"),
        ("redis://shop@a", &redis, "redis.password"),
        ("redis+unix:///run/r.sock?pass=pw", &redis, "redis.password"),
        ("redis+cluster://shop:pw@a,b", &redis, "redis.password"),
        ("redis+sentinel://:pw@a/mymaster", &redis, "redis.password"),
        (
            "redis+sentinel://a/mymaster?sentinel_password=pw",
            &sentinel,
            "redis.sentinel_password",
        ),
        ("redis://a", &sentinel, "redis.sentinel_password"),
        ("redis+cluster://a", &sentinel, "redis.sentinel_password"),
    ] {
        let Err(Fault::Contradiction(why)) = super::read(url, options) else {
            panic!("{url} is accepted")
        };
        assert!(why.contains(setting) && !why.contains("hunter2"), "{why}");
    }
}

#[test]
fn address_of_a_wrong_form_is_refused() {
    for url in [
        "nonsense",
        "http://a",
        "redis+cluster://",
        "redis+cluster://a,,b",
        "redis+cluster://a/x",
        "redis+sentinel://a:26379",
        "redis+sentinel:///mymaster",
        "redis+sentinel://a/mymaster/x",
    ] {
        assert!(matches!(read(url), Err(Fault::Unusable(_))), "{url}");
    }
}
