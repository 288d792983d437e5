/// Returns an address without user and password, for output.
pub fn without_password(url: &str) -> String {
    let scheme = url.find("://").map_or("", |end| &url[..end + 3]);
    match url.split_once('?') {
        // A password with a question mark, or an odd query: no part of it is safe to show.
        Some((_, rest)) if rest.contains('@') => format!("{scheme}..."),
        Some((address, _)) => without_user(scheme, address),
        None => without_user(scheme, url),
    }
}

fn without_user(scheme: &str, address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{host}"),
        None => address.into(),
    }
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
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
