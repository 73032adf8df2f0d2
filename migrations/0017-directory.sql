-- Whom and what a directory provisions (SCIM 2.0): the names that people have there, and its groups.
-- Lower case, save for external ids: RFC 7643 compares those to the letter.
ALTER TABLE lapse.people ADD COLUMN user_name text, ADD COLUMN external_id text;
CREATE UNIQUE INDEX people_by_user_name ON lapse.people (tenant_id, user_name);
CREATE UNIQUE INDEX people_by_external_id ON lapse.people (tenant_id, external_id);

CREATE TABLE lapse.groups (
  tenant_id     text NOT NULL REFERENCES lapse.tenants,
  group_id      text NOT NULL,
  version       integer NOT NULL,
  state         json NOT NULL,
  display_name  text NOT NULL,
  external_id   text,
  active        boolean NOT NULL,
  -- Whether roles and clearance follow from it.
  mapped        boolean NOT NULL,
  PRIMARY KEY (tenant_id, group_id)
);
CREATE INDEX groups_by_name ON lapse.groups (tenant_id, display_name);
CREATE INDEX groups_by_external_id ON lapse.groups (tenant_id, external_id);

CREATE TABLE lapse.group_members (
  tenant_id  text NOT NULL,
  group_id   text NOT NULL,
  person_id  text NOT NULL,
  PRIMARY KEY (tenant_id, group_id, person_id)
);
CREATE INDEX group_members_by_person ON lapse.group_members (tenant_id, person_id);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['groups', 'group_members'] LOOP
    EXECUTE format('ALTER TABLE lapse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON lapse.%I TO lapse_app
      USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant())', name);
    EXECUTE format('CREATE POLICY every_tenant ON lapse.%I TO lapse_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON lapse.groups TO lapse_app, lapse_worker;
GRANT SELECT, INSERT, DELETE ON lapse.group_members TO lapse_app, lapse_worker;

ALTER TABLE lapse.tasks DROP CONSTRAINT tasks_kind_check;
ALTER TABLE lapse.tasks ADD CONSTRAINT tasks_kind_check
  CHECK (kind IN ('quarantine', 'ledger-diverged', 'chain-decision', 'review-owed',
    'approval-escalated', 'reassign'));

SELECT lapse.allow_deletion_of_tenants();
