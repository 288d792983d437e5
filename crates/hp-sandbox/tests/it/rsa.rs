//! RSA signatures of both sides. The keys in `tests/keys` are for these tests only.

use std::path::{Path, PathBuf};

use hp_api::date;
use hp_api::sign::{Signer, Verifier};
use hp_sandbox::{Options, Sandbox};

use crate::raw_client::{Call, fetch, now, query};

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
async fn rsa_keys_verify_requests_and_sign_answers() {
    let sandbox = sandbox();
    let server = Verifier::rsa(&pem("server-public.pem")).unwrap();
    for call in [fetch(&sandbox, "A-1", 31, 2), query(&sandbox, "A-1")] {
        let answer = with_key(call, "client-private.pem").answer().await;
        assert_eq!(answer.pins().len(), 2);
        assert!(answer.is_signed_by(&server));
    }
}

#[tokio::test]
async fn rsa_refuses_another_key_and_the_secret() {
    let sandbox = sandbox();
    let call = with_key(fetch(&sandbox, "A-1", 31, 2), "server-private.pem");
    assert_eq!(call.code().await, 400_107);
    assert_eq!(fetch(&sandbox, "A-1", 31, 2).code().await, 400_107);
}

#[tokio::test]
async fn rsa_bad_signature_does_not_match() {
    let sandbox = sandbox();
    let server = Verifier::rsa(&pem("server-public.pem")).unwrap();
    let call = fetch(&sandbox, "A-1~bad-signature", 31, 2);
    let answer = with_key(call, "client-private.pem").answer().await;
    assert!(!answer.is_signed_by(&server));
}

#[tokio::test]
async fn unusable_key_is_named_in_the_error() {
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
async fn single_rsa_key_is_an_error() {
    let options = Options {
        rsa_client_key: Some(key("client-public.pem")),
        ..Options::local()
    };
    let why = Sandbox::start(options).err().unwrap().to_string();
    assert!(why.contains("both keys"), "{why}");
}
