-- What is shown once and kept as a hash: keys of programs, invitations of people, keys by which machines provision themselves.

CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    -- The user who made it: not a foreign key, since the key outlives the user as a record, and opens nothing then.
    maker BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires BIGINT,
    last_used BIGINT
);

CREATE UNIQUE INDEX api_key_name ON api_key (organisation, lower(name));

CREATE TABLE invitation (
    id TEXT PRIMARY KEY,
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    roles TEXT NOT NULL,
    hash TEXT NOT NULL,
    maker BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX invitation_organisation ON invitation (organisation);

CREATE TABLE provisioning_key (
    id TEXT PRIMARY KEY,
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('connector', 'machine')),
    site BIGINT,
    maximum_uses BIGINT NOT NULL,
    uses BIGINT NOT NULL CHECK (uses <= maximum_uses),
    approval BIGINT NOT NULL CHECK (approval IN (0, 1)),
    -- Null: the operator on the box made it. Else the user without whose rights it makes nothing.
    maker BIGINT,
    created_at BIGINT NOT NULL,
    expires BIGINT,
    CHECK ((kind = 'connector') = (site IS NOT NULL))
);

CREATE UNIQUE INDEX provisioning_key_name ON provisioning_key (organisation, lower(name));

-- What an organisation has decided that is no part of its network.
CREATE TABLE organisation_option (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (organisation, name)
);
