-- How people log in to a resource by SSH, as JSON; no row where nobody does.

CREATE TABLE ssh_resource (
    organisation BIGINT NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    resource BIGINT NOT NULL,
    settings TEXT NOT NULL,
    PRIMARY KEY (organisation, resource),
    FOREIGN KEY (organisation, resource) REFERENCES resource (organisation, id) DEFERRABLE INITIALLY DEFERRED
);
