use std::path::PathBuf;

use clap::Args;
use hp_queue::KeyName;

use super::args::Json;
use crate::{producer::keygen::keygen, random::Random, terminal::CommandResult};

/// Make a key pair, so that only its owner can read the cards (needs neither Redis nor HitPoints)
///
///   worker keygen shop                             writes shop.key and shop.pub
///   worker results --open-with shop.key --show-pins
///
/// Workers seal the cards of each result to the public keys in results.seal_to. What is sealed can be opened with the private
/// key only. Sealed results are libsodium sealed boxes, which shops open in any language.
///
/// Exit codes: 0: the pair was written. 2: failed, and nothing was written.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Keygen {
    /// The name of the key: lower-case letters, digits, `_` and `-`.
    #[arg(default_value = "results")]
    name: KeyName,
    /// The folder for the two files.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    dir: PathBuf,
    #[command(flatten)]
    output: Json,
}

impl Keygen {
    pub(super) fn execute(self) -> CommandResult {
        keygen(
            &self.name,
            &self.dir,
            self.output.json,
            &Random::from_entropy(),
        )
    }
}
