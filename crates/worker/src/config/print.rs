use std::fmt;

use super::{Config, Key, LogFormat};

/// The effective configuration in the form of its file, secrets hidden.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time| humantime::format_duration(time).to_string();
        writeln!(f, "[api]")?;
        if let Ok(account) = &self.api.account {
            writeln!(f, "base_url = {:?}", account.base_url)?;
            writeln!(f, "app_id = {:?}", account.app_id)?;
            match account.key {
                Key::Secret(_) => writeln!(f, "app_secret = \"[redacted]\"")?,
                Key::Rsa { .. } => writeln!(f, "# signed with RSA; the keys are not shown")?,
            }
        }
        writeln!(f, "timeout = {:?}\n", time(self.api.timeout))?;
        writeln!(
            f,
            "[redis]\nurl = {:?}\n",
            hp_queue::without_password(self.redis_url.expose())
        )?;
        writeln!(f, "[queue]\nprefix = {:?}\n", self.prefix.to_string())?;
        writeln!(
            f,
            "[worker]\nconcurrency = {}\nlease = {:?}",
            self.concurrency,
            time(self.lease)
        )?;
        if let Some(rate) = self.rate {
            writeln!(f, "rate = {rate}")?;
        }
        writeln!(f, "drain = {:?}\n", time(self.drain))?;
        writeln!(
            f,
            "[retry]\nbase = {:?}\nmax = {:?}",
            time(self.retry_base),
            time(self.retry_max)
        )?;
        writeln!(f, "resubmit_after = {:?}", time(self.policy.resubmit_after))?;
        writeln!(f, "give_up_after = {:?}", time(self.policy.give_up_after))?;
        writeln!(f, "max_crashes = {}\n", self.policy.max_crashes)?;
        writeln!(
            f,
            "[reconcile]\nschedule = {:?}\ntime_zone = {:?}\nstuck_after = {:?}\n",
            self.reconcile.schedule.text(),
            self.reconcile.schedule.zone(),
            time(self.reconcile.stuck_after)
        )?;
        writeln!(
            f,
            "[results]\nretention = {:?}\n",
            time(self.retention.results)
        )?;
        writeln!(
            f,
            "[ledger]\nretention = {:?}\n",
            time(self.retention.ledger)
        )?;
        let listen = self.admin.map_or_else(String::new, |at| at.to_string());
        writeln!(f, "[admin]\nlisten = {listen:?}\n")?;
        let format = match self.log_format {
            LogFormat::Auto => "auto",
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        write!(
            f,
            "[log]\nfilter = {:?}\nformat = {format:?}",
            self.log_filter
        )
    }
}
