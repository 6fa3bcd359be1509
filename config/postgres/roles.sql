-- Makes the roles of the database, once, when the image of PostgreSQL fills its volume. The passwords are in files that only the server
-- sees. `eventlake` is the pipeline's: it owns the tables that it makes, and may do nothing else. `reader` reads them.
DO $$
BEGIN
  EXECUTE format('CREATE ROLE eventlake LOGIN PASSWORD %L', pg_read_file('/run/postgres-root/eventlake-password'));
  EXECUTE format('CREATE ROLE reader LOGIN PASSWORD %L', pg_read_file('/run/postgres-root/reader-password'));
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO eventlake', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO reader', current_database());
END
$$;
GRANT USAGE, CREATE ON SCHEMA public TO eventlake;
GRANT USAGE ON SCHEMA public TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE eventlake IN SCHEMA public GRANT SELECT ON TABLES TO reader;
