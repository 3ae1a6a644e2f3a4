-- How relays are reached by TLS: where the description says so, and what the relay reported.
ALTER TABLE relay ADD COLUMN tls_endpoints TEXT NOT NULL DEFAULT '[]';
ALTER TABLE relay ADD COLUMN tls_port INTEGER;
ALTER TABLE relay ADD COLUMN tls_pin TEXT;
