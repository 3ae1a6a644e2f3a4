-- What was enrolled of a host counts in generations: each has a name of its own in host certificates, so that those of an earlier one prove nothing any more.

ALTER TABLE ssh_authority ADD COLUMN next_generation BIGINT NOT NULL DEFAULT 1;
ALTER TABLE ssh_host ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
-- 32 hexadecimal digits by which principals name the host; none until somebody has logged in.
ALTER TABLE ssh_host ADD COLUMN token TEXT;

-- The connector that told of keys that were not taken; none where there are no such keys.
ALTER TABLE ssh_host ADD COLUMN offered_by BIGINT;
ALTER TABLE ssh_host ADD COLUMN offered_trusted TEXT NOT NULL DEFAULT '[]';
UPDATE ssh_host SET offered_by = connector WHERE offered_keys <> '[]';

-- A host that takes new keys has none.
UPDATE ssh_host SET host_keys = '[]', certificates = '[]', certificates_end = NULL, pin = NULL WHERE takes_new_keys = 1;
ALTER TABLE ssh_host DROP COLUMN takes_new_keys;

-- Whose the accounts of a host are. Names outlive their users, as the accounts do.
CREATE TABLE ssh_host_account (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    resource BIGINT NOT NULL,
    name TEXT NOT NULL,
    org_user BIGINT NOT NULL,
    PRIMARY KEY (organisation, resource, name)
);
