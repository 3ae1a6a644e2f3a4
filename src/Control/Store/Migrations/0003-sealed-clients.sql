-- External clients whose packets go to connectors without being opened on the way.
ALTER TABLE peer ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));
