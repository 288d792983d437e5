use redis::{
    Client, ConnectionAddr, ConnectionInfo, RedisConnectionInfo, RedisResult, TlsCertificates,
    TlsMode,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};

/// A master, by the name that Sentinel knows it by.
#[derive(Clone, Debug)]
pub(super) struct WatchedMaster {
    pub(super) sentinels: Vec<ConnectionAddr>,
    pub(super) sentinel_login: RedisConnectionInfo,
    pub(super) name: String,
    /// Has the login, database and encryption of connections to the master.
    pub(super) master: ConnectionInfo,
    /// Whom to trust in place of the authorities of the operating system.
    pub(super) certificates: Option<TlsCertificates>,
}

impl WatchedMaster {
    /// Asks Sentinel for the master, and checks that the named server is a master.
    pub(super) async fn master(&self) -> RedisResult<Client> {
        self.client()?.async_get_client().await
    }

    /// Opens no connection.
    pub(super) fn client(&self) -> RedisResult<SentinelClient> {
        let sentinels = self.sentinels.iter().cloned();
        let builder = SentinelClientBuilder::new(sentinels, &self.name, SentinelServerType::Master);
        let login = self.master.redis_settings();
        let mut builder = builder?
            .set_client_to_redis_db(login.db())
            .set_client_to_redis_protocol(login.protocol());
        if let Some(user) = login.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = login.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(user) = self.sentinel_login.username() {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = self.sentinel_login.password() {
            builder = builder.set_client_to_sentinel_password(password);
        }
        self.with_tls(builder).build()
    }

    fn with_tls(&self, mut builder: SentinelClientBuilder) -> SentinelClientBuilder {
        if let ConnectionAddr::TcpTls { .. } = self.master.addr() {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
        }
        match &self.certificates {
            Some(certificates) => builder
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates.clone()),
            None => builder,
        }
    }
}
