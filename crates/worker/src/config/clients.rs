//! Opens what the configuration describes: the vendor's client and the parts of the queue.

use std::time::Duration;

use hp_api::{BuildError, Client, ClientBuilder, HttpCall};
use hp_queue::{Agreement, Control, Handle, Inspector, Queue, QueueError, QueueTerms, Rules};

use super::{
    Config,
    account::{Account, Key},
    fault::ConfigFault,
};
use crate::terminal::{CommandError, errln};

impl Config {
    /// The client of the vendor's API.
    pub(crate) fn client(&self) -> Result<Client, ConfigFault> {
        build(self.client_builder()?)
    }

    /// The client of the vendor's API, which awaits `before_extra_calls` before each request that a query needs beyond its first
    /// one, and tells `observe` about each request.
    pub(crate) fn client_with<F>(
        &self,
        before_extra_calls: impl Fn() -> F + Send + Sync + 'static,
        observe: impl Fn(&HttpCall) + Send + Sync + 'static,
    ) -> Result<Client, ConfigFault>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let builder = self.client_builder()?;
        build(
            builder
                .before_extra_calls(before_extra_calls)
                .observe_calls(observe),
        )
    }

    fn client_builder(&self) -> Result<ClientBuilder, ConfigFault> {
        let account = self.api.account.as_ref().map_err(Clone::clone)?;
        let builder = Client::builder(&account.base_url, &account.app_id).timeout(self.api.timeout);
        let (Key::Secret(keys) | Key::Rsa(keys)) = &account.key;
        Ok(account.network(builder.keys(keys.clone())))
    }

    /// The account and the rules of these settings. A queue may have stored others.
    pub(crate) fn agreement(&self) -> Result<Agreement, ConfigFault> {
        let account = self.api.account.as_ref().map_err(Clone::clone)?;
        Ok(Agreement::new(account.name(), Rules::from(self)))
    }

    /// The client of the vendor's API, for a command that looks something up for the queue. Fails if the queue has another
    /// account. Only warns if Redis is unreachable.
    pub(crate) async fn client_of_queue(&self) -> Result<Client, CommandError> {
        let (client, agreement) = (self.client()?, self.agreement()?);
        match self.handle()?.terms().await {
            Ok(terms) => agreement.check_account(&terms)?,
            Err(error @ QueueError::Unreachable(_)) => {
                errln!("worker: cannot check that this is the account of the queue: {error}");
            }
            Err(error) => return Err(error.into()),
        }
        Ok(client)
    }

    /// The client of Redis. Opens no connection.
    pub(crate) fn redis(&self) -> Result<hp_queue::Client, QueueError> {
        self.redis_access.client()
    }

    /// The queue, on one connection, without a look at what it has stored.
    pub(crate) fn handle(&self) -> Result<Handle, QueueError> {
        Ok(Handle::open(&self.redis()?, &self.prefix))
    }

    /// The queue, and what it has stored. Fails if a newer program uses it.
    pub(crate) async fn handle_with_terms(&self) -> Result<(Handle, QueueTerms), QueueError> {
        let handle = self.handle()?;
        let terms = handle.terms().await?;
        Ok((handle, terms))
    }

    /// The controls of the queue.
    pub(crate) async fn control(&self) -> Result<Control, QueueError> {
        let (handle, _) = self.handle_with_terms().await?;
        Ok(Control::new(handle, Rules::from(self)))
    }

    /// A reader of the queue.
    pub(crate) async fn inspector(&self) -> Result<Inspector, QueueError> {
        let (handle, _) = self.handle_with_terms().await?;
        Ok(Inspector::new(handle))
    }

    /// `true` if the address of Redis says that the server has replicas.
    pub(crate) fn is_replicated(&self) -> bool {
        self.redis_access.is_replicated()
    }

    /// The shop's side of the queue.
    pub(crate) async fn queue(&self) -> Result<Queue, QueueError> {
        Queue::open(self.redis()?, self.prefix.clone()).await
    }
}

impl Account {
    /// Adds how to reach HitPoints.
    fn network(&self, mut builder: ClientBuilder) -> ClientBuilder {
        if let Some(host) = &self.other_host {
            builder = builder.other_host(host);
        }
        if let Some(authorities) = &self.authorities {
            builder = builder.authorities(authorities.certificates.clone());
        }
        match (&self.proxy, unused_proxy_variable()) {
            (Some(proxy), _) => builder.proxy(proxy.expose()),
            (None, Some(name)) => builder.connect_hint(&format!(
                "the environment variable {name} names a proxy, which the worker does not use: it uses the setting api.proxy alone"
            )),
            (None, None) => builder,
        }
    }
}

/// The variable with which other programs choose a proxy, if one is set.
fn unused_proxy_variable() -> Option<&'static str> {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    names.into_iter().find(is_set)
}

impl From<&Config> for Rules {
    fn from(config: &Config) -> Self {
        Self {
            retention: config.retention,
            policy: config.policy,
            longest_processing: config.lease + config.api.timeout,
            interval: config.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
            seal_to: config.seal_to.clone(),
        }
    }
}

fn build(builder: ClientBuilder) -> Result<Client, ConfigFault> {
    builder.build().map_err(|error| match error {
        BuildError::ForeignHost(host) => ConfigFault::Value {
            key: "api.base_url".into(),
            reason: format!(
                "leads to the host {host}, which is neither api.hitpoints.com, api.sandbox.hitpoints.com nor this machine. Correct it. If the host is right, for example a relay of your own, set api.other_host to {host}."
            ),
        },
        error => {
            ConfigFault::Contradiction(format!("The settings in [api] are refused: {error}."))
        }
    })
}
