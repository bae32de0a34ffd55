-- Puts the database back as initdb left it. Runs on both sides before each case.
DO $$
DECLARE
  made record;
BEGIN
  SET LOCAL client_min_messages = error;
  FOR made IN SELECT evtname FROM pg_event_trigger LOOP
    EXECUTE format('DROP EVENT TRIGGER %I', made.evtname);
  END LOOP;
  FOR made IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', made.nspname);
  END LOOP;
  FOR made IN SELECT oid FROM pg_largeobject_metadata LOOP
    PERFORM lo_unlink(made.oid);
  END LOOP;
  FOR made IN SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' LOOP
    EXECUTE format('DROP OWNED BY %I CASCADE', made.rolname);
    EXECUTE format('DROP ROLE %I', made.rolname);
  END LOOP;
  CREATE SCHEMA public;
END
$$;
