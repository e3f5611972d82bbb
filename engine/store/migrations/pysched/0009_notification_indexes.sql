-- Whether a target took anything since something for it was given up.
CREATE INDEX deliveries_delivered ON deliveries (target, id) WHERE state = 'delivered';

-- The list of one script's notifications.
CREATE INDEX notices_by_script ON notices (script);
