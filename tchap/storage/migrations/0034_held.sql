-- What an operator suspended, or is closing, is opened again by operators alone.

ALTER TABLE administrations ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE administration_domains ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
-- Who decided before is not known here: an operator looks at it.
UPDATE administrations SET held = 1 WHERE status = 'suspended';
UPDATE administration_domains SET held = 1 WHERE status IN ('suspended', 'closing');
