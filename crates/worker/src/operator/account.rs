use hp_queue::{Account, AccountSwitch, Handle};
use serde_json::json;

use crate::{
    config::Config,
    terminal::{CommandError, CommandResult, escape_control, format::print_json, outln},
};

/// How an operator switches the account.
#[derive(Clone, Debug)]
pub(crate) struct SwitchOptions {
    pub(crate) by: String,
    pub(crate) why: String,
    /// Orders that may be charged on the old account move to review.
    pub(crate) move_to_review: bool,
    pub(crate) json: bool,
}

/// Shows the account of the queue.
pub(crate) async fn show(config: &Config, as_json: bool) -> CommandResult {
    let (_, terms) = config.handle_with_terms().await?;
    let account = terms.account.as_ref().map(Account::as_str);
    if as_json {
        print_json(&json!({ "account": account }))?;
    } else {
        let none = "none yet: the queue gets that of the first `worker run`";
        outln!("{}", escape_control(account.unwrap_or(none)))?;
    }
    Ok(true)
}

/// Gives the queue the account of these settings. Returns `false` if orders in doubt prevent it.
pub(crate) async fn switch(config: &Config, options: &SwitchOptions) -> CommandResult {
    let (handle, terms) = config.handle_with_terms().await?;
    let agreement = config.agreement()?;
    let new = agreement.account();
    let Some(old) = terms.account else {
        return Err("this queue has no account yet: it gets that of the first `worker run`".into());
    };
    if old == *new {
        return Err(already(new));
    }
    let switched = ask(&handle, &old, new, options).await?;
    if options.json {
        print_switch_as_json(&old, new, &switched)?;
    } else {
        print_switch(&old, new, &switched)?;
    }
    Ok(switched.is_switched)
}

async fn ask(
    handle: &Handle,
    old: &Account,
    new: &Account,
    options: &SwitchOptions,
) -> Result<AccountSwitch, CommandError> {
    let (by, why) = (options.by.as_str(), options.why.as_str());
    let switched = handle.switch_account(old, new, (by, why), options.move_to_review);
    let switched = switched.await?;
    if !switched.is_switched && switched.in_doubt == 0 {
        return Err(
            "another operator has switched the account just now; check `worker account show`"
                .into(),
        );
    }
    Ok(switched)
}

fn already(account: &Account) -> CommandError {
    format!("the queue has the account {account} already. This command gives it the account of its own settings: set api.base_url and api.app_id to the new account").into()
}

fn print_switch_as_json(
    old: &Account,
    new: &Account,
    switched: &AccountSwitch,
) -> Result<(), CommandError> {
    let orders = switched.orders.iter();
    let orders: Vec<_> = orders
        .map(|order| json!({ "order_id": order.order_id, "state": order.state }))
        .collect();
    Ok(print_json(&json!({
        "switched": switched.is_switched, "from": old, "to": new,
        "in_doubt": switched.in_doubt, "orders": orders,
    }))?)
}

fn print_switch(old: &Account, new: &Account, switched: &AccountSwitch) -> std::io::Result<()> {
    for order in &switched.orders {
        outln!("{}  {}", escape_control(&order.order_id), order.state)?;
    }
    let (in_doubt, named) = (switched.in_doubt, switched.orders.len());
    if in_doubt > named {
        outln!("and {} more", in_doubt - named)?;
    }
    if !switched.is_switched {
        return outln!(
            "not switched: {in_doubt} orders may be charged on {old}, and only that account can tell. Run `worker pause`, wait until its workers have settled them, and resolve those in review; or move them all to review with --move-to-review"
        );
    }
    if in_doubt > 0 {
        outln!("{in_doubt} orders are in review: resolve each with the settings of {old}")?;
    }
    outln!("switched from {old} to {new}: restart the workers with the settings of {new}")
}
