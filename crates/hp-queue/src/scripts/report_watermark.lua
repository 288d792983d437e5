-- Compares the caller's watermark with what Redis knows, so that Redis notices if it has lost writes.
-- needs: present_epoch, answer
--
-- answers by name: epoch, epoch_since, claims_so_far

report_epoch()
return answer
