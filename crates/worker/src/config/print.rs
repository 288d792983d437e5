use std::{
    fmt::{self, Display, Formatter, Write},
    time::Duration,
};

use hp_queue::without_password;

use super::{
    AdminServer, Api, Config, Reconcile,
    account::{Account, Key},
    pem_file::CaFile,
    redis_access::{Login, RedisAccess},
    secret::Hidden,
    values::LogFormat,
};

/// The configuration in force in the form of its file, without secrets.
impl Display for Config {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "[api]\n{}", self.api)?;
        writeln!(
            f,
            "clock_tolerance = {}\n",
            Quoted(self.policy.clock_tolerance)
        )?;
        writeln!(f, "[redis]\n{}", self.redis_access)?;
        writeln!(f, "[queue]\nprefix = {}\n", Text(&self.prefix.to_string()))?;
        self.write_worker(f)?;
        self.write_retry(f)?;
        writeln!(f, "[reconcile]\n{}", self.reconcile)?;
        let (results, ledger) = (self.retention.results, self.retention.ledger);
        writeln!(f, "[results]\nretention = {}", Quoted(results))?;
        for (name, key) in self.seal_to.iter() {
            writeln!(f, "seal_to.{name} = \"{key}\"")?;
        }
        writeln!(f)?;
        writeln!(f, "[ledger]\nretention = {}\n", Quoted(ledger))?;
        writeln!(f, "[admin]\n{}", self.admin)?;
        self.write_notify(f)?;
        self.write_otel(f)?;
        writeln!(f, "[log]\nfilter = {}", Text(&self.log_filter.text))?;
        write!(f, "format = \"{}\"", self.log_format)
    }
}

impl Config {
    fn write_worker(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "[worker]\nconcurrency = {}", self.concurrency)?;
        writeln!(f, "lease = {}", Quoted(self.lease))?;
        if let Some(rate) = self.rate {
            writeln!(f, "rate = {rate}")?;
        }
        writeln!(f, "needs_products = {}", self.needs_products)?;
        writeln!(f, "drain = {}\n", Quoted(self.drain))
    }

    /// The path of the address is a secret, so the address is not shown at all.
    fn write_notify(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(notify) = &self.notify else {
            return Ok(());
        };
        let shown = notify.shown_url();
        writeln!(f, "[notify]\nurl = \"[redacted]\" # {shown}")?;
        if notify.secret.is_some() {
            writeln!(f, "secret = \"[redacted]\"")?;
        }
        writeln!(f, "format = \"{}\"\n", notify.format.as_str())
    }

    /// The address may contain a token, so only its origin is shown.
    fn write_otel(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(endpoint) = &self.otel.endpoint else {
            return Ok(());
        };
        let shown = endpoint.shown();
        writeln!(f, "[otel]\nendpoint = \"[redacted]\" # {shown}")?;
        if !self.otel.headers.is_empty() {
            writeln!(f, "headers = \"[redacted]\"")?;
        }
        writeln!(f)
    }

    fn write_retry(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let policy = &self.policy;
        writeln!(f, "[retry]\nbase = {}", Quoted(self.retry_base))?;
        writeln!(f, "max = {}", Quoted(self.retry_max))?;
        writeln!(f, "resubmit_after = {}", Quoted(policy.resubmit_after))?;
        writeln!(f, "give_up_after = {}", Quoted(policy.give_up_after))?;
        writeln!(f, "max_crashes = {}\n", policy.max_crashes)
    }
}

impl Display for Api {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Ok(account) = &self.account {
            account.fmt(f)?;
        }
        writeln!(f, "timeout = {}", Quoted(self.timeout))
    }
}

impl Display for Account {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "base_url = {}", Text(&self.base_url))?;
        if let Some(host) = &self.other_host {
            writeln!(f, "other_host = {}", Text(host))?;
        }
        writeln!(f, "app_id = {}", Text(&self.app_id))?;
        match self.key {
            Key::Secret(_) => writeln!(f, "app_secret = \"[redacted]\""),
            Key::Rsa(_) => writeln!(f, "# Signed with RSA. The keys are not shown."),
        }?;
        write_ca_file(f, self.authorities.as_ref())?;
        match self.proxy.as_ref().map(Hidden::expose) {
            Some(proxy) => writeln!(f, "proxy = {}", Text(&without_password(proxy))),
            None => Ok(()),
        }
    }
}

impl Display for RedisAccess {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "url = {}", Text(&without_password(self.url.expose())))?;
        write_login(f, "", self.login.as_ref())?;
        write_login(f, "sentinel_", self.sentinel_login.as_ref())?;
        write_ca_file(f, self.authorities.as_ref())?;
        let Some(files) = &self.certificate else {
            return Ok(());
        };
        let (certificate, key) = (&files.certificate_path, &files.key_path);
        let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
        writeln!(f, "client_cert_file = {}", Text(&certificate))?;
        writeln!(f, "client_key_file = {}", Text(&key))
    }
}

/// `start` begins the keys of the two settings.
fn write_login(f: &mut Formatter<'_>, start: &str, login: Option<&Login>) -> fmt::Result {
    let Some(login) = login else {
        return Ok(());
    };
    if let Some(username) = &login.username {
        writeln!(f, "{start}username = {}", Text(username))?;
    }
    writeln!(f, "{start}password = \"[redacted]\"")
}

fn write_ca_file(f: &mut Formatter<'_>, file: Option<&CaFile>) -> fmt::Result {
    match file {
        Some(file) => writeln!(f, "ca_file = {}", Text(&file.path.display().to_string())),
        None => Ok(()),
    }
}

impl Display for Reconcile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "schedule = {}", Text(self.schedule.text()))?;
        writeln!(f, "time_zone = {}", Text(self.schedule.zone()))?;
        writeln!(f, "stuck_after = {}", Quoted(self.stuck_after))
    }
}

impl Display for AdminServer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let listen = self.listen.map_or_else(String::new, |at| at.to_string());
        writeln!(f, "listen = {listen:?}")?;
        match self.token {
            Some(_) => writeln!(f, "token = \"[redacted]\""),
            None => Ok(()),
        }
    }
}

impl Display for LogFormat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// A text as the file has it. Unlike Rust, TOML has no `\0` and no braces in `\u0000`.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\'' => f.write_char(c)?,
                c if c.escape_debug().len() > 1 => write!(f, "\\U{:08X}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// A duration as the file has it: `"1m 30s"`.
struct Quoted(Duration);

impl Display for Quoted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", humantime::format_duration(self.0))
    }
}
