-- Login sessions that were ended for a reason that their holders are told; until they would have ended by themselves.

CREATE TABLE ended_session (
    token_hash TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    until BIGINT NOT NULL
);
