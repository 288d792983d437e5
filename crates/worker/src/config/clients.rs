//! Opens what the configuration describes: the vendor's client and the parts of the queue.

use std::time::Duration;

use hp_api::Client;
use hp_queue::{Control, Handle, Inspector, Queue, QueueError, Rules, connect};

use super::{Config, account::Key, fault::ConfigFault};

impl Config {
    /// The client of the vendor's API.
    pub(crate) fn client(&self) -> Result<Client, ConfigFault> {
        let account = self.api.account.as_ref().map_err(Clone::clone)?;
        let builder = Client::builder(&account.base_url, &account.app_id).timeout(self.api.timeout);
        let builder = match &account.key {
            Key::Secret(secret) => builder.secret(secret.clone()),
            Key::Rsa { private, server } => builder.rsa(private.expose(), server),
        };
        builder.build().map_err(|error| {
            ConfigFault::Contradiction(format!("The settings in [api] are refused: {error}."))
        })
    }

    /// The queue, on one connection.
    pub(crate) fn handle(&self) -> Result<Handle, QueueError> {
        let redis = connect(self.redis_url.expose())?;
        Ok(Handle::open(&redis, &self.prefix))
    }

    /// The controls of the queue.
    pub(crate) fn control(&self) -> Result<Control, QueueError> {
        Ok(Control::new(self.handle()?, Rules::from(self)))
    }

    /// A reader of the queue.
    pub(crate) fn inspector(&self) -> Result<Inspector, QueueError> {
        Ok(Inspector::new(self.handle()?))
    }

    /// The shop's side of the queue.
    pub(crate) async fn queue(&self) -> Result<Queue, QueueError> {
        Queue::connect(self.redis_url.expose(), self.prefix.clone()).await
    }
}

impl From<&Config> for Rules {
    fn from(config: &Config) -> Self {
        Self {
            retention: config.retention,
            policy: config.policy,
            longest_processing: config.lease + config.api.timeout,
            interval: config.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
        }
    }
}
