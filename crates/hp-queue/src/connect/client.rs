use std::{sync::Arc, time::Duration};

use super::{
    address::{self, Fault},
    link::Link,
    options::{ConnectOptions, check_key},
    place::Place,
    redact::without_password,
    shared::Connection,
    timing::{RESPONSE, Repeat},
};
use crate::{
    error::QueueError,
    observer::{Observed, Observer},
};

/// Opens connections to one Redis. Prints without passwords.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) place: Place,
    pub(crate) observed: Observed,
}

/// Creates a client for a [Redis address](crate#redis-addresses). Sends nothing yet; fails only if the address cannot be used.
/// [`ConnectOptions`] adds certificates and passwords.
pub fn connect(url: &str) -> Result<Client, QueueError> {
    ConnectOptions::default().open(url)
}

impl ConnectOptions {
    /// Creates a client for a [Redis address](crate#redis-addresses). Sends nothing yet; fails only if the address or the
    /// options cannot be used.
    pub fn open(&self, url: &str) -> Result<Client, QueueError> {
        if let Some(certificate) = &self.certificate {
            check_key(certificate).map_err(QueueError::ClientCertificate)?;
        }
        address::read(url, self)
            .map(Client::new)
            .map_err(|fault| match fault {
                Fault::Unusable(why) => QueueError::Url {
                    url: without_password(url),
                    why,
                },
                Fault::Contradiction(why) => QueueError::Contradiction {
                    url: without_password(url),
                    why,
                },
            })
    }
}

impl Client {
    fn new(place: Place) -> Self {
        Self {
            place,
            observed: Observed::default(),
        }
    }

    /// Tells this observer how the calls on the connections of this client go.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self {
            observed: Observed::by(observer),
            ..self
        }
    }

    /// Returns `true` if Redis is on this machine, as far as its address or Sentinel says. A cluster counts as such if all nodes
    /// of its address are.
    pub async fn is_local(&self) -> bool {
        self.place.is_local().await
    }

    /// Returns a connection that many tasks share. It connects at the first command, and again when it is spent. Commands
    /// on it must not block.
    pub(crate) fn shared(&self) -> Connection {
        Connection::new(self.place.clone(), self.observed.clone())
    }

    /// Opens a connection for commands that block for up to `block`. After an error the caller opens another one.
    pub(crate) async fn own(&self, block: Duration) -> Result<Link, QueueError> {
        Ok(self.place.open(block + RESPONSE, Repeat::No).await?)
    }
}
