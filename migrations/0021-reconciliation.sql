-- Reconciliation: the clouds against the register, and what they do not agree about.

-- A projection of the streams `finding`.
CREATE TABLE lapse.findings (
  tenant_id     text NOT NULL,
  finding_id    text NOT NULL,
  version       integer NOT NULL CHECK (version > 0),
  state         json NOT NULL,
  kind          text NOT NULL CHECK (kind IN
    ('overdue', 'unregistered', 'missing', 'changed', 'out-of-use', 'owner-unknown')),
  status        text NOT NULL CHECK (status IN ('open', 'answered', 'solved')),
  -- SHA-256 of what it gives, to whom and where, in hexadecimal digits.
  grant_key     text NOT NULL,
  exception_id  text,
  PRIMARY KEY (tenant_id, finding_id)
);
-- The same is found once, however often and by whomever it is looked for.
CREATE UNIQUE INDEX findings_unsolved ON lapse.findings (tenant_id, grant_key, kind) WHERE status <> 'solved';
CREATE INDEX findings_by_key ON lapse.findings (tenant_id, grant_key);
CREATE INDEX findings_by_status ON lapse.findings (tenant_id, status, finding_id);
CREATE INDEX findings_by_kind ON lapse.findings (tenant_id, kind, finding_id);

-- When a finding is to be looked at next. That a row is there follows from the finding; the rest is
-- bookkeeping, and can be lost without loss.
CREATE TABLE lapse.finding_work (
  tenant_id       text NOT NULL,
  finding_id      text NOT NULL,
  -- In the domain's time; while a worker is at it, when another may take it up.
  next_due_at     timestamptz(3) NOT NULL,
  looked_at       timestamptz(3),
  last_error      text,
  quarantined_at  timestamptz(3),
  PRIMARY KEY (tenant_id, finding_id)
);
CREATE INDEX finding_work_due ON lapse.finding_work (next_due_at) WHERE quarantined_at IS NULL;

-- When a tenant's clouds are compared next; a row for each tenant, made again where it is lost.
CREATE TABLE lapse.reconciliation_schedule (
  tenant_id     text PRIMARY KEY REFERENCES lapse.tenants,
  next_due_at   timestamptz(3) NOT NULL,
  -- A connection works again after failures: whatever its schedule says.
  after_outage  boolean NOT NULL DEFAULT false
);
CREATE INDEX reconciliation_schedule_due ON lapse.reconciliation_schedule (next_due_at);

-- Connections through which nothing has worked of late; no row for one that works.
CREATE TABLE lapse.connection_health (
  tenant_id      text NOT NULL REFERENCES lapse.tenants,
  connection     text NOT NULL,
  failing_since  timestamptz(3) NOT NULL,
  -- When it is tried again where nothing else is due.
  probe_at       timestamptz(3) NOT NULL,
  message        text NOT NULL,
  PRIMARY KEY (tenant_id, connection)
);
CREATE INDEX connection_health_due ON lapse.connection_health (probe_at);

-- Reports, one for each comparison. They are kept.
CREATE TABLE lapse.reconciliations (
  tenant_id          text NOT NULL REFERENCES lapse.tenants,
  reconciliation_id  text NOT NULL,
  cause              text NOT NULL CHECK (cause IN ('scheduled', 'asked', 'after-outage')),
  asked_by           text,
  previous_id        text,
  started_at         timestamptz(3) NOT NULL,
  -- Since when its scopes are known.
  planned_at         timestamptz(3),
  finished_at        timestamptz(3),
  -- While it is not finished, when a worker may take up its end.
  next_due_at        timestamptz(3) NOT NULL,
  -- Whether everything was read to its end.
  is_complete        boolean,
  -- Removals of Lapse's own since the report before, and those of them that failed.
  removals           integer NOT NULL DEFAULT 0,
  failed_removals    integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, reconciliation_id)
);
CREATE UNIQUE INDEX reconciliations_under_way ON lapse.reconciliations (tenant_id) WHERE finished_at IS NULL;
CREATE INDEX reconciliations_due ON lapse.reconciliations (next_due_at) WHERE finished_at IS NULL;

-- What a report has read, by connection and scope (a subscription, a group).
CREATE TABLE lapse.reconciliation_scopes (
  tenant_id          text NOT NULL,
  reconciliation_id  text NOT NULL,
  connection         text NOT NULL,
  scope              text NOT NULL,
  kinds              text[] NOT NULL,
  state              text NOT NULL CHECK (state IN ('waiting', 'read', 'incomplete')),
  next_due_at        timestamptz(3) NOT NULL,
  -- Whose claim it is: one that was overtaken writes no more.
  claim_id           text,
  attempts           integer NOT NULL DEFAULT 0,
  checked            integer NOT NULL DEFAULT 0,
  -- The kinds that were read to their end, and why others were not.
  read_kinds         text[] NOT NULL DEFAULT '{}',
  message            text,
  PRIMARY KEY (tenant_id, reconciliation_id, connection, scope),
  FOREIGN KEY (tenant_id, reconciliation_id) REFERENCES lapse.reconciliations
);
CREATE INDEX reconciliation_scopes_due ON lapse.reconciliation_scopes (next_due_at) WHERE state = 'waiting';

