-- The boot of the machine in which a run was given to the runner. Its claim is not synced, so after
-- the machine went down this tells a run that may have started from one that waits.
ALTER TABLE runs ADD COLUMN boot TEXT;
