//! Both sides sign with RSA keys; those in `tests/keys` were made for these tests and are of no other use.

use std::path::{Path, PathBuf};

use hp_api::date;
use hp_api::sign::{Signer, Verifier};
use hp_sandbox::{Options, Sandbox};

use crate::caller::{Call, fetch, now, query};

fn key(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/keys")
        .join(name)
}

fn pem(name: &str) -> String {
    std::fs::read_to_string(key(name)).unwrap()
}

fn sandbox() -> Sandbox {
    let options = Options {
        rsa_client_key: Some(key("client-public.pem")),
        rsa_server_key: Some(key("server-private.pem")),
        ..Options::local()
    };
    Sandbox::start(options).unwrap()
}

fn with_key(call: Call, name: &str) -> Call {
    call.signed(&Signer::rsa(&pem(name)).unwrap(), &date::format(now()))
}

#[tokio::test]
async fn requests_are_checked_and_answers_signed_with_the_right_keys() {
    let sandbox = sandbox();
    let server = Verifier::rsa(&pem("server-public.pem")).unwrap();
    for call in [fetch(&sandbox, "A-1", 31, 2), query(&sandbox, "A-1")] {
        let answer = with_key(call, "client-private.pem").answer().await;
        assert_eq!(answer.pins().len(), 2);
        assert!(answer.is_signed_by(&server));
    }
}

#[tokio::test]
async fn another_key_or_the_secret_is_refused() {
    let sandbox = sandbox();
    let call = with_key(fetch(&sandbox, "A-1", 31, 2), "server-private.pem");
    assert_eq!(call.code().await, 400_107);
    assert_eq!(fetch(&sandbox, "A-1", 31, 2).code().await, 400_107);
}

#[tokio::test]
async fn a_bad_signature_is_that_of_something_else() {
    let sandbox = sandbox();
    let server = Verifier::rsa(&pem("server-public.pem")).unwrap();
    let call = fetch(&sandbox, "A-1~bad-signature", 31, 2);
    let answer = with_key(call, "client-private.pem").answer().await;
    assert!(!answer.is_signed_by(&server));
}

#[tokio::test]
async fn keys_that_cannot_be_used_are_named() {
    for (client, server, named) in [
        ("no-such.pem", "server-private.pem", "no-such.pem"),
        (
            "client-private.pem",
            "server-private.pem",
            "client-private.pem",
        ),
        (
            "client-public.pem",
            "server-public.pem",
            "server-public.pem",
        ),
    ] {
        let options = Options {
            rsa_client_key: Some(key(client)),
            rsa_server_key: Some(key(server)),
            ..Options::local()
        };
        let why = Sandbox::start(options).err().unwrap().to_string();
        assert!(why.contains(named), "{why}");
    }
}

#[tokio::test]
async fn one_key_alone_is_an_error() {
    let options = Options {
        rsa_client_key: Some(key("client-public.pem")),
        ..Options::local()
    };
    let why = Sandbox::start(options).err().unwrap().to_string();
    assert!(why.contains("both keys"), "{why}");
}
