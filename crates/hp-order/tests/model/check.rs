//! Runs the checker, and tells what it finds.

use stateright::{Checker, Model, Path, Property};

use crate::{
    action::Action,
    promises::Promise,
    redis::Redis,
    rules::{Assumption, Setting},
    world::World,
};

struct Life(Setting);

const PROMISES: &str = "the promises";

impl Model for Life {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let redis = if self.0.assumes(Assumption::NotTheFirstTake) {
            Redis::in_use()
        } else {
            Redis::brand_new()
        };
        vec![World::new(self.0.bounds, redis)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend(Action::all(self.0.bounds.workers, world.requests.len()));
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        world.after(action, &self.0)
    }

    /// One property for all promises: with the first that is broken the checker stops, on the shortest way there.
    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(PROMISES, |life: &Self, world: &World| {
            world.broken(&life.0).is_none()
        })]
    }
}

/// A promise that does not hold, and what has to happen for that.
pub(crate) struct Broken {
    pub(crate) promise: Promise,
    pub(crate) story: String,
}

/// Looks at every state within the bounds, in breadth.
pub(crate) fn check(setting: Setting) -> Option<Broken> {
    let begun = std::time::Instant::now();
    let checker = Life(setting).checker().spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{setting:?}: {states} states, {depth} deep, {:?}", begun.elapsed());
    let path = checker.discovery(PROMISES)?;
    let promise = path.last_state().broken(&setting)?;
    let story = format!("{promise:?} is broken:\n{}", tell(path));
    Some(Broken { promise, story })
}

fn tell(path: Path<World, Action>) -> String {
    let steps = path.into_vec();
    let lines = steps.windows(2).enumerate().map(|(n, pair)| {
        let [(before, action), (after, _)] = pair else { return String::new() };
        let action = action.map(|action| action.in_words(&before.labels.workers)).unwrap_or_default();
        format!("{:3}. {action:48} {}\n", n + 1, after.in_short())
    });
    lines.collect()
}

impl World {
    fn in_short(&self) -> String {
        let order = self.redis.order.as_ref().map_or("unknown".into(), |order| {
            let claim = order.claim + self.labels.claims;
            format!("{}, claim {claim}, attempts {}", order.state, order.attempts)
        });
        let charged = self.vendor.charges;
        format!("| {order} | charged {charged}, on their way {}", self.requests.len())
    }
}
