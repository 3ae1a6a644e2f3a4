-- The CAs by which hosts let people in, the hosts, and the certificates that are still valid. Times are milliseconds since 1970, booleans 0 or 1, lists JSON.

CREATE TABLE ssh_authority (
    organisation BIGINT PRIMARY KEY REFERENCES organisation (id) ON DELETE CASCADE,
    -- Its name on hosts, for ever: 32 hexadecimal digits.
    name TEXT NOT NULL,
    next_serial BIGINT NOT NULL
);

CREATE TABLE ssh_authority_key (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    -- Counts upwards from the first.
    number BIGINT NOT NULL,
    public_key TEXT NOT NULL,
    sealed_private_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, number)
);

CREATE TABLE ssh_host (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    resource BIGINT NOT NULL,
    -- The one that was good last.
    connector BIGINT NOT NULL,
    host_keys TEXT NOT NULL,
    trusted TEXT NOT NULL,
    pin TEXT,
    error TEXT,
    contact_at BIGINT NOT NULL,
    certificates TEXT NOT NULL,
    certificates_end BIGINT,
    takes_new_keys BIGINT NOT NULL CHECK (takes_new_keys IN (0, 1)),
    offered_keys TEXT NOT NULL,
    offered_pin TEXT,
    PRIMARY KEY (organisation, resource)
);

CREATE TABLE ssh_account (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    org_user BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (organisation, org_user),
    UNIQUE (organisation, name)
);

-- Of the last minutes only.
CREATE TABLE ssh_certificate (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    serial BIGINT NOT NULL,
    org_user BIGINT NOT NULL,
    device BIGINT NOT NULL,
    resource BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    revoked BIGINT NOT NULL CHECK (revoked IN (0, 1)),
    PRIMARY KEY (organisation, serial)
);
