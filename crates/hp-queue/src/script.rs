use redis::{Cmd, ErrorKind, FromRedisValue, Script, ServerErrorKind, aio::ConnectionLike};

use crate::QueueError;

/// Starts the call of a script. Arguments are written straight into the command, which `redis::Script` would
/// keep one by one.
pub(crate) fn call(script: &Script, keys: &[&str]) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(script.get_hash()).arg(keys.len()).arg(keys);
    command
}

/// Makes the call, loading the script where Redis does not have it (any more).
pub(crate) async fn run<T: FromRedisValue>(
    script: &Script,
    command: &Cmd,
    connection: &mut impl ConnectionLike,
) -> Result<T, QueueError> {
    match command.query_async(connection).await {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            script.load_async(connection).await?;
            Ok(command.query_async(connection).await?)
        }
        answer => Ok(answer?),
    }
}
