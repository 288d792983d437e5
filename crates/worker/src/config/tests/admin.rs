use std::fs;

use tempfile::tempdir;

use super::load;

const TOKEN: &str = "0123456789abcdef";

#[test]
fn admin_address_for_others_needs_a_token() {
    for listen in ["0.0.0.0:9464", "192.0.2.1:9464", "[::]:9464"] {
        let listen = ("HP_ADMIN__LISTEN", listen);
        let fault = load("", &[listen]).unwrap_err().to_string();
        assert!(fault.contains("Set admin.token_file"), "{fault}");
        assert!(load("", &[listen, ("HP_ADMIN__TOKEN", TOKEN)]).is_ok());
    }
    for listen in [
        "127.0.0.1:1",
        "127.9.9.9:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
        "",
    ] {
        let listen = ("HP_ADMIN__LISTEN", listen);
        assert!(load("", &[listen]).is_ok(), "{listen:?}");
    }
}

#[test]
fn weak_admin_token_is_refused_and_not_shown() {
    for (token, word) in [
        ("hunter2", "is shorter than 16"),
        ("hunter2 hunter2 hunter2", "letters, digits"),
        ("hunter2hunter2hunter2é", "letters, digits"),
    ] {
        let fault = load("", &[("HP_ADMIN__TOKEN", token)]).unwrap_err();
        let fault = fault.to_string();
        assert!(fault.starts_with("admin.token ") && fault.contains(word));
        assert!(!fault.contains("hunter2"), "{fault}");
    }
    let config = load("", &[("HP_ADMIN__TOKEN", TOKEN)]).unwrap();
    for shown in [config.to_string(), format!("{config:?}")] {
        assert!(!shown.contains(TOKEN), "{shown}");
    }
}

#[test]
fn admin_token_is_read_from_its_file() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("token");
    let variable = ("HP_ADMIN__TOKEN_FILE", file.to_str().unwrap());
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let token = load("", &[variable]).unwrap().admin.token.unwrap();
    assert_eq!(token.expose(), TOKEN);
    fs::write(&file, "short").unwrap();
    let fault = load("", &[variable]).unwrap_err().to_string();
    assert!(fault.starts_with("admin.token_file "), "{fault}");
    let both = [variable, ("HP_ADMIN__TOKEN", TOKEN)];
    let fault = load("", &both).unwrap_err().to_string();
    assert!(fault.contains("are both set"), "{fault}");
}
