CREATE TABLE organisation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    overlay_ipv6 TEXT NOT NULL,
    revision INTEGER NOT NULL,
    next_id INTEGER NOT NULL,
    next_client INTEGER NOT NULL,
    next_resource_ipv4 INTEGER NOT NULL,
    next_resource_ipv6 INTEGER NOT NULL,
    next_subnet INTEGER NOT NULL
);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE relay (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE,
    endpoints TEXT NOT NULL,
    gateway INTEGER NOT NULL CHECK (gateway IN (0, 1)),
    public_key TEXT
);

CREATE TABLE site (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE
);

CREATE TABLE peer (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('connector', 'machine', 'external-client')),
    name TEXT NOT NULL COLLATE NOCASE,
    site INTEGER REFERENCES site (id) DEFERRABLE INITIALLY DEFERRED,
    public_key TEXT,
    key_source TEXT NOT NULL CHECK (key_source IN ('none', 'declared', 'reported', 'generated')),
    sealed_preshared_key TEXT,
    ipv4 TEXT,
    ipv6 TEXT,
    dns TEXT NOT NULL,
    expires INTEGER,
    expired INTEGER NOT NULL CHECK (expired IN (0, 1)),
    draining INTEGER NOT NULL CHECK (draining IN (0, 1)),
    CHECK ((kind = 'connector') = (site IS NOT NULL)),
    CHECK ((kind = 'connector') = (ipv4 IS NULL)),
    CHECK ((kind = 'connector') = (ipv6 IS NULL)),
    CHECK ((key_source = 'none') = (public_key IS NULL))
);

CREATE TABLE resource (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE,
    site INTEGER NOT NULL REFERENCES site (id) DEFERRABLE INITIALLY DEFERRED,
    destination TEXT NOT NULL,
    alias TEXT,
    tcp TEXT NOT NULL,
    udp TEXT NOT NULL,
    icmp INTEGER NOT NULL CHECK (icmp IN (0, 1)),
    overlay_ipv4 TEXT,
    overlay_ipv6 TEXT
);

CREATE TABLE role (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE
);

CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL COLLATE NOCASE
);

CREATE TABLE user_role (
    user INTEGER NOT NULL REFERENCES user (id) DEFERRABLE INITIALLY DEFERRED,
    role INTEGER NOT NULL REFERENCES role (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (user, role)
) WITHOUT ROWID;

CREATE TABLE access (
    resource INTEGER NOT NULL REFERENCES resource (id) DEFERRABLE INITIALLY DEFERRED,
    role INTEGER REFERENCES role (id) DEFERRABLE INITIALLY DEFERRED,
    user INTEGER REFERENCES user (id) DEFERRABLE INITIALLY DEFERRED,
    peer INTEGER REFERENCES peer (id) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((role IS NOT NULL) + (user IS NOT NULL) + (peer IS NOT NULL) = 1),
    UNIQUE (resource, role),
    UNIQUE (resource, user),
    UNIQUE (resource, peer)
);

CREATE TABLE credential (
    id TEXT PRIMARY KEY,
    relay INTEGER REFERENCES relay (id) DEFERRABLE INITIALLY DEFERRED,
    peer INTEGER REFERENCES peer (id) DEFERRABLE INITIALLY DEFERRED,
    hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK ((relay IS NOT NULL) + (peer IS NOT NULL) = 1)
) WITHOUT ROWID;

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    revision INTEGER NOT NULL
);
