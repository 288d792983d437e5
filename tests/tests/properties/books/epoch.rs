use super::Books;
use crate::shown;

/// A life of Redis; one where writes are known to be lost is another than the one before that was known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life {
    pub(crate) server: u32,
    pub(crate) is_lossy: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    pub(crate) life: Life,
    /// What is older may be older than the truth.
    pub(crate) doubts: bool,
    pub(crate) takes: u64,
    takes_before: u64,
}

/// What a worker remembers of its last take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) life: Life,
    pub(crate) takes: u64,
}

impl Epoch {
    pub(super) fn shown(self) -> shown::Epoch {
        shown::Epoch {
            is_lossy: self.life.is_lossy,
            doubts: self.doubts,
            takes: self.takes,
        }
    }
}

impl Books {
    /// A take looks which Redis this is, and what the worker remembers that it does not.
    pub(super) fn notice(&mut self, server: u32, known: Option<Known>) -> Epoch {
        let known_takes = known.map_or(0, |known| known.takes);
        let mut epoch = match self.epoch {
            Some(epoch) if epoch.life.server == server => epoch,
            before => begin(server, before, known),
        };
        let is_of_before = known.is_some_and(|known| known.life.server != server);
        if !epoch.life.is_lossy && is_of_before && known_takes > epoch.takes_before {
            epoch.life.is_lossy = true;
            epoch.doubts = true;
            epoch.takes += 1;
        }
        self.epoch = Some(epoch);
        epoch
    }
}

fn begin(server: u32, before: Option<Epoch>, known: Option<Known>) -> Epoch {
    let takes = before.map_or(0, |epoch| epoch.takes);
    let is_lossy = match before {
        Some(epoch) => epoch.doubts,
        None => known.is_some_and(|known| known.takes > 0),
    };
    Epoch {
        life: Life { server, is_lossy },
        doubts: before.is_some() || known.is_some(),
        takes,
        takes_before: takes,
    }
}
