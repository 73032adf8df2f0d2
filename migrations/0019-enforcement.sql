-- Grants: what an exception allows in a cloud, and what Lapse has brought about of it.

-- How a tenant's clouds are reached: a projection of the streams `connection`. Their secrets rest in
-- lapse.secrets.
CREATE TABLE lapse.connections (
  tenant_id  text NOT NULL REFERENCES lapse.tenants,
  name       text NOT NULL,
  version    integer NOT NULL,
  state      json NOT NULL,
  PRIMARY KEY (tenant_id, name)
);

-- A projection of the streams `grant`, with the removal task that a grant has.
CREATE TABLE lapse.grants (
  tenant_id       text NOT NULL,
  grant_id        text NOT NULL,
  exception_id    text NOT NULL,
  version         integer NOT NULL CHECK (version > 0),
  state           json NOT NULL,
  status          text NOT NULL CHECK (status IN
    ('planned', 'applying', 'in-place', 'removing', 'removed', 'failed', 'manual')),
  -- SHA-256 of what it gives, to whom and where, in hexadecimal digits.
  grant_key       text NOT NULL,
  task_id         text,
  task_opened_at  timestamptz(3),
  task_ended_at   timestamptz(3),
  PRIMARY KEY (tenant_id, grant_id)
);
CREATE INDEX grants_by_exception ON lapse.grants (tenant_id, exception_id);
CREATE INDEX grants_by_key ON lapse.grants (tenant_id, grant_key);
CREATE INDEX grants_by_status ON lapse.grants (tenant_id, status, grant_id);
CREATE UNIQUE INDEX grants_by_task ON lapse.grants (tenant_id, task_id) WHERE task_id IS NOT NULL;

-- When a grant is to be looked at next: a row for each that a record lists once it was in force. That
-- a row is there follows from the record; the rest is bookkeeping, and can be lost without loss.
CREATE TABLE lapse.grant_work (
  tenant_id       text NOT NULL,
  exception_id    text NOT NULL,
  grant_id        text NOT NULL,
  -- What limits how many calls are made at once, and how fast.
  lane            text NOT NULL,
  -- In the domain's time; while a worker is at it, when another may take it up.
  next_due_at     timestamptz(3) NOT NULL,
  -- Reads in a row that showed what is wanted, and when it was last looked at.
  reads           integer NOT NULL DEFAULT 0,
  read_at         timestamptz(3),
  last_error      text,
  quarantined_at  timestamptz(3),
  PRIMARY KEY (tenant_id, exception_id, grant_id)
);
CREATE INDEX grant_work_due ON lapse.grant_work (lane, next_due_at) WHERE quarantined_at IS NULL;
CREATE INDEX grant_work_next ON lapse.grant_work (next_due_at) WHERE quarantined_at IS NULL;
CREATE INDEX grant_work_by_grant ON lapse.grant_work (tenant_id, grant_id);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['connections', 'grants', 'grant_work'] LOOP
    EXECUTE format('ALTER TABLE lapse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON lapse.%I TO lapse_app
      USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant())', name);
    EXECUTE format('CREATE POLICY every_tenant ON lapse.%I TO lapse_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
  -- What hangs on a record is shown with it (0015).
  FOREACH name IN ARRAY ARRAY['grants', 'grant_work'] LOOP
    EXECUTE format('CREATE POLICY clearance ON lapse.%1$I AS RESTRICTIVE TO lapse_app USING (
      (SELECT lapse.hidden_classifications())::text[] = ''{}'' OR EXISTS (
        SELECT FROM lapse.exceptions e
        WHERE e.tenant_id = lapse.current_tenant() AND e.exception_id = %1$I.exception_id)) WITH CHECK (true)', name);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON lapse.connections TO lapse_app;
GRANT SELECT ON lapse.connections TO lapse_worker;
GRANT SELECT, INSERT, UPDATE ON lapse.grants, lapse.grant_work TO lapse_app, lapse_worker;

-- A grant's events name what it gives, to whom and where: they are shown with its record. Its id is the
-- record's, with a number.
CREATE FUNCTION lapse.record_of_grant(grant_id text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN 'EXC_' || split_part(substr(grant_id, 5), '-', 1);
GRANT EXECUTE ON FUNCTION lapse.record_of_grant(text) TO lapse_app, lapse_worker;
CREATE POLICY clearance_of_grants ON lapse.event_payloads AS RESTRICTIVE TO lapse_app USING (
  (SELECT lapse.hidden_classifications())::text[] = '{}' OR stream_type <> 'grant' OR EXISTS (
    SELECT FROM lapse.exceptions e WHERE e.tenant_id = lapse.current_tenant()
      AND e.exception_id = lapse.record_of_grant(stream_id))) WITH CHECK (true);

CREATE POLICY clearance_of_grants ON lapse.tasks AS RESTRICTIVE TO lapse_app USING (
  (SELECT lapse.hidden_classifications())::text[] = '{}' OR subject_type <> 'grant' OR EXISTS (
    SELECT FROM lapse.exceptions e WHERE e.tenant_id = lapse.current_tenant()
      AND e.exception_id = lapse.record_of_grant(subject_id))) WITH CHECK (true);
-- Removal that a person has to see to.
ALTER TABLE lapse.tasks DROP CONSTRAINT tasks_kind_check;
ALTER TABLE lapse.tasks ADD CONSTRAINT tasks_kind_check CHECK
  (kind IN ('quarantine', 'ledger-diverged', 'chain-decision', 'review-owed', 'approval-escalated', 'reassign', 'removal'));

-- Who serves requests may keep a connection's secret, beside those of providers (0012).
CREATE POLICY connection_secrets ON lapse.secrets TO lapse_app
  USING (tenant_id = lapse.current_tenant() AND secret_id LIKE 'connection/%')
  WITH CHECK (tenant_id = lapse.current_tenant() AND secret_id LIKE 'connection/%');

SELECT lapse.allow_deletion_of_tenants();

-- Records that were in force before there were grants.
INSERT INTO lapse.grant_work (tenant_id, exception_id, grant_id, lane, next_due_at)
SELECT e.tenant_id, e.exception_id, 'GRT_' || substr(e.exception_id, 5) || '-' || g.number, 'kind:' || lower(g.spec ->> 'kind'), e.updated_at
FROM lapse.exceptions e
CROSS JOIN LATERAL json_array_elements(coalesce(e.fields -> 'grants', '[]')) WITH ORDINALITY AS g (spec, number)
WHERE e.activated_at IS NOT NULL;
