//! The rights in the file against what the program needs: no right is missing, and none is there that nobody needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use redis::Value;

use super::world;

/// What one role needs.
struct Role {
    user: &'static str,
    /// Commands that its programs send.
    sends: &'static str,
    /// Scripts that its programs run.
    runs: &'static str,
    /// Commands that these scripts contain, but do not reach.
    unreached: &'static str,
    keys: &'static str,
    channels: &'static str,
    /// Commands that it may run on some keys only.
    limited: &'static [(&'static str, &'static str)],
}

const ROLES: [Role; 8] = [
    Role {
        user: "producer",
        sends: "ping role cluster|slots xadd wait hget hgetall",
        keys: "%W~{hp}:jobs %R~{hp}:products",
        ..NOTHING
    },
    Role {
        user: "consumer",
        sends: CONSUMER,
        keys: "~{hp}:results",
        ..NOTHING
    },
    Role {
        user: "shop-1",
        sends: CONSUMER,
        keys: "~{hp}:results:shop-1",
        ..NOTHING
    },
    Role {
        user: "worker",
        sends: "ping role cluster|slots config|get eval evalsha eval_ro evalsha_ro multi exec \
                time set exists xlen xread hgetall hdel zadd zrange zrangebyscore zscan zmscore",
        runs: "acquire_permits balance_hold claim_batch claim_named join_queue lift_balance_hold \
               metrics note_failure notifier pause publish_products renew report_alive report_watermark restore run_lease \
               server_info settle slow_down snapshot status",
        keys: "~{hp}:*",
        limited: &[
            (
                "del",
                "%W~{hp}:breaker %W~{hp}:jobs %W~{hp}:products %W~{hp}:workers:*",
            ),
            ("set", "%W~{hp}:rate %W~{hp}:rate:runs %W~{hp}:write_check"),
            ("xdel", "%W~{hp}:jobs"),
            ("xgroup|create", "%W~{hp}:jobs"),
            ("xgroup|destroy", "%W~{hp}:jobs"),
            ("xinfo|groups", "%R~{hp}:jobs"),
            (
                "xtrim",
                "%W~{hp}:jobs %W~{hp}:rejected %W~{hp}:results %W~{hp}:results:*",
            ),
        ],
        ..NOTHING
    },
    Role {
        user: "operator",
        sends: "ping role cluster|slots config|get eval evalsha eval_ro evalsha_ro multi exec \
                time set del scan rpush pexpire hget hgetall hdel xread xrange xrevrange xdel \
                zadd zrangebyscore zscan zmscore",
        runs: "acquire_permits balance_hold claim_named join_queue lift_balance_hold note_failure \
               pause preview_claims renew report_difference resume requeue_dead_letter restore run_lease server_info settle \
               slow_down snapshot status switch_account",
        keys: "~{hp}:*",
        limited: &[
            (
                "del",
                "%W~{hp}:breaker %W~{hp}:charged %W~{hp}:holds %W~{hp}:paused %W~{hp}:products",
            ),
            ("set", "%W~{hp}:rate %W~{hp}:rate:runs %W~{hp}:write_check"),
            ("xdel", "%W~{hp}:rejected"),
            ("xgroup|create", "%W~{hp}:jobs"),
            ("xgroup|destroy", "%W~{hp}:jobs"),
            ("xinfo|groups", "%R~{hp}:jobs"),
            ("xtrim", "%W~{hp}:results %W~{hp}:results:*"),
        ],
        ..NOTHING
    },
    Role {
        user: "observer",
        sends: "ping role cluster|slots eval_ro evalsha_ro time scan hgetall xrange xread \
                zrangebyscore",
        runs: "metrics server_info snapshot status",
        unreached: "hincrby hset pexpire",
        keys: "%R~{hp}:breaker %R~{hp}:charged %R~{hp}:epoch %R~{hp}:events %R~{hp}:held %R~{hp}:held:* \
               %R~{hp}:holds %R~{hp}:inbox %R~{hp}:jobs %R~{hp}:notifier %R~{hp}:open %R~{hp}:order:* \
               %R~{hp}:own_streams %R~{hp}:paused %R~{hp}:queue %R~{hp}:reconcile:runs %R~{hp}:rejected \
               %R~{hp}:schedule %R~{hp}:spent %R~{hp}:state %R~{hp}:state:* %R~{hp}:throttle \
               %R~{hp}:workers %R~{hp}:workers:*",
        // How large the results are, and not what is in them.
        limited: &[(
            "memory|usage",
            "%R~{hp}:jobs %R~{hp}:results %R~{hp}:results:*",
        )],
        ..NOTHING
    },
    Role {
        user: "replica",
        sends: "ping psync replconf",
        ..NOTHING
    },
    // As the documentation of Sentinel lists them.
    Role {
        user: "sentinel",
        sends: "ping role info multi exec slaveof subscribe publish config|rewrite \
                client|setname client|kill script|kill",
        channels: "&__sentinel__:hello",
        ..NOTHING
    },
];

const NOTHING: Role = Role {
    user: "",
    sends: "",
    runs: "",
    unreached: "",
    keys: "",
    channels: "",
    limited: &[],
};

const CONSUMER: &str = "ping role cluster|slots xgroup|create xreadgroup xread xack xautoclaim";

type Words = BTreeSet<String>;

fn words(text: &str) -> Words {
    text.split_whitespace().map(str::to_owned).collect()
}

impl Role {
    /// Every command that it needs.
    fn needs(&self) -> Words {
        let scripts = self.runs.split_whitespace();
        let in_scripts = scripts.flat_map(|name| script_commands(&scripts_folder().join(name)));
        let unreached = words(self.unreached);
        let in_scripts = in_scripts.filter(|command| !unreached.contains(command));
        words(self.sends).into_iter().chain(in_scripts).collect()
    }
}

