use redis::{
    ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError, cluster::ClusterClient,
};

use super::{place::Place, sentinel::WatchedMaster};

/// Reads an address. The error says what is wrong, without the address.
pub(super) fn read(url: &str) -> Result<Place, String> {
    let (scheme, rest) = url
        .split_once("://")
        .ok_or("it does not begin with a scheme such as redis://")?;
    if !scheme.contains("unix") {
        check_login(rest)?;
    }
    match scheme.to_ascii_lowercase().as_str() {
        "redis+cluster" => cluster(&Parts::new("redis", rest)),
        "rediss+cluster" => cluster(&Parts::new("rediss", rest)),
        "redis+sentinel" => sentinel(&Parts::new("redis", rest)),
        "rediss+sentinel" => sentinel(&Parts::new("rediss", rest)),
        _ => match url.into_connection_info().and_then(redis::Client::open) {
            Ok(client) => Ok(Place::Server(client)),
            Err(why) => Err(fault(&why)),
        },
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

fn cluster(parts: &Parts<'_>) -> Result<Place, String> {
    let nodes = parts.nodes(6379, parts.path)?;
    ClusterClient::new(nodes.clone()).map_err(|why| fault(&why))?;
    Ok(Place::Cluster(nodes))
}

fn sentinel(parts: &Parts<'_>) -> Result<Place, String> {
    let (name, database) = parts.path.split_once('/').unwrap_or((parts.path, ""));
    if name.is_empty() {
        return Err("it names no master".into());
    }
    let sentinels = parts.nodes(26379, database)?;
    // The user and password of the address are for the master; Sentinel may have its own.
    let master = sentinels[0].clone();
    let login = parts.sentinel_login();
    let sentinels = sentinels
        .into_iter()
        .map(|node| node.set_redis_settings(login.clone()))
        .collect();
    Ok(Place::Sentinel(WatchedMaster::new(
        sentinels, name, &master,
    )))
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
        format!("{:?}", read(url).unwrap())
    }

    #[test]
    fn cluster_address_names_some_nodes() {
        let Place::Cluster(nodes) = read("redis+cluster://shop:pw@a:7000,b,[::1]").unwrap() else {
            panic!("no cluster")
        };
        let addresses: Vec<_> = nodes.iter().map(|node| node.addr().to_string()).collect();
        assert_eq!(addresses, ["a:7000", "b:6379", "::1:6379"]);
        for node in &nodes {
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
        assert!(!read.contains("tls_mode: Some"), "{read}");
        let read = debug("rediss+sentinel://a/mymaster");
        assert!(
            read.contains("TcpTls") && read.contains("tls_mode: Some"),
            "{read}"
        );
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
            assert!(read(url).unwrap_err().contains("%2F for /"), "{url}");
        }
        for url in [
            "redis://:pa%2Fss@a",
            "redis://:pa@ss@a",
            "redis+sentinel://a/mymaster?sentinel_password=hunt@er2",
            "redis+sentinel://a?sentinel_password=hunt@er2",
            "redis+unix:///run/a@b.sock",
        ] {
            let fault = read(url).err().unwrap_or_default();
            assert!(!fault.contains("%2F"), "{url}");
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
            assert!(read(url).is_err(), "{url}");
        }
    }
}
