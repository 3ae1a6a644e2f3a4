-- One text for SQLite and PostgreSQL. Times are milliseconds since 1970, booleans 0 or 1, lists JSON.
-- What belongs to an organisation goes with it.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    content TEXT NOT NULL
);

CREATE TABLE organisation (
    id $IDENTITY,
    name TEXT NOT NULL,
    overlay_ipv6 TEXT NOT NULL,
    revision BIGINT NOT NULL,
    -- Counts every stored change, also those that no agent could see: who holds another number must read again.
    change_number BIGINT NOT NULL,
    next_id BIGINT NOT NULL,
    next_client BIGINT NOT NULL,
    next_resource_ipv4 BIGINT NOT NULL,
    next_resource_ipv6 BIGINT NOT NULL,
    next_subnet BIGINT NOT NULL
);

CREATE UNIQUE INDEX organisation_name ON organisation (lower(name));

CREATE TABLE relay (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    endpoints TEXT NOT NULL,
    gateway BIGINT NOT NULL CHECK (gateway IN (0, 1)),
    public_key TEXT,
    tls_endpoints TEXT NOT NULL,
    tls_port BIGINT,
    tls_pin TEXT,
    dns_forward TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
);

CREATE TABLE site (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
);

CREATE TABLE org_role (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- Empty for the fixed roles: what these may do is set by the program.
    permissions TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
);

CREATE TABLE org_user (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    email TEXT NOT NULL,
    display_name TEXT,
    disabled BIGINT NOT NULL CHECK (disabled IN (0, 1)),
    PRIMARY KEY (organisation, id)
);

CREATE INDEX org_user_email ON org_user (lower(email));

CREATE TABLE peer (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('connector', 'machine', 'device', 'external-client')),
    name TEXT NOT NULL,
    site BIGINT,
    owner BIGINT,
    device_state TEXT CHECK (device_state IN ('pending', 'approved', 'blocked', 'archived')),
    public_key TEXT,
    key_source TEXT NOT NULL CHECK (key_source IN ('none', 'declared', 'reported', 'generated')),
    sealed_preshared_key TEXT,
    ipv4 TEXT,
    ipv6 TEXT,
    dns TEXT NOT NULL,
    sealed BIGINT NOT NULL CHECK (sealed IN (0, 1)),
    handed_out TEXT,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    expires BIGINT,
    expired BIGINT NOT NULL CHECK (expired IN (0, 1)),
    draining BIGINT NOT NULL CHECK (draining IN (0, 1)),
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation, site) REFERENCES site (organisation, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (organisation, owner) REFERENCES org_user (organisation, id) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((kind = 'connector') = (site IS NOT NULL)),
    CHECK ((kind = 'connector') = (ipv4 IS NULL)),
    CHECK ((kind = 'connector') = (ipv6 IS NULL)),
    CHECK ((kind = 'device') = (device_state IS NOT NULL)),
    CHECK (kind <> 'device' OR owner IS NOT NULL OR device_state = 'archived'),
    CHECK (kind = 'device' OR owner IS NULL),
    CHECK ((key_source = 'none') = (public_key IS NULL))
);

CREATE TABLE resource (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    site BIGINT NOT NULL,
    destination TEXT NOT NULL,
    alias TEXT,
    tcp TEXT NOT NULL,
    udp TEXT NOT NULL,
    icmp BIGINT NOT NULL CHECK (icmp IN (0, 1)),
    overlay_ipv4 TEXT,
    overlay_ipv6 TEXT,
    PRIMARY KEY (organisation, id),
    FOREIGN KEY (organisation, site) REFERENCES site (organisation, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE membership (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    org_user BIGINT NOT NULL,
    org_role BIGINT NOT NULL,
    PRIMARY KEY (organisation, org_user, org_role),
    FOREIGN KEY (organisation, org_user) REFERENCES org_user (organisation, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (organisation, org_role) REFERENCES org_role (organisation, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE resource_grant (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    resource BIGINT NOT NULL,
    org_role BIGINT,
    org_user BIGINT,
    peer BIGINT,
    FOREIGN KEY (organisation, resource) REFERENCES resource (organisation, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (organisation, org_role) REFERENCES org_role (organisation, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (organisation, org_user) REFERENCES org_user (organisation, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (organisation, peer) REFERENCES peer (organisation, id) DEFERRABLE INITIALLY DEFERRED,
    CHECK (CASE WHEN org_role IS NULL THEN 0 ELSE 1 END + CASE WHEN org_user IS NULL THEN 0 ELSE 1 END + CASE WHEN peer IS NULL THEN 0 ELSE 1 END = 1),
    UNIQUE (organisation, resource, org_role),
    UNIQUE (organisation, resource, org_user),
    UNIQUE (organisation, resource, peer)
);

CREATE TABLE credential (
    id TEXT PRIMARY KEY,
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    relay BIGINT,
    peer BIGINT,
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    session BIGINT,
    expires BIGINT,
    FOREIGN KEY (organisation, relay) REFERENCES relay (organisation, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (organisation, peer) REFERENCES peer (organisation, id) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((relay IS NULL) <> (peer IS NULL))
);

CREATE INDEX credential_session ON credential (session);

-- Rows are numbered without gaps, and each hash covers the row and the hash before it.
CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    organisation BIGINT,
    actor TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    revision BIGINT,
    hash TEXT NOT NULL
);

CREATE INDEX audit_organisation ON audit (organisation, number);

-- The end of the chain, sealed with the key outside of the database.
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL,
    hash TEXT NOT NULL,
    seal TEXT NOT NULL
);
