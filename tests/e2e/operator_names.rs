//! Who an operator is: the name that the queue and the history of an order store.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Command, Output},
};

use e2e::{Worker, World};

fn pause(world: &World, more: &[&str]) -> Command {
    let words = [&["pause", "--why", "stocktaking"], more].concat();
    let mut command = Worker::command(&words, &world.settings(&[]));
    command.env_remove("USER").env_remove("LOGNAME");
    command
}

async fn paused_by(world: &World) -> Option<String> {
    world.redis.command(&["HGET", "{hp}:paused", "by"]).await
}

fn user_id_name(flag: &str) -> String {
    let output = Command::new("id").arg(flag).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_stores_who_paused() {
    let world = World::start();
    let output = pause(&world, &["--by", "Ada"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    assert_eq!(paused_by(&world).await.as_deref(), Some("Ada"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_names_the_user_of_the_machine() {
    let world = World::start();
    assert!(
        pause(&world, &[])
            .env("USER", "bob")
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(paused_by(&world).await.as_deref(), Some("bob"));
    world.control().resume("Ada").await.unwrap();
    // Without variables the user id has a name, as in a container.
    assert!(
        pause(&world, &[])
            .env("USER", "")
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(paused_by(&world).await, Some(user_id_name("-un")));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_user_must_give_a_name() {
    if user_id_name("-u") != "0" {
        // Only root can start a process with a user id that has no name. The rule itself has a unit test.
        return;
    }
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("worker");
    // A process that another test starts meanwhile could inherit a file that is open for writing here, and keep it busy.
    let mut copy = Command::new("cp");
    copy.arg(Worker::binary()).arg(&program);
    assert!(copy.status().unwrap().success());
    let run = |words: &[&str]| {
        let mut command = Command::new(&program);
        command.args(words).envs(world.settings(&[])).uid(54_321);
        command.env_remove("USER").env_remove("LOGNAME");
        command.output().unwrap()
    };
    let id = ["A-1"];
    let why = ["--why", "ticket 42"];
    for (words, option) in [
        ([&["pause"], &why[..]].concat(), "--by"),
        (
            [&["resolve", "--as", "closed"], &id[..], &why].concat(),
            "--by",
        ),
        ([&["retry"], &id[..]].concat(), "--by"),
        ([&["republish"], &id[..]].concat(), "--by"),
        ([&["account", "switch"], &why[..]].concat(), "--by"),
        (vec!["results", "--group", "shop"], "--consumer"),
    ] {
        let output = run(&words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let text = error(&output);
        assert!(text.contains(option) && text.contains("USER"), "{text}");
    }
    assert_eq!(paused_by(&world).await, None);
    let output = run(&["pause", "--why", "stocktaking", "--by", "Ada"]);
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn reason_without_words_is_refused() {
    let world = World::start();
    for words in [
        &["pause", "--why", " "][..],
        &["resolve", "A-1", "--as", "closed", "--why", ""],
        &["retry", "A-1", "--by", " "],
    ] {
        let output = Worker::output(words, &world.settings(&[]));
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(
            error(&output).contains("at least a word"),
            "{}",
            error(&output)
        );
    }
}
