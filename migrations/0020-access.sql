-- When somebody last showed who they are, by real time: at the provider, as far as it says, or with a
-- one-time link. What gives access asks for it (ADR 0042). Sessions from before have none.
ALTER TABLE lapse.sessions ADD COLUMN authenticated_at timestamptz(3);

-- What people have done with tasks: a row follows from the ledger. The tasks themselves are rows beside it.
CREATE TABLE lapse.task_acts (
  tenant_id  text NOT NULL REFERENCES lapse.tenants,
  task_id    text NOT NULL,
  version    integer NOT NULL,
  state      json NOT NULL,
  PRIMARY KEY (tenant_id, task_id)
);
ALTER TABLE lapse.task_acts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON lapse.task_acts TO lapse_app
  USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant());
CREATE POLICY every_tenant ON lapse.task_acts TO lapse_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON lapse.task_acts TO lapse_app, lapse_worker;

SELECT lapse.allow_deletion_of_tenants();
