use redis::{
    Client, ConnectionAddr, ConnectionInfo, RedisResult, TlsMode,
    sentinel::{Sentinel, SentinelNodeConnectionInfo},
};

/// A master, by the name that Sentinel knows it by.
#[derive(Clone, Debug)]
pub(super) struct WatchedMaster {
    sentinels: Vec<ConnectionInfo>,
    name: String,
    login: SentinelNodeConnectionInfo,
}

impl WatchedMaster {
    /// Creates it. `like` has the login, database and encryption of connections to the master.
    pub(super) fn new(sentinels: Vec<ConnectionInfo>, name: &str, like: &ConnectionInfo) -> Self {
        let mut login = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(like.redis_settings().clone());
        if let ConnectionAddr::TcpTls { .. } = like.addr() {
            login = login.set_tls_mode(TlsMode::Secure);
        }
        Self {
            sentinels,
            name: name.into(),
            login,
        }
    }

    /// Asks Sentinel for the master, and checks that the named server is a master.
    pub(super) async fn master(&self) -> RedisResult<Client> {
        Sentinel::build(self.sentinels.clone())?
            .async_master_for(&self.name, Some(&self.login))
            .await
    }
}
