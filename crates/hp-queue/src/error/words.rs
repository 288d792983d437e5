//! What Redis' errors mean, in the words of an operator, and what to do.

use redis::{ErrorKind, RedisError};

use super::known_errors::{CODES, Known, NETWORK, RENAMED, RIGHTS, TEXTS, TRUST};

/// An error in words. Both parts continue a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) cause: String,
    pub(super) remedy: &'static str,
}

/// Says what an error means. Contains nothing that a command has sent, which may be a secret.
pub(super) fn explain(error: &RedisError) -> Words {
    let code = match error.kind() {
        ErrorKind::AuthenticationFailed => "WRONGPASS",
        _ => error.code().unwrap_or_default(),
    };
    let detail = error.detail().map(plain).unwrap_or_default();
    if code == "NOPERM" {
        let cause = format!("the Redis user lacks a right (NOPERM: {detail})");
        return Words {
            cause,
            remedy: RIGHTS,
        };
    }
    let text = plain(&error.to_string());
    let folded = text.to_lowercase();
    find(CODES, |word| word == code)
        .or_else(|| unknown_command(&text))
        // An error of several commands has no code of its own.
        .or_else(|| find(CODES, |word| text.contains(&format!("\"{word}\""))))
        .or_else(|| find(TEXTS, |word| folded.contains(word)))
        .unwrap_or_else(|| unknown(code, &detail, &text))
}

fn find(table: &[Known], is_this: impl Fn(&str) -> bool) -> Option<Words> {
    let (_, cause, remedy) = table.iter().find(|(word, _, _)| is_this(word))?;
    Some(Words {
        cause: (*cause).into(),
        remedy,
    })
}

fn unknown(code: &str, detail: &str, text: &str) -> Words {
    if text.contains("certificate") {
        // The details are those of a library.
        let text = text.split(" {").next().unwrap_or_default();
        return Words {
            cause: format!("the certificate of Redis is not trusted ({text})"),
            remedy: TRUST,
        };
    }
    if code.is_empty() {
        return Words {
            cause: format!("cannot reach Redis ({text})"),
            remedy: NETWORK,
        };
    }
    let colon = if detail.is_empty() { "" } else { ": " };
    Words {
        cause: format!("Redis refuses a command ({code}{colon}{detail})"),
        remedy: "see the log and the configuration of Redis",
    }
}

/// Redis repeats the arguments of a command that it does not know, the password of AUTH for example.
fn unknown_command(text: &str) -> Option<Words> {
    let is_name = |name: &&str| {
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        (1..=20).contains(&name.len()) && name.bytes().all(is_letter)
    };
    let name = match text.split_once("unknown command '") {
        Some((_, rest)) => rest.split('\'').next().filter(is_name),
        // Valkey does not name it.
        None if text.contains("Unknown command called from script") => None,
        None => return None,
    };
    let command = name.map_or("a command".into(), |name| format!("the command {name}"));
    let cause = format!("Redis does not know {command}: it is renamed or disabled");
    Some(Words {
        cause,
        remedy: RENAMED,
    })
}

/// Leaves out what tells an operator nothing: the hash of a script, its lines, and the arguments of a command.
pub(crate) fn plain(text: &str) -> String {
    let end = [" script: ", ", with args beginning with", " (response was"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    let mut text = text[..end.unwrap_or(text.len())].to_owned();
    while let Some(at) = text.find("user_script:") {
        let start = text[..at].strip_suffix('@').map_or(at, str::len);
        let rest =
            text[at + "user_script:".len()..].trim_start_matches(|c: char| c.is_ascii_digit());
        let rest = rest.trim_start_matches(':').trim_start();
        text = format!("{}{rest}", &text[..start]);
    }
    text.trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::io;

    use redis::{ErrorKind, RedisError, ServerErrorKind, make_extension_error};

    use super::{explain, plain};

    fn refusal(detail: &str) -> RedisError {
        (
            ErrorKind::Server(ServerErrorKind::ResponseError),
            "",
            detail.to_owned(),
        )
            .into()
    }

    #[test]
    fn script_is_left_out_of_every_text() {
        for (text, shown) in [
            (
                "OOM command not allowed when used memory > 'maxmemory'. script: 31efa5b0, on @user_script:455.",
                "OOM command not allowed when used memory > 'maxmemory'",
            ),
            (
                "ERR user_script:455: attempt to index a nil value script: 31efa5b0, on @user_script:455.",
                "ERR attempt to index a nil value",
            ),
            (
                "Error running script (call to f_31ef): @user_script:7: user_script:7: no",
                "Error running script (call to f_31ef): no",
            ),
            (
                "unknown command 'AUTH', with args beginning with: 'hunter2' ",
                "unknown command 'AUTH'",
            ),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn known_errors_name_cause_and_remedy() {
        for (error, cause, remedy) in [
            (
                make_extension_error("NOAUTH".into(), None),
                "demands a password",
                "redis.password_file",
            ),
            (
                (ErrorKind::AuthenticationFailed, "no").into(),
                "refuses this user",
                "%2F for /",
            ),
            (
                make_extension_error("OOM".into(), Some("x".into())),
                "full",
                "maxmemory",
            ),
            (
                make_extension_error("MISCONF".into(), Some("x".into())),
                "disk",
                "CONFIG GET dir",
            ),
            (
                (ErrorKind::Server(ServerErrorKind::ReadOnly), "x").into(),
                "replica",
                "master",
            ),
            (
                refusal("unknown command 'AUTH', with args beginning with: 'hunter2'"),
                "the command AUTH: it is renamed",
                "rename-command",
            ),
            (
                refusal("unknown command 'hunter2 x', with args beginning with: 'a'"),
                "a command: it is renamed",
                "rename-command",
            ),
            (
                refusal("max number of clients reached"),
                "maxclients",
                "maxclients",
            ),
            (
                io::Error::other("invalid peer certificate: UnknownIssuer").into(),
                "authority",
                "redis.ca_file",
            ),
            (
                io::Error::other("received fatal alert: HandshakeFailure").into(),
                "refuses the TLS connection",
                "redis.client_cert_file",
            ),
            (
                io::Error::other("invalid peer certificate: certificate not valid yet: verification time 1 (UNIX), but certificate is not valid before 2").into(),
                "not valid yet",
                "clock of this machine",
            ),
            (
                io::Error::from(io::ErrorKind::ConnectionReset).into(),
                "closes the connection",
                "rediss://",
            ),
            (
                io::Error::from(io::ErrorKind::ConnectionRefused).into(),
                "nothing listens",
                "start Redis",
            ),
            (
                io::Error::other("no route to host").into(),
                "cannot reach Redis (no route to host)",
                "network",
            ),
            (
                refusal("odd thing script: 31ef, on @user_script:1."),
                "(ERR: odd thing)",
                "log",
            ),
        ] {
            let words = explain(&error);
            assert!(words.cause.contains(cause), "{words:?}");
            assert!(words.remedy.contains(remedy), "{words:?}");
            assert!(!words.cause.contains("hunter2"), "{words:?}");
        }
    }
}
