-- The operator's own place: the tenant that the database was set up with. Written down, since what comes
-- first by time would change with a clock.
ALTER TABLE lapse.tenants ADD COLUMN is_operators boolean NOT NULL DEFAULT false;
UPDATE lapse.tenants SET is_operators = true
WHERE tenant_id = (SELECT tenant_id FROM lapse.tenants ORDER BY created_at, tenant_id LIMIT 1);

-- Where a tenant stands: a projection of the stream `tenant`. Its own ledger says that it is suspended
-- or to be deleted; the operator's, which is the first tenant's, what has become of one that is gone.
CREATE TABLE lapse.tenant_standings (
  tenant_id    text NOT NULL REFERENCES lapse.tenants,
  -- The tenant that it is about: the same, or one that is being deleted.
  subject_id   text NOT NULL,
  version      integer NOT NULL,
  state        json NOT NULL,
  deletion     text CHECK (deletion IN ('scheduled', 'begun', 'done')),
  -- 'infinity' where nothing is scheduled.
  deletes_at   timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, subject_id)
);
CREATE INDEX tenant_standings_due ON lapse.tenant_standings (deletes_at) WHERE deletion IN ('scheduled', 'begun');
ALTER TABLE lapse.tenant_standings ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON lapse.tenant_standings TO lapse_app
  USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant());
CREATE POLICY every_tenant ON lapse.tenant_standings TO lapse_worker USING (true) WITH CHECK (true);
GRANT SELECT ON lapse.tenant_standings TO lapse_app;
GRANT SELECT, INSERT, UPDATE ON lapse.tenant_standings TO lapse_worker;

-- The policy of 0001 added up with the one of 0012, so that who serves requests could read the sealed
-- keys of its tenant's ledger too. Providers' secrets are all that it may reach.
DROP POLICY tenant_isolation ON lapse.secrets;

-- The tenant of the transaction, where it is being deleted; NULL otherwise. The ledger of another tenant
-- has to say so, the operator's: no tenant can say it of itself.
CREATE FUNCTION lapse.tenant_being_deleted() RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.subject_id FROM lapse.tenant_standings s
  WHERE s.subject_id = lapse.current_tenant() AND s.tenant_id <> s.subject_id AND s.deletion = 'begun' LIMIT 1;
END;
REVOKE ALL ON FUNCTION lapse.tenant_being_deleted() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lapse.tenant_being_deleted() TO lapse_retention;
GRANT EXECUTE ON FUNCTION lapse.current_tenant() TO lapse_retention;

-- Lets the retention's login take rows of a tenant that is being deleted out of every table, and see
-- nothing of them but whose they are. A migration that adds a table of tenants calls it again.
CREATE FUNCTION lapse.allow_deletion_of_tenants() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'lapse'::regnamespace AND c.relkind = 'r' AND a.attname = 'tenant_id'
      AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'being_deleted')
  LOOP
    -- A subquery, so that it is asked once a statement and not once a row.
    EXECUTE format('CREATE POLICY being_deleted ON lapse.%I TO lapse_retention
      USING (tenant_id = (SELECT lapse.tenant_being_deleted())) WITH CHECK (false)', name);
    EXECUTE format('GRANT SELECT (tenant_id, ctid), DELETE ON lapse.%I TO lapse_retention', name);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION lapse.allow_deletion_of_tenants() FROM PUBLIC;
SELECT lapse.allow_deletion_of_tenants();
GRANT SELECT ON lapse.test_clock TO lapse_retention;

-- Half a tenant could not be restored: a backup waits until none is being deleted.
CREATE FUNCTION lapse.deletion_is_under_way() RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM lapse.tenant_standings s WHERE s.deletion = 'begun');
END;
REVOKE ALL ON FUNCTION lapse.deletion_is_under_way() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lapse.deletion_is_under_way() TO lapse_backup;
