use std::{fs, net::SocketAddr, path::PathBuf};

use tempfile::TempDir;

use crate::build_folder;

/// The route of one process to one server. Other processes have their own. Needs Linux.
pub struct Route {
    server: SocketAddr,
    folder: TempDir,
}

impl Route {
    /// A route that works.
    pub fn to(server: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { server, folder }
    }

    /// Connections fail from now on, because the network is unreachable.
    pub fn cut(&self) {
        fs::write(self.file(), "").unwrap();
    }

    /// Connections work again.
    pub fn restore(&self) {
        fs::remove_file(self.file()).unwrap();
    }

    /// The environment of the process that has this route.
    pub fn environment(&self) -> [(String, String); 3] {
        let library = build_folder().join("deps/libcut_route.so");
        // The loader only warns.
        assert!(library.exists(), "{} is missing", library.display());
        let text = |path: PathBuf| path.into_os_string().into_string().unwrap();
        [
            ("LD_PRELOAD".into(), text(library)),
            ("CUT_ROUTE_PORT".into(), self.server.port().to_string()),
            ("CUT_ROUTE_FILE".into(), text(self.file())),
        ]
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("cut")
    }
}
