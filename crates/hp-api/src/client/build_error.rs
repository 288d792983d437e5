use crate::sign::KeyError;

/// The reason why a client cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The base URL cannot be used.
    #[error("the base URL {0}")]
    BaseUrl(String),
    /// The base URL names a host that is neither one of the vendor nor this machine.
    #[error(
        "the base URL names the host {0}, which is neither api.hitpoints.com, api.sandbox.hitpoints.com nor this machine; correct it, or allow this host by name"
    )]
    ForeignHost(String),
    /// The app id cannot be sent in a header.
    #[error("the app id is empty or has characters other than visible ASCII")]
    AppId,
    /// Neither a secret nor RSA keys were given.
    #[error("there is no key to sign with; set the app secret or a pair of RSA keys")]
    NoKey,
    /// The app secret is empty.
    #[error("the app secret is empty")]
    EmptySecret,
    /// An RSA key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A certificate of an authority cannot be used.
    #[error("the certificates of the authorities cannot be used: {0}")]
    CaCertificates(String),
    /// The address of the proxy cannot be used.
    #[error("the address of the proxy {0}")]
    Proxy(String),
    /// A timeout is zero.
    #[error("a timeout is zero, which leaves no time for a call")]
    Timeout,
    /// The HTTP client cannot be set up, for example because there are no root certificates.
    #[error("the HTTP client cannot be set up: {0}; check that root certificates are installed")]
    Http(String),
}
