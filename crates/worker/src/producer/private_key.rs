use std::{fs::File, io::Read, os::unix::fs::PermissionsExt, path::Path};

use hp_queue::PrivateKey;
use zeroize::Zeroizing;

use crate::terminal::errln;

/// A file with a key is far shorter.
const LONGEST: u64 = 1024;

/// Reads a private key that `worker keygen` has written. Warns if others can read the file, too.
pub(super) fn read_private_key(path: &Path) -> Result<PrivateKey, String> {
    let name = path.display();
    let mut text = Zeroizing::new(String::with_capacity(1024));
    let read = File::open(path).and_then(|file| {
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            errln!("worker: others can read the private key in {name}. Run `chmod 600 {name}`");
        }
        file.take(LONGEST).read_to_string(&mut text)
    });
    read.map_err(|error| format!("cannot read the private key in {name}: {error}"))?;
    let key: PrivateKey = text.trim().parse().map_err(|error| {
        format!("{name} is not a private key: {error}. `worker keygen` writes one")
    })?;
    if !key.is_marked() {
        errln!(
            "worker: {name} may be a public key: a private key of `worker keygen` is in a file NAME.key"
        );
    }
    Ok(key)
}
