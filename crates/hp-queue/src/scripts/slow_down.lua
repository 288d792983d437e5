-- Stops all calls for a while: a front end of HitPoints has asked to send less, in the answer to a call that concerns no
-- claimed order.
-- needs: throttle
--
-- arguments: time  ms
-- answers nothing

slow_down(tonumber(arg_time))
return ''
