-- Which time a person lives by, where they have said so; else their language tells.
CREATE TABLE users.zone (
    user_id bigint NOT NULL,
    name    text   NOT NULL COLLATE "C",             -- as the time zone database has it
    CONSTRAINT zone_user PRIMARY KEY (user_id),
    CONSTRAINT zone_person FOREIGN KEY (user_id) REFERENCES users.person (id),
    CONSTRAINT zone_name CHECK (length(name) BETWEEN 1 AND 100)
);
