-- Who gave access again after its end: what the clouds' audit logs say, the alerts that follow, and strikes.

-- How far each log has been read. In the cloud's time, save for when it is read next.
CREATE TABLE lapse.audit_feeds (
  tenant_id    text NOT NULL REFERENCES lapse.tenants,
  connection   text NOT NULL,
  -- activity-log/<subscription>, directory-audits, or subscriptions: which there are.
  feed         text NOT NULL,
  read_to      timestamptz(3) NOT NULL,
  -- In the domain's time; while a worker is at it, when another may take it up.
  next_due_at  timestamptz(3) NOT NULL,
  -- Since when it could not be read, in the domain's time, and why.
  failing_since timestamptz(3),
  last_error   text,
  PRIMARY KEY (tenant_id, connection, feed)
);
CREATE INDEX audit_feeds_due ON lapse.audit_feeds (next_due_at);

-- Lines of those logs that give somebody access, until nobody reads them a second time.
CREATE TABLE lapse.audit_events (
  tenant_id      text NOT NULL REFERENCES lapse.tenants,
  connection     text NOT NULL,
  event_id       text NOT NULL,
  -- SHA-256 of what the lines of one operation have in common.
  operation_key  bytea NOT NULL,
  event          json NOT NULL,
  -- In the domain's time: when it is to be judged; infinity once it was, and for what is no grant by itself.
  next_due_at    timestamptz(3) NOT NULL,
  attempts       integer NOT NULL DEFAULT 0,
  kept_until     timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, connection, event_id)
);
CREATE INDEX audit_events_due ON lapse.audit_events (next_due_at) WHERE next_due_at < 'infinity';
CREATE INDEX audit_events_by_operation ON lapse.audit_events (tenant_id, operation_key);
CREATE INDEX audit_events_kept ON lapse.audit_events (kept_until);

-- A projection of the streams `alert`.
CREATE TABLE lapse.alerts (
  tenant_id     text NOT NULL,
  alert_id      text NOT NULL,
  version       integer NOT NULL CHECK (version > 0),
  state         json NOT NULL,
  kind          text NOT NULL,
  exception_id  text,
  -- SHA-256 of the resource's id in lower case, in hexadecimal digits.
  resource_key  text NOT NULL,
  answered      boolean NOT NULL,
  PRIMARY KEY (tenant_id, alert_id)
);
CREATE INDEX alerts_by_resource ON lapse.alerts (tenant_id, resource_key);
CREATE INDEX alerts_open ON lapse.alerts (tenant_id, alert_id) WHERE NOT answered;

-- Whether privileged access was lost by strikes.
ALTER TABLE lapse.people ADD COLUMN barred boolean NOT NULL DEFAULT false;
CREATE INDEX people_barred ON lapse.people (tenant_id, person_id) WHERE barred;

ALTER TABLE lapse.tasks DROP CONSTRAINT tasks_kind_check;
ALTER TABLE lapse.tasks ADD CONSTRAINT tasks_kind_check
  CHECK (kind IN ('quarantine', 'ledger-diverged', 'chain-decision', 'review-owed',
    'approval-escalated', 'reassign', 'removal', 'finding-unanswered', 'unreached-review', 'warning', 'incident', 'log-unread'));

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['audit_feeds', 'audit_events', 'alerts'] LOOP
    EXECUTE format('ALTER TABLE lapse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON lapse.%I TO lapse_app
      USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant())', name);
    EXECUTE format('CREATE POLICY every_tenant ON lapse.%I TO lapse_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
  -- Where the reading of the logs stands cannot be derived: a restored copy goes on from there.
  FOREACH name IN ARRAY ARRAY['audit_feeds', 'audit_events'] LOOP
    EXECUTE format('CREATE POLICY every_tenant_read ON lapse.%I FOR SELECT TO lapse_backup USING (true)', name);
    EXECUTE format('GRANT SELECT ON lapse.%I TO lapse_backup', name);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON lapse.audit_feeds, lapse.audit_events TO lapse_worker;
-- What a cloud posts is taken in, and never read by who serves requests.
GRANT INSERT ON lapse.audit_events TO lapse_app;
GRANT SELECT, INSERT, UPDATE ON lapse.alerts TO lapse_app, lapse_worker;

-- An alert about a record's access is shown with the record (0015).
CREATE POLICY clearance ON lapse.alerts AS RESTRICTIVE TO lapse_app USING (
  (SELECT lapse.hidden_classifications())::text[] = '{}' OR alerts.exception_id IS NULL OR EXISTS (
    SELECT FROM lapse.exceptions e
    WHERE e.tenant_id = lapse.current_tenant() AND e.exception_id = alerts.exception_id)) WITH CHECK (true);
CREATE POLICY clearance_of_alerts ON lapse.event_payloads AS RESTRICTIVE TO lapse_app USING (
  (SELECT lapse.hidden_classifications())::text[] = '{}' OR stream_type <> 'alert' OR EXISTS (
    SELECT FROM lapse.alerts a WHERE a.tenant_id = lapse.current_tenant()
      AND a.alert_id = event_payloads.stream_id)) WITH CHECK (true);

SELECT lapse.allow_deletion_of_tenants();
