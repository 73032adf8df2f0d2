-- Providers of sign-in, and their client secrets, sealed: apart from the ledger's keys, so that who
-- serves requests reaches these alone.
CREATE TABLE lapse.providers (
  tenant_id  text NOT NULL REFERENCES lapse.tenants,
  name       text NOT NULL,
  version    integer NOT NULL,
  state      json NOT NULL,
  PRIMARY KEY (tenant_id, name)
);
CREATE TABLE lapse.provider_secrets (
  tenant_id   text NOT NULL REFERENCES lapse.tenants,
  name        text NOT NULL,
  key_id      text NOT NULL,
  nonce       bytea NOT NULL,
  ciphertext  bytea NOT NULL,
  PRIMARY KEY (tenant_id, name)
);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['providers', 'provider_secrets'] LOOP
    EXECUTE format('ALTER TABLE lapse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON lapse.%I TO lapse_app
      USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant())', name);
    EXECUTE format('CREATE POLICY every_tenant ON lapse.%I TO lapse_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;
CREATE POLICY every_tenant_read ON lapse.provider_secrets FOR SELECT TO lapse_backup USING (true);
GRANT SELECT, INSERT, UPDATE ON lapse.providers TO lapse_app;
GRANT SELECT ON lapse.providers TO lapse_worker;
GRANT SELECT, INSERT, DELETE ON lapse.provider_secrets TO lapse_app;
GRANT SELECT ON lapse.provider_secrets TO lapse_backup;
