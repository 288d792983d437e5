/// Stands for what an address has in place of a host or a path. It may be a secret.
const HIDDEN: &str = "...";

/// Returns an address without user and password, for output. Hides also what is neither a host nor a port: a password that is
/// in a wrong place.
pub fn without_password(url: &str) -> String {
    let scheme = url.find("://").map_or("", |end| &url[..end + 3]);
    let (address, query) = url[scheme.len()..]
        .split_once('?')
        .unwrap_or((&url[scheme.len()..], ""));
    // A password with a question mark, or an odd query: no part of it is safe to show.
    if query.contains('@') {
        return format!("{scheme}{HIDDEN}");
    }
    let (login, address) = address.rsplit_once('@').unwrap_or(("", address));
    let address = address.split('#').next().unwrap_or_default();
    if scheme.ends_with("unix://") {
        return format!("{scheme}{address}");
    }
    let (hosts, path) = address.split_once('/').unwrap_or((address, ""));
    let is_bare_word = scheme.is_empty() && login.is_empty() && !hosts.contains(':');
    if is_bare_word || !hosts.split(',').all(is_host) {
        return format!("{scheme}{HIDDEN}");
    }
    let path = match path {
        _ if address.len() == hosts.len() => String::new(),
        path if is_path(scheme, path) => format!("/{path}"),
        _ => format!("/{HIDDEN}"),
    };
    format!("{scheme}{hosts}{path}")
}

fn is_host(text: &str) -> bool {
    let has_address = text.ends_with(']') || !text.contains(':');
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !has_address => (host, Some(port)),
        _ => (text, None),
    };
    let is_name = |host: &str| {
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte))
    };
    let is_v6_or_name = host.starts_with('[') || !host.contains(':');
    is_name(host) && is_v6_or_name && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// The number of a database, after the name of a master if there is one.
fn is_path(scheme: &str, path: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if scheme.contains("+sentinel") {
        return !path.contains(char::is_control);
    }
    is_number(path)
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn password_is_cut_from_every_form_of_address() {
        for (url, shown) in [
            ("redis://shop:hunter2@redis:6379/3", "redis://redis:6379/3"),
            ("redis://:hunter2@redis:6379", "redis://redis:6379"),
            ("rediss://a:hunter2@b@redis", "rediss://redis"),
            ("shop:hunter2@redis:6379", "redis:6379"),
            (
                "redis+unix:///run/redis.sock?pass=hunter2",
                "redis+unix:///run/redis.sock",
            ),
            ("redis://redis:6379", "redis://redis:6379"),
            ("redis://:hun?ter2@redis", "redis://..."),
            ("redis+unix:///run/r.sock?pass=a@b", "redis+unix://..."),
            (
                "redis+cluster://shop:hunter2@a:7000,b:7001",
                "redis+cluster://a:7000,b:7001",
            ),
            (
                "rediss+sentinel://shop:hunter2@a,b/mymaster/0?sentinel_password=hunter2",
                "rediss+sentinel://a,b/mymaster/0",
            ),
            (
                "redis+sentinel://a/mymaster?sentinel_password=hunt@er2",
                "redis+sentinel://...",
            ),
            (
                "redis+cluster://a:1,shop:hunter2@b:1",
                "redis+cluster://b:1",
            ),
            ("redis://:hun#ter2@redis", "redis://redis"),
            ("redis://:hun/ter2@redis:6379/3", "redis://redis:6379/3"),
            ("rediss://redis:6379#insecure", "rediss://redis:6379"),
            ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
            ("redis://[::1]", "redis://[::1]"),
            ("redis:6379", "redis:6379"),
            ("hunter2", "..."),
            (":hunter2", "..."),
            ("redis://shop:hunter2", "redis://..."),
            ("redis://shop:123456789", "redis://..."),
            ("redis+cluster://a:7000,shop:hunter2", "redis+cluster://..."),
            ("redis://redis:6379/hunter2", "redis://redis:6379/..."),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
