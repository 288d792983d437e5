use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use hp_queue::{KeyName, PrivateKey, PublicKey};
use serde::Serialize;

use crate::{
    random::Random,
    terminal::{CommandResult, outln},
};

#[derive(Serialize)]
struct KeyPair {
    name: String,
    public_key: String,
    private_key_file: PathBuf,
    public_key_file: PathBuf,
}

/// Writes a new key pair to `NAME.key` and `NAME.pub` in this folder. Replaces no file.
pub(crate) fn keygen(
    name: &KeyName,
    folder: &Path,
    as_json: bool,
    random: &Random,
) -> CommandResult {
    let key = PrivateKey::from_random(&random.key_bytes());
    let file = |extension: &str| folder.join(format!("{name}.{extension}"));
    let (private_file, public_file) = (file("key"), file("pub"));
    write_new(&private_file, 0o600, &key.expose())?;
    let public = key.public();
    if let Err(error) = write_new(&public_file, 0o644, &public.to_string()) {
        // Half a pair would only be in the way.
        let _ = fs::remove_file(&private_file);
        return Err(error.into());
    }
    if as_json {
        let pair = KeyPair {
            name: name.to_string(),
            public_key: public.to_string(),
            private_key_file: private_file,
            public_key_file: public_file,
        };
        outln!("{}", serde_json::to_string(&pair)?)?;
    } else {
        explain(name, &public, &private_file, &public_file)?;
    }
    Ok(true)
}

fn explain(
    name: &KeyName,
    public: &PublicKey,
    private_file: &Path,
    public_file: &Path,
) -> io::Result<()> {
    outln!(
        "Private key   {}   only its owner can read it",
        private_file.display()
    )?;
    outln!("Public key    {}", public_file.display())?;
    outln!()?;
    outln!("Add the public key to the settings of every worker, and restart each:")?;
    outln!()?;
    outln!("    [results.seal_to]")?;
    outln!("    {name} = \"{public}\"")?;
    outln!()?;
    outln!("Keep the private key where the results are read, never with the workers.")?;
    outln!("Keep a copy in a safe place: without it nobody can read sealed cards.")
}

fn write_new(path: &Path, mode: u32, text: &str) -> Result<(), String> {
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all())
            .inspect_err(|_| drop(fs::remove_file(path)))
    };
    write().map_err(|error: io::Error| {
        let remedy = match error.kind() {
            io::ErrorKind::AlreadyExists => ". Choose another name: results may need the old key",
            _ => "",
        };
        format!("cannot write {}: {error}{remedy}", path.display())
    })
}
