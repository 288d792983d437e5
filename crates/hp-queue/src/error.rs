use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::connect::is_spent;

/// Redis did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The address cannot be used.
    #[error(
        "`{url}` is no usable Redis address: {why}. Write redis://host:port, redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/master-name, with rediss in place of redis for TLS"
    )]
    Url {
        /// The address, without a password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Redis cannot be reached, or the connection broke. What was asked may or may not have been done.
    #[error("Redis cannot be reached: {0}")]
    Unreachable(RedisError),
    /// Redis refused.
    #[error("Redis refused: {0}")]
    Refused(RedisError),
    /// Redis answered something that is not of the protocol.
    #[error("Redis holds what the queue protocol does not know: {0}")]
    Protocol(String),
}

impl QueueError {
    /// Whether another connection may do better.
    pub(crate) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(error) => is_spent(error),
            Self::Url { .. } | Self::Protocol(_) => false,
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
            ErrorKind::UnexpectedReturnType | ErrorKind::Parse => Self::Protocol(error.to_string()),
            ErrorKind::Server(kind) if !passing.contains(&kind) => Self::Refused(error),
            _ => Self::Unreachable(error),
        }
    }
}
