-- Pipelines and services that sign in with their platform's token. There is no secret to keep.
CREATE TABLE lapse.workloads (
  tenant_id    text NOT NULL REFERENCES lapse.tenants,
  workload_id  text NOT NULL,
  version      integer NOT NULL,
  state        json NOT NULL,
  PRIMARY KEY (tenant_id, workload_id)
);
ALTER TABLE lapse.workloads ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON lapse.workloads TO lapse_app
  USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant());
CREATE POLICY every_tenant ON lapse.workloads TO lapse_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON lapse.workloads TO lapse_app;
GRANT SELECT ON lapse.workloads TO lapse_worker;
