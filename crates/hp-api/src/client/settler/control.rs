use std::future::{Future, ready};

use crate::model::FetchCards;

/// Names the control: an order that the vendor has charged, best the last one.
pub trait ControlOrder: Sync {
    /// Returns the order, or `None` if no order is known to be charged. Then the product list is the control, which proves
    /// less.
    ///
    /// # Errors
    /// The reason why it is not known whether there is such an order.
    fn control_order(&self) -> impl Future<Output = Result<Option<FetchCards>, String>> + Send;
}

impl ControlOrder for Option<FetchCards> {
    fn control_order(&self) -> impl Future<Output = Result<Option<FetchCards>, String>> + Send {
        ready(Ok(self.clone()))
    }
}

impl ControlOrder for FetchCards {
    fn control_order(&self) -> impl Future<Output = Result<Option<FetchCards>, String>> + Send {
        ready(Ok(Some(self.clone())))
    }
}
