-- Compares the caller's watermark with what Redis knows, so that Redis notices if it has lost writes or its clock was set.
-- needs: present_epoch, answer, inbox
--
-- answers by name: as claim_batch for the epoch

-- A producer may have removed the entry with the largest id itself.
repair_inbox()
report_epoch()
return answer
