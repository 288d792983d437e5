use redis::{Arg, Cmd, ErrorKind, FromRedisValue, ServerErrorKind, aio::ConnectionLike};

use crate::QueueError;

/// A Lua script, and the name that Redis knows it by.
pub(crate) struct Script {
    code: &'static str,
    hash: String,
}

impl Script {
    pub(crate) fn new(code: &'static str) -> Self {
        let hash = redis::Script::new(code).get_hash().into();
        Self { code, hash }
    }
}

/// Starts the call of a script. Arguments are written straight into the command, which `redis::Script` would
/// keep one by one.
pub(crate) fn call(script: &Script, keys: &[&str]) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(&script.hash).arg(keys.len()).arg(keys);
    command
}

/// Makes the call, with the script itself where Redis does not have it (any more).
pub(crate) async fn run<T: FromRedisValue>(
    script: &Script,
    command: &Cmd,
    connection: &mut impl ConnectionLike,
) -> Result<T, QueueError> {
    match command.query_async(connection).await {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            Ok(in_full(script, command).query_async(connection).await?)
        }
        answer => Ok(answer?),
    }
}

/// The same call as EVAL, which goes to the node that has the keys and leaves the script there. SCRIPT LOAD names no
/// key: a cluster would have to load it everywhere, and fail where one node is away.
fn in_full(script: &Script, command: &Cmd) -> Cmd {
    let mut eval = redis::cmd("EVAL");
    eval.arg(script.code);
    for argument in command.args_iter().skip(2) {
        if let Arg::Simple(bytes) = argument {
            eval.arg(bytes);
        }
    }
    eval
}
