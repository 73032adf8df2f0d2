-- Which files of evidence lie in the file store. A row comes before its file, and is kept in the
-- transaction of the event that names the file; what is not kept within an hour is swept, first the
-- file, then the row. Times are real: they tell of uploads, not of records.
CREATE TABLE lapse.stored_files (
  tenant_id text NOT NULL REFERENCES lapse.tenants,
  digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
  size bigint NOT NULL CHECK (size > 0),
  claimed_at timestamptz(3) NOT NULL,
  kept_at timestamptz(3),
  -- Since when a sweep is at it; an upload of the same file has to wait.
  sweeping_at timestamptz(3) CHECK (sweeping_at IS NULL OR kept_at IS NULL),
  PRIMARY KEY (tenant_id, digest)
);
CREATE INDEX stored_files_not_kept ON lapse.stored_files (claimed_at) WHERE kept_at IS NULL;

ALTER TABLE lapse.stored_files ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON lapse.stored_files TO lapse_app
  USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant());
CREATE POLICY every_tenant ON lapse.stored_files TO lapse_worker USING (true) WITH CHECK (true);
CREATE POLICY every_tenant_read ON lapse.stored_files FOR SELECT TO lapse_backup USING (true);
GRANT SELECT, INSERT, UPDATE (claimed_at, kept_at) ON lapse.stored_files TO lapse_app;
GRANT SELECT, UPDATE (sweeping_at), DELETE ON lapse.stored_files TO lapse_worker;
GRANT SELECT ON lapse.stored_files TO lapse_backup;
