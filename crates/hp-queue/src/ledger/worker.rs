use std::time::{Duration, Instant};

use redis::Value;

use super::Ledger;
use crate::{error::QueueError, fields::FieldReader, rules::millis, script::script};

script! {
    ReportWatermark<'a> = "report_watermark.lua";
    queue: jobs, epoch, workers;
    order: ;
    arguments: resubmit_after: u64, known_epoch: &'a str, known_claim: u64,
        vouched_time: u64, expected_now: u64, old_master: u64, name: &'a str, time: u64;
}

script! {
    ReportAlive<'a> = "report_alive.lua";
    queue: workers;
    order: worker: &'a str;
    arguments: name: &'a str, time: u64, fault: &'a str;
}

impl Ledger {
    /// Reports the latest claim that this process knows of, so that Redis notices if it has lost writes, and learns the
    /// present one. A process that may have claimed orders calls this at least every two seconds.
    pub async fn report_watermark(&self) -> Result<(), QueueError> {
        self.report_watermark_of("", Duration::ZERO).await.map(drop)
    }

    /// Like [`report_watermark`](Self::report_watermark), and reports in the same call that the worker `name`, which
    /// [`report_worker`](Self::report_worker) has announced, is alive for this time. If that is zero, it says nothing about
    /// it. Returns the number of workers that are alive, if the call has counted them.
    pub async fn report_watermark_of(
        &self,
        name: &str,
        time: Duration,
    ) -> Result<Option<usize>, QueueError> {
        let call = {
            let (known, asked_at) = (self.watermark(), Instant::now());
            ReportWatermark {
                resubmit_after: millis(self.rules().policy.resubmit_after),
                known_epoch: &known.epoch,
                known_claim: known.claim,
                vouched_time: known.vouched_time(asked_at),
                expected_now: known.expected_now(asked_at),
                old_master: self.old_master_time(),
                name,
                time: millis(time),
            }
            .call(&self.handle.keys)
        };
        let answer: Value = call.run(&mut self.handle.connection.clone()).await?;
        let answer = FieldReader::new(&answer);
        self.learn(&answer)?;
        answer.parse("workers").map_err(QueueError::Protocol)
    }

    /// Reports that the worker `name` is alive. It counts as alive for this time; zero removes it.
    pub async fn report_alive(&self, name: &str, time: Duration) -> Result<(), QueueError> {
        self.report_worker(name, time, None).await.map(drop)
    }

    /// Like [`report_alive`](Self::report_alive), with the reason why the worker claims no orders, if it claims none. Returns
    /// the number of workers that are alive.
    pub async fn report_worker(
        &self,
        name: &str,
        time: Duration,
        fault: Option<&str>,
    ) -> Result<usize, QueueError> {
        let call = ReportAlive {
            worker: &self.handle.keys.worker(name),
            name,
            time: millis(time),
            fault: fault.unwrap_or_default(),
        }
        .call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }
}
