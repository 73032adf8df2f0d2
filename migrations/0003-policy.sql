-- Packs by digest, for ever: what a request names has to be there for as long as the request is. The
-- text is the pack's canonical JSON, and the digest that of its bytes.
CREATE TABLE lapse.policy_packs (
  tenant_id  text NOT NULL,
  digest     text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
  pack       text NOT NULL,
  PRIMARY KEY (tenant_id, digest)
);

-- Every version of a tenant's policy, a projection of its stream; the newest is in force. A tenant
-- without one goes by the pack that comes with Lapse.
CREATE TABLE lapse.policy_versions (
  tenant_id  text NOT NULL,
  version    integer NOT NULL CHECK (version > 0),
  state      jsonb NOT NULL,
  PRIMARY KEY (tenant_id, version)
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['policy_packs', 'policy_versions']
  LOOP
    EXECUTE format('ALTER TABLE lapse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON lapse.%I TO lapse_app
      USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant())', name);
    EXECUTE format('CREATE POLICY every_tenant ON lapse.%I TO lapse_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;

GRANT SELECT, INSERT ON lapse.policy_packs, lapse.policy_versions TO lapse_app;
GRANT SELECT ON lapse.policy_packs, lapse.policy_versions TO lapse_worker;
CREATE POLICY every_tenant_read ON lapse.policy_packs FOR SELECT TO lapse_backup USING (true);
GRANT SELECT ON lapse.policy_packs TO lapse_backup;
