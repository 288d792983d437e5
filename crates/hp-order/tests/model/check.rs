//! Runs the checker, and tells what it finds.

use std::time::Instant;

use stateright::{Checker, Model, Property};

use crate::{
    action::Action,
    promises::Promise,
    redis::Redis,
    rules::{Assumption, Setting},
    words::tell,
    world::World,
};

/// A search for a world in which something is so.
struct Search {
    setting: Setting,
    wanted: Wanted,
}

type Wanted = fn(&World, &Setting) -> bool;

const IT_IS_NEVER_SO: &str = "it is never so";

impl Model for Search {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let redis = if self.setting.assumes(Assumption::NotTheFirstTake) {
            Redis::in_use()
        } else {
            Redis::brand_new()
        };
        vec![World::new(self.setting.bounds, redis)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend(Action::all(world, &self.setting));
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        world.after(action, &self.setting)
    }

    /// A single property: when it breaks the checker stops at once, on the shortest way there.
    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(
            IT_IS_NEVER_SO,
            |search: &Self, world: &World| !(search.wanted)(world, &search.setting),
        )]
    }
}

/// Looks at every world within the bounds, in breadth, for one that is wanted; tells the shortest way to it.
pub(crate) fn search(setting: Setting, wanted: Wanted) -> Option<(World, String)> {
    let begun = Instant::now();
    let checker = Search { setting, wanted }.checker().spawn_bfs().join();
    let (worlds, depth) = (checker.unique_state_count(), checker.max_depth());
    let took = begun.elapsed();
    println!("{setting:?}: {worlds} worlds, up to {depth} steps, in {took:?}");
    let path = checker.discovery(IT_IS_NEVER_SO)?;
    Some((path.last_state().clone(), tell(path)))
}

/// A promise that does not hold, and what has to happen for that.
pub(crate) struct Broken {
    pub(crate) promise: Promise,
    pub(crate) story: String,
}

/// Looks for a world in which a promise is broken.
pub(crate) fn check(setting: Setting) -> Option<Broken> {
    let (world, story) = search(setting, |world, setting| world.broken(setting).is_some())?;
    let promise = world.broken(&setting)?;
    let story = format!("{promise:?} is broken:\n{story}");
    Some(Broken { promise, story })
}
