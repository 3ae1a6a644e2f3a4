-- Who can log in to this server, and how. Times are milliseconds since 1970, booleans 0 or 1, hashes Base64.

CREATE TABLE account (
    id $IDENTITY,
    email TEXT NOT NULL,
    -- The address in lower case.
    email_key TEXT NOT NULL UNIQUE,
    password TEXT,
    sealed_totp TEXT,
    -- Sealed too, while the user has not shown a code of it yet.
    pending_totp TEXT,
    -- The time step of the last code that was taken.
    totp_step BIGINT NOT NULL,
    server_admin BIGINT NOT NULL CHECK (server_admin IN (0, 1)),
    -- An organisation made it, by an invitation or by its own login provider: it counts only in those that took it in.
    confined BIGINT NOT NULL CHECK (confined IN (0, 1)),
    created_at BIGINT NOT NULL
);

CREATE TABLE account_organisation (
    account BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    PRIMARY KEY (account, organisation)
);

CREATE TABLE recovery_code (
    account BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    PRIMARY KEY (account, hash)
);

CREATE TABLE login_session (
    id $IDENTITY,
    account BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('browser', 'command-line')),
    client TEXT NOT NULL,
    address TEXT,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX login_session_account ON login_session (account);

CREATE TABLE known_browser (
    hash TEXT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    used_at BIGINT NOT NULL
);

CREATE TABLE known_address (
    account BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    prefix TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (account, prefix)
);

CREATE TABLE one_time_link (
    hash TEXT PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('setup', 'password')),
    account BIGINT REFERENCES account (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);

CREATE TABLE device_code (
    hash TEXT PRIMARY KEY,
    user_code TEXT NOT NULL UNIQUE,
    client TEXT NOT NULL,
    address TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Earlier than this the next question is too early.
    next_poll_at BIGINT NOT NULL,
    poll_interval BIGINT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('none', 'approved', 'denied')),
    account BIGINT REFERENCES account (id) ON DELETE CASCADE,
    CHECK ((decision = 'approved') = (account IS NOT NULL))
);

CREATE TABLE passkey (
    id TEXT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    sign_count BIGINT NOT NULL,
    transports TEXT NOT NULL,
    user_verified BIGINT NOT NULL CHECK (user_verified IN (0, 1)),
    backup_eligible BIGINT NOT NULL CHECK (backup_eligible IN (0, 1)),
    backed_up BIGINT NOT NULL CHECK (backed_up IN (0, 1)),
    created_at BIGINT NOT NULL
);

CREATE TABLE openid_provider (
    name TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    sealed_secret TEXT,
    organisation TEXT NOT NULL,
    role_claim TEXT,
    roles TEXT NOT NULL,
    creates_users BIGINT NOT NULL CHECK (creates_users IN (0, 1))
);

-- A subject is never given to anybody else by its issuer; an address may be.
CREATE TABLE openid_identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject)
);
