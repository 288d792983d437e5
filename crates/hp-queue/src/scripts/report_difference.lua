-- Reports that the ledger and HitPoints disagree about an order that has ended. Only an operator can resolve that.
-- needs: clock, events
--
-- arguments: order_id
--            state       the state of the order in the ledger
--            difference  in words
-- answers nothing

add_event('reconcile.difference', arg_order_id, { state = arg_state, difference = arg_difference })
return ''
