-- The operator counts who is new, and finds people by what they are called.
CREATE INDEX person_created ON users.person (created_at);
CREATE INDEX person_username ON users.person (lower(username)) WHERE username <> '';
CREATE INDEX person_phone_number ON users.person (phone) WHERE phone <> '';
