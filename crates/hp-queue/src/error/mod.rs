mod known_errors;
pub(crate) mod words;

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why a call to Redis failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueueError {
    /// The address cannot be used.
    #[error(
        "`{url}` is not a usable Redis address: {why}. Write redis://host:port, redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/master-name, with rediss in place of redis for TLS"
    )]
    Url {
        /// The address, without a password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The address and the options of the connection contradict each other.
    #[error("the Redis address `{url}` does not fit other settings: {why}")]
    Contradiction {
        /// The address, without a password.
        url: String,
        /// What contradicts what, and what to do.
        why: String,
    },
    /// The client certificate cannot be used.
    #[error(
        "the client certificate for Redis cannot be used: {0}; name a certificate and its own key in redis.client_cert_file and redis.client_key_file"
    )]
    ClientCertificate(String),
    /// Redis cannot be reached, the connection broke, or Redis refuses for the moment. It may or may not have executed the
    /// command. The same call may succeed later.
    #[error("{}", in_words(.0))]
    Unreachable(RedisError),
    /// Redis refused the command.
    #[error("{}", in_words(.0))]
    Refused(RedisError),
    /// Redis contains or answered data that does not follow the queue protocol.
    #[error(
        "Redis contains data that breaks the queue protocol: {0}; check the prefix, and which other programs write to its keys"
    )]
    Protocol(String),
    /// The queue belongs to another HitPoints account than the one of this process.
    #[error(
        "this queue belongs to the HitPoints account {queue}, but the settings of this process name {own}; correct api.base_url and api.app_id or queue.prefix, or change the account of the queue with `worker account switch`"
    )]
    OtherAccount {
        /// The account of the queue.
        queue: String,
        /// The account of this process.
        own: String,
    },
    /// A newer program uses the queue.
    #[error(
        "this queue follows version {0} of the queue protocol, and this program knows version {known} only; upgrade this program", known = crate::protocol::PROTOCOL
    )]
    NewerProtocol(u32),
}

/// The cause and the remedy as one sentence.
fn in_words(error: &RedisError) -> String {
    let words = words::explain(error);
    format!("{}; {}", words.cause, words.remedy)
}

impl QueueError {
    /// Returns what has happened, and what to do. Both are parts of the text of the error.
    pub fn cause_and_remedy(&self) -> (String, String) {
        let text = self.to_string();
        let (cause, remedy) = text.split_once("; ").unwrap_or((&text, ""));
        (cause.into(), remedy.into())
    }

    /// Returns the code of a refusal, such as `MISCONF` or `READONLY`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Unreachable(error) | Self::Refused(error) => error.code(),
            _ => None,
        }
    }

    /// Returns `true` if another connection may work.
    pub(crate) fn is_connection_failure(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(error) => is_spent(error),
            Self::Url { .. }
            | Self::Contradiction { .. }
            | Self::ClientCertificate(_)
            | Self::Protocol(_)
            | Self::OtherAccount { .. }
            | Self::NewerProtocol(_) => false,
        }
    }
}

impl From<RedisError> for QueueError {
    fn from(error: RedisError) -> Self {
        let passing = [
            ServerErrorKind::BusyLoading,
            ServerErrorKind::TryAgain,
            ServerErrorKind::MasterDown,
            ServerErrorKind::ClusterDown,
        ];
        match error.kind() {
            ErrorKind::UnexpectedReturnType | ErrorKind::Parse => {
                Self::Protocol(words::plain(&error.to_string()))
            }
            ErrorKind::Server(kind) if !passing.contains(&kind) => Self::Refused(error),
            // A key of another type, which no retry changes.
            _ if error.code() == Some("WRONGTYPE") => Self::Refused(error),
            _ => Self::Unreachable(error),
        }
    }
}

/// Returns `true` if the connection cannot be used any more: it broke, it does not answer, or its server no longer serves
/// the queue.
pub(crate) fn is_spent(error: &RedisError) -> bool {
    let elsewhere = [
        ServerErrorKind::ReadOnly,
        ServerErrorKind::MasterDown,
        ServerErrorKind::Moved,
        ServerErrorKind::Ask,
    ];
    error.is_io_error()
        || error.is_unrecoverable_error()
        || elsewhere.iter().any(|kind| error.kind() == (*kind).into())
        // A master that is cut off from its replicas, and a master that became a replica under a blocked command.
        || matches!(error.code(), Some("NOREPLICAS" | "UNBLOCKED"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use redis::{ErrorKind, RedisError, ServerErrorKind, make_extension_error};

    use super::{QueueError, is_spent};

    fn refusal(kind: ServerErrorKind) -> RedisError {
        (ErrorKind::Server(kind), "no").into()
    }

    fn other_refusal(code: &str) -> RedisError {
        make_extension_error(code.into(), None)
    }

    #[test]
    fn key_of_another_type_is_a_refusal() {
        let error = QueueError::from(other_refusal("WRONGTYPE"));
        assert!(matches!(error, QueueError::Refused(_)), "{error}");
    }

    #[test]
    fn connection_is_spent_without_a_master() {
        for error in [
            io::Error::from(io::ErrorKind::BrokenPipe).into(),
            io::Error::from(io::ErrorKind::TimedOut).into(),
            refusal(ServerErrorKind::ReadOnly),
            refusal(ServerErrorKind::Moved),
            other_refusal("NOREPLICAS"),
            other_refusal("UNBLOCKED"),
        ] {
            assert!(is_spent(&error), "{error}");
        }
    }

    #[test]
    fn connection_is_kept_if_its_master_refuses() {
        for error in [
            refusal(ServerErrorKind::NoScript),
            refusal(ServerErrorKind::BusyLoading),
            refusal(ServerErrorKind::ResponseError),
            other_refusal("OOM"),
        ] {
            assert!(!is_spent(&error), "{error}");
        }
    }
}
