use hp_api::OrderId;
use hp_order::State;

use super::Control;
use crate::{error::QueueError, script::script};

script! {
    ReportDifference<'a> = "report_difference.lua";
    queue: events;
    order: ;
    arguments: order_id: &'a str, state: &'a str, difference: &'a str;
}

impl Control {
    /// Reports an order that has ended in this state, and about which HitPoints says something else. Changes nothing but
    /// `{hp}:events`.
    pub async fn report_difference(
        &self,
        id: &OrderId,
        state: State,
        difference: &str,
    ) -> Result<(), QueueError> {
        let call = ReportDifference {
            order_id: id.as_str(),
            state: state.as_str(),
            difference,
        }
        .call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }
}
