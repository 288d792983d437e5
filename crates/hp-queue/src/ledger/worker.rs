use std::time::Duration;

use redis::Value;

use super::{Ledger, watermark::EpochWatermark};
use crate::{error::QueueError, fields::FieldReader, rules::millis, script::script};

script! {
    ReportWatermark<'a> = "report_watermark.lua";
    queue: jobs, epoch;
    order: ;
    arguments: resubmit_after: u64, known_epoch: &'a str, known_claim: u64;
}

script! {
    ReportAlive<'a> = "report_alive.lua";
    queue: workers;
    order: ;
    arguments: name: &'a str, time: u64;
}

impl Ledger {
    /// Reports the latest claim that this process knows of, so that Redis notices if it has lost writes, and learns the
    /// present one. A process that may have claimed orders calls this at least every two seconds.
    pub async fn report_watermark(&self) -> Result<(), QueueError> {
        let call = {
            let known = self.watermark();
            ReportWatermark {
                resubmit_after: millis(self.rules().policy.resubmit_after),
                known_epoch: &known.epoch,
                known_claim: known.claim,
            }
            .call(&self.handle.keys)
        };
        let answer: Value = call.run(&mut self.handle.connection.clone()).await?;
        let watermark = EpochWatermark::read(&FieldReader::new(&answer))?;
        self.watermark().learn(watermark);
        Ok(())
    }

    /// Reports that the worker `name` is alive. It counts as alive for this time; zero removes it.
    pub async fn report_alive(&self, name: &str, time: Duration) -> Result<(), QueueError> {
        let call = ReportAlive {
            name,
            time: millis(time),
        }
        .call(&self.handle.keys);
        let _: String = call.run(&mut self.handle.connection.clone()).await?;
        Ok(())
    }
}
