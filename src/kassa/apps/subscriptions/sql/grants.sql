REVOKE ALL ON ALL FUNCTIONS IN SCHEMA subscriptions FROM PUBLIC;
GRANT USAGE ON SCHEMA subscriptions TO {app};
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA subscriptions TO {app};
GRANT DELETE ON subscriptions.news, subscriptions.request TO {app};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA subscriptions TO {app};
REVOKE UPDATE ON subscriptions.term FROM {app};
