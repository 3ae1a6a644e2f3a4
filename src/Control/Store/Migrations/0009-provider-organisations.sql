-- A login provider belongs to its organisation by number, as all else does, and goes with it: a name may come to be another's.

ALTER TABLE openid_provider RENAME COLUMN organisation TO organisation_name;
ALTER TABLE openid_provider ADD COLUMN organisation BIGINT REFERENCES organisation (id) ON DELETE CASCADE;
UPDATE openid_provider SET organisation = (SELECT id FROM organisation WHERE lower(organisation.name) = lower(openid_provider.organisation_name));
DELETE FROM openid_provider WHERE organisation IS NULL;
ALTER TABLE openid_provider DROP COLUMN organisation_name;
