use std::fmt::Write;

use hp_order::{ClaimConditions, ClaimRule, EpochDoubt, State, claim_rule};

/// The name of the prelude that is rendered from `hp-order`.
pub(super) const NAME: &str = "order_rules";

const IS_OLDER_EPOCH: u8 = 1;
const IS_NAMED: u8 = 2;
const HAS_CLAIMANT_VANISHED: u8 = 4;

/// Renders what the scripts must know about orders. It offers:
///
/// - `claim_rule(state, conditions)`: the [`ClaimRule`] as a table, or nil if there is no such state. `conditions` is a sum
///   of `IS_OLDER_EPOCH`, `IS_NAMED` and `HAS_CLAIMANT_VANISHED`.
/// - `has_ended(state)`, `is_in_doubt(state)`, `is_unsent(state)`.
/// - `ADMITTED`: the state of a new order before its first claim. `IN_REVIEW`: the state of an order that waits for an
///   operator.
///
/// The rules are code and no table: Redis would build the table again at every call, and a call needs one rule for each
/// order.
pub(super) fn render() -> String {
    let mut code = format!(
        "local IS_OLDER_EPOCH, IS_NAMED, HAS_CLAIMANT_VANISHED = {IS_OLDER_EPOCH}, {IS_NAMED}, {HAS_CLAIMANT_VANISHED}\n\
         local ADMITTED, IN_REVIEW = '{}', '{}'\n\
         local function has_ended(state)\n  return {}\nend\n\
         local function is_in_doubt(state)\n  return {}\nend\n\
         local function is_unsent(state)\n  return {}\nend\n\
         local function claim_rule(state, conditions)\n",
        State::Queued,
        State::Review,
        one_of(State::has_ended),
        one_of(State::is_in_doubt),
        one_of(State::is_unsent),
    );
    for state in State::ALL {
        // Writing to a `String` cannot fail.
        let _ = writeln!(code, "  if state == '{state}' then");
        for conditions in ClaimConditions::ALL {
            let (bits, rule) = (bits(conditions), rule(claim_rule(state, conditions)));
            let _ = writeln!(code, "    if conditions == {bits} then return {rule} end");
        }
        code.push_str("  end\n");
    }
    code + "end\n"
}

/// The condition that `state` is one of these states.
fn one_of(is_one: impl Fn(State) -> bool) -> String {
    let states = State::ALL.into_iter().filter(|state| is_one(*state));
    let states: Vec<_> = states.map(|state| format!("state == '{state}'")).collect();
    states.join(" or ")
}

const fn bits(conditions: ClaimConditions) -> u8 {
    let ClaimConditions {
        is_older_epoch,
        is_named,
        has_claimant_vanished,
    } = conditions;
    is_older_epoch as u8 * IS_OLDER_EPOCH
        + is_named as u8 * IS_NAMED
        + has_claimant_vanished as u8 * HAS_CLAIMANT_VANISHED
}

/// A rule as a Lua table. What does not change is left out.
fn rule(rule: ClaimRule) -> String {
    let ClaimRule {
        state,
        cause,
        attempts,
        checks,
        crashes,
        is_submission,
        epoch_doubt,
    } = rule;
    let mut items = vec![format!("state = '{state}'")];
    items.extend(cause.map(|cause| format!("cause = '{}'", cause.as_str())));
    let counters = [
        ("attempts", attempts),
        ("checks", checks),
        ("crashes", crashes),
    ];
    let raised = counters.into_iter().filter(|(_, by)| *by > 0);
    items.extend(raised.map(|(name, by)| format!("{name} = {by}")));
    if is_submission {
        items.push("is_submission = true".into());
    }
    match epoch_doubt {
        EpochDoubt::Begins => items.push("begins_doubt = true".into()),
        EpochDoubt::Drops => items.push("drops_doubt = true".into()),
        EpochDoubt::Stays => {}
    }
    format!("{{ {} }}", items.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use hp_order::{ClaimConditions, State};

    use super::{bits, render};

    #[test]
    fn claim_rules_cover_every_state_and_condition() {
        let code = render();
        let rules = code.matches("if conditions == ").count();
        assert_eq!(rules, State::ALL.len() * ClaimConditions::ALL.len());
        for state in State::ALL {
            assert!(code.contains(&format!("  if state == '{state}' then")));
        }
        let all: HashSet<_> = ClaimConditions::ALL.into_iter().map(bits).collect();
        assert_eq!(all, (0..8).collect());
    }

    #[test]
    fn claim_rules_are_rendered_as_lua_tables() {
        let code = render();
        let queued = "  if state == 'queued' then\n    \
            if conditions == 0 then return { state = 'submitting', attempts = 1, is_submission = true } end\n    \
            if conditions == 1 then return { state = 'uncertain', cause = 'redis_restarted', attempts = 1, \
            checks = 1, begins_doubt = true } end\n    \
            if conditions == 2 then return { state = 'queued', drops_doubt = true } end\n";
        assert!(code.contains(queued), "{code}");
    }
}
