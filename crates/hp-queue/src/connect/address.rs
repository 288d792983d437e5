use hp_api::CaCertificates;
use redis::{
    ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult,
    TlsCertificates,
};

use super::{cluster::Nodes, place::Place, sentinel::WatchedMaster};

/// Reads an address. The error says what is wrong, without the address.
pub(super) fn read(url: &str, authorities: Option<&CaCertificates>) -> Result<Place, String> {
    let (scheme, rest) = url
        .split_once("://")
        .ok_or("it does not begin with a scheme such as redis://")?;
    let scheme = scheme.to_ascii_lowercase();
    if !scheme.contains("unix") {
        check_login(rest)?;
    }
    if authorities.is_some() && !scheme.starts_with("rediss") {
        return Err("it is without TLS, but certificates of authorities are given: write rediss in place of redis, or remove the certificates".into());
    }
    let certificates = authorities.map(|authorities| TlsCertificates {
        client_tls: None,
        root_cert: Some(authorities.to_pem().into()),
    });
    match scheme.as_str() {
        "redis+cluster" => cluster(&Parts::new("redis", rest), certificates),
        "rediss+cluster" => cluster(&Parts::new("rediss", rest), certificates),
        "redis+sentinel" => sentinel(&Parts::new("redis", rest), certificates),
        "rediss+sentinel" => sentinel(&Parts::new("rediss", rest), certificates),
        _ => server(url, certificates).map_err(|why| fault(&why)),
    }
}

/// Fails if a character of the user or the password ends the address too early.
fn check_login(rest: &str) -> Result<(), String> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((between, _)) = rest[authority.len()..].split_once('@') else {
        return Ok(());
    };
    // The value of a query may have any character, such as that of `?sentinel_password=`.
    let query = between.split_once('?').map_or("", |(_, query)| query);
    if query.contains('=') {
        return Ok(());
    }
    Err(ENCODE.into())
}

const ENCODE: &str = "its user or its password has a character that an address must have in percent-encoding: write %2F for /, %3F for ?, %23 for #, %40 for @ and %25 for %";

/// What is wrong, without the value at fault, which may be a secret.
fn fault(why: &RedisError) -> String {
    let text = why.to_string();
    let text = text.split(" - ").next().unwrap_or_default();
    match text {
        "Redis URL did not parse" => {
            "it has another scheme, no host, or a port that is no number from 1 to 65535".into()
        }
        text => text.into(),
    }
}

fn server(url: &str, certificates: Option<TlsCertificates>) -> RedisResult<Place> {
    let client = match certificates {
        Some(certificates) => redis::Client::build_with_tls(url, certificates),
        None => url.into_connection_info().and_then(redis::Client::open),
    };
    client.map(Place::Server)
}

fn cluster(parts: &Parts<'_>, certificates: Option<TlsCertificates>) -> Result<Place, String> {
    let nodes = Nodes {
        addresses: parts.nodes(6379, parts.path)?,
        certificates,
    };
    nodes.client().build().map_err(|why| fault(&why))?;
    Ok(Place::Cluster(nodes))
}

fn sentinel(parts: &Parts<'_>, certificates: Option<TlsCertificates>) -> Result<Place, String> {
    let (name, database) = parts.path.split_once('/').unwrap_or((parts.path, ""));
    if name.is_empty() {
        return Err("it names no master".into());
    }
    let sentinels = parts.nodes(26379, database)?;
    let watched = WatchedMaster {
        // The user and password of the address are for the master; Sentinel may have its own.
        master: sentinels[0].clone(),
        sentinels: sentinels.iter().map(|node| node.addr().clone()).collect(),
        sentinel_login: parts.sentinel_login(),
        name: name.into(),
        certificates,
    };
    watched.client().map_err(|why| fault(&why))?;
    Ok(Place::Sentinel(watched))
}

/// The parts of an address after the scheme: `user:password@host:port,host:port/path?query`.
struct Parts<'a> {
    scheme: &'a str,
    login: &'a str,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn new(scheme: &'a str, rest: &'a str) -> Self {
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = address.split_once('/').unwrap_or((address, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        Self {
            scheme,
            login,
            hosts,
            path: path.trim_end_matches('/'),
            query,
        }
    }

    /// Returns each host as an address of its own.
    fn nodes(&self, default_port: u16, database: &str) -> Result<Vec<ConnectionInfo>, String> {
        let Self {
            scheme,
            login,
            query,
            ..
        } = self;
        let node = |host: &str| {
            if host.is_empty() {
                return Err("a host is missing".into());
            }
            let port = match host.rsplit_once(':') {
                Some((_, port)) if !port.ends_with(']') => String::new(),
                _ => format!(":{default_port}"),
            };
            format!("{scheme}://{login}@{host}{port}/{database}?{query}")
                .into_connection_info()
                .map_err(|why| fault(&why))
        };
        self.hosts.split(',').map(node).collect()
    }

    fn sentinel_login(&self) -> RedisConnectionInfo {
        let login = RedisConnectionInfo::default();
        form_urlencoded::parse(self.query.as_bytes()).fold(login, |login, (name, value)| {
            match &*name {
                "sentinel_username" => login.set_username(value),
                "sentinel_password" => login.set_password(value),
                _ => login,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, read};

    fn debug(url: &str) -> String {
        format!("{:?}", read(url, None).unwrap())
    }

    #[test]
    fn cluster_address_names_some_nodes() {
        let Place::Cluster(nodes) = read("redis+cluster://shop:pw@a:7000,b,[::1]", None).unwrap()
        else {
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
            assert!(read(url, None).unwrap_err().contains("%2F for /"), "{url}");
        }
        for url in [
            "redis://:pa%2Fss@a",
            "redis://:pa@ss@a",
            "redis+sentinel://a/mymaster?sentinel_password=hunt@er2",
            "redis+sentinel://a?sentinel_password=hunt@er2",
            "redis+unix:///run/a@b.sock",
        ] {
            let fault = read(url, None).err().unwrap_or_default();
            assert!(!fault.contains("%2F"), "{url}");
        }
    }

    #[test]
    fn authorities_need_tls() {
        let authority = include_str!("../../../hp-api/tests/data/tls/ca.crt")
            .parse()
            .unwrap();
        for form in [
            "SCHEME://a",
            "SCHEME+cluster://a,b",
            "SCHEME+sentinel://a,b/mymaster",
        ] {
            let with_tls = form.replace("SCHEME", "rediss");
            assert!(read(&with_tls, Some(&authority)).is_ok(), "{with_tls}");
            let plain = read(&form.replace("SCHEME", "redis"), Some(&authority));
            assert!(plain.unwrap_err().contains("rediss"));
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
            assert!(read(url, None).is_err(), "{url}");
        }
    }
}
