#[cfg(test)]
mod tests;

use redis::{ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError};

use super::{cluster::Nodes, options::ConnectOptions, place::Place, sentinel::WatchedMaster};

/// What is wrong with an address, without the address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unusable(String),
    /// It contradicts the options.
    Contradiction(String),
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self::Unusable(why)
    }
}

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        Self::Unusable(fault(&error))
    }
}

/// Reads an address, to which the options add what it does not say.
pub(super) fn read(url: &str, options: &ConnectOptions) -> Result<Place, Fault> {
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| "it does not begin with a scheme such as redis://".to_owned())?;
    let scheme = scheme.to_ascii_lowercase();
    if !scheme.contains("unix") {
        check_login(rest)?;
    }
    // The Redis client takes `#insecure` as a wish to check no certificate, and ignores some other fragments.
    if rest.contains('#') {
        return Err(Fault::Unusable(FRAGMENT.into()));
    }
    if !scheme.starts_with("rediss") {
        check_without_tls(options)?;
    }
    if options.sentinel_login.is_some() && !scheme.ends_with("+sentinel") {
        return contradiction(
            "it names no Sentinels, but redis.sentinel_password is set; remove redis.sentinel_password and redis.sentinel_username",
        );
    }
    match scheme.as_str() {
        "redis+cluster" => cluster(&Parts::new("redis", rest), options),
        "rediss+cluster" => cluster(&Parts::new("rediss", rest), options),
        "redis+sentinel" => sentinel(&Parts::new("redis", rest), options),
        "rediss+sentinel" => sentinel(&Parts::new("rediss", rest), options),
        _ => server(url, options),
    }
}

fn contradiction<T>(why: &str) -> Result<T, Fault> {
    Err(Fault::Contradiction(why.into()))
}

fn check_without_tls(options: &ConnectOptions) -> Result<(), Fault> {
    let setting = match options {
        ConnectOptions {
            authorities: Some(_),
            ..
        } => "redis.ca_file",
        ConnectOptions {
            certificate: Some(_),
            ..
        } => "redis.client_cert_file",
        _ => return Ok(()),
    };
    contradiction(&format!(
        "it is without TLS, but {setting} is set; write rediss in place of redis, or remove {setting}"
    ))
}

/// Returns the addresses of Redis servers with the user and the password of the options, if they have any.
fn logged_in(
    mut nodes: Vec<ConnectionInfo>,
    options: &ConnectOptions,
) -> Result<Vec<ConnectionInfo>, Fault> {
    let Some(login) = &options.login else {
        return Ok(nodes);
    };
    if nodes.iter().any(|node| has_login(node.redis_settings())) {
        return contradiction(
            "it has a user or a password, but redis.password is set, too; remove one of them",
        );
    }
    login.add_to_all(&mut nodes);
    Ok(nodes)
}

fn has_login(settings: &RedisConnectionInfo) -> bool {
    settings.username().is_some() || settings.password().is_some()
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

const FRAGMENT: &str = "it has a fragment (#...); the worker always checks certificates: remove #insecure, and write %23 for a # that belongs to a password";

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

fn server(url: &str, options: &ConnectOptions) -> Result<Place, Fault> {
    let servers = logged_in(vec![url.into_connection_info()?], options)?;
    let server = servers[0].clone();
    let client = match options.certificates() {
        Some(certificates) => redis::Client::build_with_tls(server, certificates),
        None => redis::Client::open(server),
    };
    Ok(Place::Server(client?))
}

fn cluster(parts: &Parts<'_>, options: &ConnectOptions) -> Result<Place, Fault> {
    let nodes = Nodes {
        addresses: logged_in(parts.nodes(6379, parts.path)?, options)?,
        certificates: options.certificates(),
    };
    nodes.client().build()?;
    Ok(Place::Cluster(nodes))
}

fn sentinel(parts: &Parts<'_>, options: &ConnectOptions) -> Result<Place, Fault> {
    let (name, database) = parts.path.split_once('/').unwrap_or((parts.path, ""));
    if name.is_empty() {
        return Err(Fault::Unusable("it names no master".into()));
    }
    let sentinels = logged_in(parts.nodes(26379, database)?, options)?;
    let watched = WatchedMaster {
        // The user and password of the address are for the master; Sentinel may have its own.
        master: sentinels[0].clone(),
        sentinels: sentinels.iter().map(|node| node.addr().clone()).collect(),
        sentinel_login: sentinel_login(parts.sentinel_login(), options)?,
        name: name.into(),
        certificates: options.certificates(),
    };
    watched.client()?;
    Ok(Place::Sentinel(watched))
}

fn sentinel_login(
    own: RedisConnectionInfo,
    options: &ConnectOptions,
) -> Result<RedisConnectionInfo, Fault> {
    match &options.sentinel_login {
        Some(_) if has_login(&own) => contradiction(
            "it has a user or a password of Sentinel, but redis.sentinel_password is set, too; remove one of them",
        ),
        Some(login) => Ok(login.add_to(own)),
        None => Ok(own),
    }
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
