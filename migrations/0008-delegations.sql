-- Who acts for whom, and until when: a projection of the delegations' streams. Whether one is active is
-- read from time, so nothing has to be swept.
CREATE TABLE lapse.delegations (
  tenant_id      text NOT NULL,
  delegation_id  text NOT NULL,
  version        integer NOT NULL CHECK (version > 0),
  state          json NOT NULL,
  ends_at        timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, delegation_id)
);
CREATE INDEX delegations_by_end ON lapse.delegations (tenant_id, ends_at);
ALTER TABLE lapse.delegations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON lapse.delegations TO lapse_app
  USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant());
CREATE POLICY every_tenant ON lapse.delegations TO lapse_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON lapse.delegations TO lapse_app;
GRANT SELECT ON lapse.delegations TO lapse_worker;
