-- The static key that an agent told when it dialled by this credential: it leaves all tables with the last credential that told it.

ALTER TABLE credential ADD COLUMN public_key TEXT;

-- Where there is one secret only, the key was told by that one.
UPDATE credential SET public_key = (SELECT relay.public_key FROM relay WHERE relay.organisation = credential.organisation AND relay.id = credential.relay)
WHERE relay IS NOT NULL
  AND (SELECT count(*) FROM credential AS other WHERE other.organisation = credential.organisation AND other.relay = credential.relay) = 1;
UPDATE credential SET public_key = (SELECT peer.public_key FROM peer WHERE peer.organisation = credential.organisation AND peer.id = credential.peer AND peer.key_source = 'reported')
WHERE peer IS NOT NULL
  AND (SELECT count(*) FROM credential AS other WHERE other.organisation = credential.organisation AND other.peer = credential.peer) = 1;
