-- The present day.
-- needs: clock
-- offers: TODAY  in UTC, as text: days since 1970
--         DAY    ms

local DAY = 86400000
local TODAY = text(math.floor(now / DAY))
