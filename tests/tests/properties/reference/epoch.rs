use super::Books;
use crate::shown;

/// A life of the queue; one where writes are known to be lost is another than the one before that was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) server: u32,
    /// The take that began it: a server may be emptied, and begin another.
    began: u64,
    pub(crate) is_lossy: bool,
}

impl Life {
    /// Of a Redis that no worker has seen.
    pub(super) const NONE: Self = Self {
        server: u32::MAX,
        began: 0,
        is_lossy: false,
    };

    fn is_part_of(self, other: Self) -> bool {
        (self.server, self.began) == (other.server, other.began)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    pub(crate) life: Life,
    pub(crate) doubts: Doubts,
    pub(crate) takes: u64,
    takes_before: u64,
    before: Option<Life>,
}

/// Which new orders may have been sent already and then been forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Doubts {
    #[default]
    None,
    All,
    /// Those that were in the inbox when it began: for the others, it has lasted for too long.
    OfBefore,
}

/// What a worker remembers of its last take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) life: Life,
    pub(crate) takes: u64,
    /// The number of the latest that Redis knew then; `None`, where whatever it is has arrived by now.
    pub(crate) latest: Option<u64>,
}

/// Who takes where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    /// The server's present life.
    pub(crate) server: u32,
    /// Counts all takes, whatever Redis forgets.
    pub(crate) number: u64,
    pub(crate) known: Option<Known>,
}

impl Epoch {
    pub(super) fn shown(self) -> shown::Epoch {
        shown::Epoch {
            is_lossy: self.life.is_lossy,
            doubts: self.doubts != Doubts::None,
            takes: self.takes,
        }
    }

    fn is_disproved_by(&self, known: Known) -> bool {
        let is_of_before = self.before.is_some_and(|life| life.is_part_of(known.life));
        let watermark = if is_of_before { self.takes_before } else { 0 };
        !self.life.is_part_of(known.life) && known.takes > watermark
    }
}

impl Books {
    /// A take, or a worker that takes nothing, looks which Redis this is, and what the worker remembers that it does not.
    pub(crate) fn notice(&mut self, scene: Scene) -> Epoch {
        let mut epoch = match self.epoch {
            Some(epoch) if epoch.life.server == scene.server => epoch,
            before => self.begin(scene, before),
        };
        let is_disproved = scene
            .known
            .is_some_and(|known| epoch.is_disproved_by(known));
        if is_disproved && !epoch.life.is_lossy {
            epoch.life.is_lossy = true;
            epoch.takes += 1;
            self.history.push(scene.number);
            if epoch.doubts == Doubts::None {
                epoch.doubts = Doubts::All;
                self.draw_boundary();
            }
        }
        self.epoch = Some(epoch);
        epoch
    }

    fn begin(&mut self, scene: Scene, before: Option<Epoch>) -> Epoch {
        self.draw_boundary();
        let takes = before.map_or(0, |epoch| epoch.takes);
        let is_lossy = match before {
            Some(epoch) => epoch.doubts == Doubts::All,
            None => scene.known.is_some_and(|known| known.takes > 0),
        };
        let is_new_queue = before.is_none() && scene.known.is_none();
        Epoch {
            life: Life {
                server: scene.server,
                began: scene.number,
                is_lossy,
            },
            doubts: if is_new_queue {
                Doubts::None
            } else {
                Doubts::All
            },
            takes,
            takes_before: takes,
            before: before.map(|epoch| epoch.life),
        }
    }

    fn draw_boundary(&mut self) {
        for waiting in &mut self.inbox {
            waiting.is_of_before = true;
        }
    }

    /// A request that Redis has forgotten has had the time to arrive.
    pub(crate) fn doubts_pass(&mut self) {
        if let Some(epoch) = &mut self.epoch
            && epoch.doubts == Doubts::All
        {
            epoch.doubts = Doubts::OfBefore;
        }
        for order in self.orders.values_mut() {
            order.doubt.passes();
        }
    }
}
