use redis::{Arg, Cmd, ErrorKind, FromRedisValue, ServerErrorKind, ToRedisArgs};

use super::source::Source;
use crate::{connect::shared::Connection, error::QueueError};

/// A Lua script, and the hash by which Redis knows it.
pub(crate) struct Script {
    name: &'static str,
    code: String,
    hash: String,
    is_read_only: bool,
}

impl Script {
    /// Builds a script. Panics if its source is invalid, which a test of all sources rules out.
    pub(crate) fn new(source: &Source) -> Self {
        let code = source
            .code()
            .unwrap_or_else(|fault| panic!("{}: {fault}", source.file));
        let hash = redis::Script::new(&code).get_hash().into();
        Self {
            name: source.name(),
            code,
            hash,
            is_read_only: source.is_read_only(),
        }
    }
}

/// A call of a script. It writes its arguments straight into the command; `redis::Script` would keep a copy of each.
pub(crate) struct Call {
    script: &'static Script,
    command: Cmd,
}

impl Call {
    pub(crate) fn new(script: &'static Script, keys: &[&str]) -> Self {
        // Redis demands the right to write from users of EVALSHA, whatever the script does.
        let name = if script.is_read_only {
            "EVALSHA_RO"
        } else {
            "EVALSHA"
        };
        let mut command = redis::cmd(name);
        command.arg(&script.hash).arg(keys.len()).arg(keys);
        Self { script, command }
    }

    /// Adds an argument.
    pub(crate) fn with(mut self, value: impl ToRedisArgs) -> Self {
        self.arg(value);
        self
    }

    /// Adds an argument.
    pub(crate) fn arg(&mut self, value: impl ToRedisArgs) -> &mut Self {
        self.command.arg(value);
        self
    }

    /// Makes the call. Sends the script itself if Redis does not have it.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        connection: &mut Connection,
    ) -> Result<T, QueueError> {
        let _call = connection.observed().begin(self.script.name);
        match self.command.query_async(connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                Ok(self.with_code().query_async(connection).await?)
            }
            answer => Ok(answer?),
        }
    }

    /// The same call as EVAL. It goes to the node that has the keys, and leaves the script there. SCRIPT LOAD names no key:
    /// a cluster would have to load the script on every node, and fail if one is unreachable.
    fn with_code(&self) -> Cmd {
        let name = if self.script.is_read_only {
            "EVAL_RO"
        } else {
            "EVAL"
        };
        let mut eval = redis::cmd(name);
        eval.arg(&self.script.code);
        for argument in self.command.args_iter().skip(2) {
            if let Arg::Simple(bytes) = argument {
                eval.arg(bytes);
            }
        }
        eval
    }
}
