-- Providers of sign-in. Their client secrets rest, sealed, where the ledger's keys do; who serves
-- requests reaches those of providers alone.
CREATE TABLE lapse.providers (
  tenant_id  text NOT NULL REFERENCES lapse.tenants,
  name       text NOT NULL,
  version    integer NOT NULL,
  state      json NOT NULL,
  PRIMARY KEY (tenant_id, name)
);
ALTER TABLE lapse.providers ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON lapse.providers TO lapse_app
  USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant());
CREATE POLICY every_tenant ON lapse.providers TO lapse_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON lapse.providers TO lapse_app;
GRANT SELECT ON lapse.providers TO lapse_worker;

CREATE POLICY provider_secrets ON lapse.secrets TO lapse_app
  USING (tenant_id = lapse.current_tenant() AND secret_id LIKE 'provider/%')
  WITH CHECK (tenant_id = lapse.current_tenant() AND secret_id LIKE 'provider/%');
GRANT SELECT, INSERT, DELETE ON lapse.secrets TO lapse_app;