-- The findings of a report, and how each stood in it.
CREATE TABLE lapse.reconciliation_findings (
  tenant_id          text NOT NULL,
  reconciliation_id  text NOT NULL,
  finding_id         text NOT NULL,
  standing           text NOT NULL CHECK (standing IN ('new', 'open', 'solved')),
  connection         text NOT NULL,
  scope              text NOT NULL,
  PRIMARY KEY (tenant_id, reconciliation_id, finding_id),
  FOREIGN KEY (tenant_id, reconciliation_id) REFERENCES lapse.reconciliations
);

-- The last comparison that has seen a grant in its cloud.
ALTER TABLE lapse.grant_work ADD COLUMN listed_in text;
-- Whether something in a cloud is a registered grant with a wider scope.
CREATE INDEX grants_by_subject ON lapse.grants (tenant_id, lower(state #>> '{spec,subject}'));

ALTER TABLE lapse.tasks DROP CONSTRAINT tasks_kind_check;
ALTER TABLE lapse.tasks ADD CONSTRAINT tasks_kind_check CHECK (kind IN
  ('quarantine', 'ledger-diverged', 'chain-decision', 'review-owed', 'approval-escalated', 'reassign', 'removal',
   'finding-unanswered', 'unreached-review'));

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['findings', 'finding_work', 'reconciliation_schedule', 'connection_health',
    'reconciliations', 'reconciliation_scopes', 'reconciliation_findings'] LOOP
    EXECUTE format('ALTER TABLE lapse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON lapse.%I TO lapse_app
      USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant())', name);
    EXECUTE format('CREATE POLICY every_tenant ON lapse.%I TO lapse_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['reconciliations', 'reconciliation_scopes', 'reconciliation_findings'] LOOP
    EXECUTE format('CREATE POLICY every_tenant_read ON lapse.%I FOR SELECT TO lapse_backup USING (true)', name);
    EXECUTE format('GRANT SELECT ON lapse.%I TO lapse_backup', name);
  END LOOP;
  -- What is found of a record is shown with it (0015), and what hangs on a finding with that.
  CREATE POLICY clearance ON lapse.findings AS RESTRICTIVE TO lapse_app USING (
    (SELECT lapse.hidden_classifications())::text[] = '{}' OR exception_id IS NULL OR EXISTS (
      SELECT FROM lapse.exceptions e
      WHERE e.tenant_id = lapse.current_tenant() AND e.exception_id = findings.exception_id)) WITH CHECK (true);
  FOREACH name IN ARRAY ARRAY['finding_work', 'reconciliation_findings'] LOOP
    EXECUTE format('CREATE POLICY clearance ON lapse.%1$I AS RESTRICTIVE TO lapse_app USING (
      (SELECT lapse.hidden_classifications())::text[] = ''{}'' OR EXISTS (
        SELECT FROM lapse.findings f
        WHERE f.tenant_id = lapse.current_tenant() AND f.finding_id = %1$I.finding_id)) WITH CHECK (true)', name);
  END LOOP;
END $$;
CREATE POLICY clearance_of_findings ON lapse.event_payloads AS RESTRICTIVE TO lapse_app USING (
  (SELECT lapse.hidden_classifications())::text[] = '{}' OR stream_type <> 'finding' OR EXISTS (
    SELECT FROM lapse.findings f WHERE f.tenant_id = lapse.current_tenant()
      AND f.finding_id = event_payloads.stream_id)) WITH CHECK (true);
CREATE POLICY clearance_of_findings ON lapse.tasks AS RESTRICTIVE TO lapse_app USING (
  (SELECT lapse.hidden_classifications())::text[] = '{}' OR subject_type <> 'finding' OR EXISTS (
    SELECT FROM lapse.findings f WHERE f.tenant_id = lapse.current_tenant()
      AND f.finding_id = tasks.subject_id)) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON lapse.findings, lapse.finding_work TO lapse_app, lapse_worker;
GRANT SELECT ON lapse.reconciliation_scopes, lapse.reconciliation_findings TO lapse_app;
GRANT SELECT, INSERT ON lapse.reconciliations TO lapse_app;
GRANT SELECT, INSERT, UPDATE ON lapse.reconciliation_schedule, lapse.reconciliations,
  lapse.reconciliation_scopes, lapse.reconciliation_findings TO lapse_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON lapse.connection_health TO lapse_worker;

SELECT lapse.allow_deletion_of_tenants();
