use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use hp_api::ClientCertificate;
use hp_queue::ConnectOptions;
use redis::{ClientTlsConfig, IntoConnectionInfo, TlsCertificates};

/// How a [`Redis`](super::Redis) is protected.
#[derive(Clone, Copy, Debug, Default)]
pub struct Protection {
    /// It accepts only TLS, and only clients with a certificate.
    pub tls: bool,
    /// It has the users of `deploy/redis/users.acl`. The password of each is its name and `-password`.
    pub users: bool,
}

/// The user of the test itself. It may do everything, as the operator of Redis may.
const ADMIN: &str = "admin";

/// The password of a user.
pub fn password_of(user: &str) -> String {
    format!("{user}-password")
}

/// A file of the test certificates. The authority `ca.crt` has issued `server`, `client`, `expired` and, for another host,
/// `elsewhere`. `other-ca.crt` has issued `stranger`. Each has a `.crt` and a `.key`.
pub fn certificate_file(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.join("support/certificates").join(name)
}

/// The users of `deploy/redis/users.acl` as an ACL file, with their passwords in place of its placeholders.
pub fn users() -> String {
    let file = include_str!("../../../deploy/redis/users.acl");
    let with_password = |line: &str| {
        let name = line.split(' ').nth(1).unwrap_or_default();
        let words = line.split(' ').map(|word| match word.strip_prefix('#') {
            Some(_) => format!(">{}", password_of(name)),
            None => word.into(),
        });
        words.collect::<Vec<_>>().join(" ") + "\n"
    };
    file.lines().map(with_password).collect()
}

impl Protection {
    /// None.
    pub const NONE: Self = Self {
        tls: false,
        users: false,
    };
    /// TLS alone.
    pub const TLS: Self = Self {
        tls: true,
        users: false,
    };
    /// The users alone.
    pub const USERS: Self = Self {
        tls: false,
        users: true,
    };
    /// TLS, and the users.
    pub const FULL: Self = Self {
        tls: true,
        users: true,
    };

    pub(super) fn scheme(self) -> &'static str {
        if self.tls { "rediss" } else { "redis" }
    }

    pub(super) fn port_arguments(self, port: u16) -> String {
        if !self.tls {
            return format!("--port {port}");
        }
        tls_settings(port)
            .map(|setting| format!("--{setting}"))
            .join(" ")
    }

    /// Arguments of a server that holds data, and of its replicas.
    pub(super) fn data_arguments(self, folder: &Path) -> String {
        if !self.users {
            return String::new();
        }
        let file = folder.join("users.acl");
        fs::write(&file, users()).unwrap();
        format!(
            "--aclfile {} --masteruser replica --masterauth {}",
            file.display(),
            password_of("replica")
        )
    }

    /// The lines of a Sentinel's configuration that let it in to the servers, and that protect it itself.
    pub(super) fn sentinel_lines(self) -> Vec<String> {
        if !self.users {
            return Vec::new();
        }
        vec![
            "sentinel auth-user mymaster sentinel".into(),
            format!("sentinel auth-pass mymaster {}", password_of("sentinel")),
            format!("requirepass {}", password_of("watch")),
        ]
    }

    /// A client that may do everything.
    pub(super) fn client(self, url: &str) -> redis::Client {
        let mut server = url.into_connection_info().unwrap();
        if self.users {
            let login = server.redis_settings().clone();
            let login = login.set_username(ADMIN).set_password(password_of(ADMIN));
            server = server.set_redis_settings(login);
        }
        if !self.tls {
            return redis::Client::open(server).unwrap();
        }
        let file = |name| fs::read(certificate_file(name)).unwrap();
        let certificates = TlsCertificates {
            client_tls: Some(ClientTlsConfig {
                client_cert: file("client.crt"),
                client_key: file("client.key"),
            }),
            root_cert: Some(file("ca.crt")),
        };
        redis::Client::build_with_tls(server, certificates).unwrap()
    }

    /// How the queue's own library connects as this user.
    pub(super) fn options(self, user: &str) -> ConnectOptions {
        let file = |name| fs::read_to_string(certificate_file(name)).unwrap();
        let mut options = ConnectOptions::default();
        if self.tls {
            let certificate =
                ClientCertificate::from_pem(&file("client.crt"), &file("client.key")).unwrap();
            options = options
                .authorities(file("ca.crt").parse().unwrap())
                .client_certificate(certificate);
        }
        if self.users {
            options = options.login(Some(user), &password_of(user));
        }
        options
    }

    /// The settings with which a worker connects as this user. The password is in a file in this folder.
    pub(super) fn settings(
        self,
        user: &str,
        folder: &Path,
        has_sentinels: bool,
    ) -> Vec<(&'static str, String)> {
        let mut settings = Vec::new();
        let path = |file: PathBuf| file.display().to_string();
        if self.tls {
            let file = |name| path(certificate_file(name));
            settings.extend([
                ("HP_REDIS__CA_FILE", file("ca.crt")),
                ("HP_REDIS__CLIENT_CERT_FILE", file("client.crt")),
                ("HP_REDIS__CLIENT_KEY_FILE", file("client.key")),
            ]);
        }
        if self.users {
            let file = secret_file(folder, user, &password_of(user));
            settings.extend([
                ("HP_REDIS__USERNAME", user.into()),
                ("HP_REDIS__PASSWORD_FILE", path(file)),
            ]);
        }
        if self.users && has_sentinels {
            let file = secret_file(folder, "watch", &password_of("watch"));
            settings.push(("HP_REDIS__SENTINEL_PASSWORD_FILE", path(file)));
        }
        settings
    }
}

/// Writes a secret into a file that only its owner may read.
pub fn secret_file(folder: &Path, name: &str, secret: &str) -> PathBuf {
    let path = folder.join(format!("{name}.secret"));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&path).unwrap();
    file.write_all(secret.as_bytes()).unwrap();
    path
}

fn tls_settings(port: u16) -> [String; 8] {
    let file = |name| certificate_file(name).display().to_string();
    [
        "port 0".into(),
        format!("tls-port {port}"),
        format!("tls-cert-file {}", file("server.crt")),
        format!("tls-key-file {}", file("server.key")),
        format!("tls-ca-cert-file {}", file("ca.crt")),
        "tls-auth-clients yes".into(),
        "tls-replication yes".into(),
        "tls-cluster yes".into(),
    ]
}