fn scripts_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/hp-queue/src/scripts")
}

/// The commands of a script and of its preludes.
fn script_commands(script: &Path) -> Words {
    let (mut commands, mut seen) = (Words::new(), BTreeSet::new());
    let mut files = vec![script.with_extension("lua")];
    while let Some(file) = files.pop() {
        if !seen.insert(file.clone()) {
            continue;
        }
        let code = fs::read_to_string(&file).unwrap();
        for line in code.lines() {
            let needed = line.split_once("-- needs: ");
            if let Some((_, names)) = needed.or_else(|| line.split_once("-- here: ")) {
                let preludes = scripts_folder().join("prelude");
                let names = names.split(", ").map(|name| preludes.join(name.trim()));
                // A prelude that is no file is made from the rules of orders, and calls nothing.
                let names = names.map(|name| name.with_extension("lua"));
                files.extend(names.filter(|name| name.exists()));
            }
            commands.extend(commands_of(line));
        }
    }
    commands
}

/// The commands that a line of Lua calls.
fn commands_of(line: &str) -> Words {
    let code = line.split("--").next().unwrap_or_default();
    let calls = ["redis.call('", "redis.pcall('", "redis.call, '"];
    let starts = calls.iter().flat_map(|call| code.split(call).skip(1));
    let command = |rest: &str| {
        let mut words = rest.split('\'');
        let name = words.next().unwrap_or_default().to_lowercase();
        match words.nth(1) {
            // Those with subcommands.
            Some(part) if ["memory", "xgroup", "xinfo"].contains(&&*name) => {
                format!("{name}|{}", part.to_lowercase())
            }
            _ => name,
        }
    };
    starts.map(command).collect()
}

/// What Redis says about a user or one of its selectors, by name.
pub(super) fn details(value: &Value) -> BTreeMap<String, Value> {
    let Value::Array(parts) = value else {
        panic!("{value:?}")
    };
    let pairs = parts.chunks_exact(2);
    pairs
        .map(|pair| {
            let name = redis::from_redis_value(pair[0].clone()).unwrap();
            (name, pair[1].clone())
        })
        .collect()
}

pub(super) fn text(details: &BTreeMap<String, Value>, name: &str) -> String {
    redis::from_redis_value(details[name].clone()).unwrap()
}

/// The commands that rights add to none.
fn added(details: &BTreeMap<String, Value>) -> Words {
    let rights = text(details, "commands");
    let rights = rights.strip_prefix("-@all").expect("begins with nothing");
    let command = |right: &str| right.strip_prefix('+').expect(right).to_owned();
    rights.split_whitespace().map(command).collect()
}

#[tokio::test]
async fn every_user_has_the_rights_of_its_role() {
    let world = world();
    for role in ROLES {
        let user = role.user;
        let value: Value = world.redis.command(&["ACL", "GETUSER", user]).await;
        let details = details(&value);
        let mut granted = added(&details);
        assert_eq!(words(&text(&details, "keys")), words(role.keys), "{user}");
        assert_eq!(text(&details, "channels"), role.channels, "{user}");
        let Value::Array(selectors) = &details["selectors"] else {
            panic!("{user} has no list of selectors")
        };
        let mut limited = BTreeMap::new();
        for selector in selectors {
            let selector = self::details(selector);
            assert_eq!(text(&selector, "channels"), "", "{user}");
            let keys = words(&text(&selector, "keys"));
            for command in added(&selector) {
                limited.insert(command, keys.clone());
            }
        }
        let expected = role.limited.iter();
        let expected = expected.map(|(command, keys)| ((*command).to_owned(), words(keys)));
        assert_eq!(limited, expected.collect(), "{user}");
        let only_limited = limited.keys().all(|command| !granted.contains(command));
        assert!(only_limited, "{user} has a limited command without a limit");
        granted.extend(limited.into_keys());
        assert_eq!(granted, role.needs(), "{user}");
    }
}

#[test]
fn redis_does_not_start_with_a_placeholder() {
    let program = std::env::var("HP_TEST_REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/redis/users.acl");
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(program)
        .args(["--port", "0", "--unixsocket"])
        .arg(folder.path().join("socket"))
        .arg("--aclfile")
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let is_decided =
        |line: &String| line.contains("password hash must be") || line.contains("Ready to accept");
    let decision = lines.map_while(Result::ok).find(is_decided);
    let _ = server.kill();
    server.wait().unwrap();
    let decision = decision.unwrap_or_default();
    assert!(decision.contains("password hash must be"), "{decision}");
}

#[test]
fn every_script_belongs_to_a_role() {
    let of_roles: Words = ROLES.iter().flat_map(|role| words(role.runs)).collect();
    let files = fs::read_dir(scripts_folder()).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let scripts = files.filter(|file| file.is_file());
    let names = scripts.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned());
    assert_eq!(of_roles, names.collect());
}

#[test]
fn file_has_no_password_and_no_other_user() {
    let file = include_str!("../../../deploy/redis/users.acl");
    let mut users = Words::new();
    for line in file.lines() {
        let mut words = line.split(' ').skip(1);
        users.extend(words.next().map(str::to_owned));
        let passwords =
            words.filter(|word| word.starts_with(['>', '#', '<', '!']) || *word == "nopass");
        for word in passwords {
            assert_eq!(word, "#REPLACE-WITH-SHA256-OF-THE-PASSWORD", "{line}");
        }
    }
    let roles = ROLES.map(|role| role.user.to_owned());
    let with_all_rights = ["default", "admin"].map(str::to_owned);
    assert_eq!(users, roles.into_iter().chain(with_all_rights).collect());
    assert!(file.starts_with("user default off ~* &* +@all\nuser admin on #"));
}
