-- Chains of renewals. Each request takes places in its lineage: the key of what it covers, with a
-- number. That no two records have one place is what keeps a key to one chain, whoever submits at
-- the same moment; it is checked where it is written, so nobody has to look first.
CREATE TABLE lapse.exception_chain_places (
  tenant_id     text NOT NULL,
  exception_id  text NOT NULL,
  -- In the order of bytes, so that the newest record of a key is the last of a range.
  place         text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, place)
);
CREATE INDEX exception_chain_places_by_record ON lapse.exception_chain_places (tenant_id, exception_id);

ALTER TABLE lapse.exception_chain_places ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON lapse.exception_chain_places TO lapse_app
  USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant());
CREATE POLICY every_tenant ON lapse.exception_chain_places TO lapse_worker
  USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON lapse.exception_chain_places TO lapse_app, lapse_worker;

-- A command on a record may come upon a decision that fell due before the worker did.
ALTER TABLE lapse.tasks DROP CONSTRAINT tasks_kind_check;
ALTER TABLE lapse.tasks ADD CONSTRAINT tasks_kind_check
  CHECK (kind IN ('quarantine', 'ledger-diverged', 'chain-decision'));
GRANT INSERT ON lapse.tasks TO lapse_app;
