-- The application reads the books and writes through the functions, and in no other way.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO {app};
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO {app};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO {app};
