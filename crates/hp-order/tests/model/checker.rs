//! Runs the checker and reports what it finds.

use std::time::Instant;

use stateright::{Checker, Model, Property};

use crate::{
    action::Action,
    promises::Promise,
    redis::Redis,
    setting::{Assumption, Setting},
    trace::trace,
    world::World,
};

/// A search for a world with a certain property.
struct Search {
    setting: Setting,
    predicate: Predicate,
}

type Predicate = fn(&World, &Setting) -> bool;

const UNREACHABLE: &str = "no world satisfies the predicate";

impl Model for Search {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let redis = if self.setting.assumes(Assumption::FirstEpochIsKept) {
            Redis::used_queue()
        } else {
            Redis::new_queue()
        };
        vec![World::new(self.setting.bounds, redis)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend(Action::all(world, &self.setting));
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        world.after(action, &self.setting)
    }

    /// One property only: when it breaks, the checker stops at once, on the shortest path.
    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(
            UNREACHABLE,
            |search: &Self, world: &World| !(search.predicate)(world, &search.setting),
        )]
    }
}

/// Visits every world within the bounds, breadth first, until one satisfies the predicate. Returns it with the trace of
/// the shortest path to it.
pub(crate) fn search(setting: Setting, predicate: Predicate) -> Option<(World, String)> {
    let started = Instant::now();
    let checker = Search { setting, predicate }.checker().spawn_bfs().join();
    let (worlds, depth) = (checker.unique_state_count(), checker.max_depth());
    let elapsed = started.elapsed();
    println!("{setting:?}: {worlds} worlds, up to {depth} actions, in {elapsed:?}");
    let path = checker.discovery(UNREACHABLE)?;
    Some((path.last_state().clone(), trace(path)))
}

/// A broken promise, and the shortest trace that breaks it.
pub(crate) struct Counterexample {
    pub(crate) promise: Promise,
    pub(crate) trace: String,
}

/// Searches for a world that breaks a promise.
pub(crate) fn check(setting: Setting) -> Option<Counterexample> {
    let (world, trace) = search(setting, |world, setting| {
        world.broken_promise(setting).is_some()
    })?;
    let promise = world.broken_promise(&setting)?;
    let trace = format!("{promise:?} is broken:\n{trace}");
    Some(Counterexample { promise, trace })
}
