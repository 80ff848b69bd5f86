GRANT USAGE ON SCHEMA users TO {app};
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA users TO {app};
GRANT DELETE ON users.login_code, users.session, users.zone TO {app};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA users TO {app};
