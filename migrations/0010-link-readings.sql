-- Archived records with links of evidence that are still to be read. A projection, but for when to try
-- next and how often that was done.
CREATE TABLE lapse.exception_link_work (
  tenant_id text NOT NULL,
  exception_id text NOT NULL,
  -- In the domain's time; while a worker is at it, when another may take it up.
  next_at timestamptz(3) NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, exception_id)
);
CREATE INDEX exception_link_work_due ON lapse.exception_link_work (next_at);
ALTER TABLE lapse.exception_link_work ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON lapse.exception_link_work TO lapse_app
  USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant());
CREATE POLICY every_tenant ON lapse.exception_link_work TO lapse_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON lapse.exception_link_work TO lapse_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON lapse.exception_link_work TO lapse_worker;

-- Records that were archived before there was this table.
INSERT INTO lapse.exception_link_work (tenant_id, exception_id, next_at)
SELECT e.tenant_id, e.exception_id, e.updated_at FROM lapse.exceptions e
WHERE e.status = 'Archived' AND EXISTS (
  SELECT FROM (
    SELECT json_array_elements_text(coalesce(e.fields -> 'evidence', '[]')) AS link
    UNION ALL
    SELECT c.evidence ->> 'link'
    FROM json_array_elements(coalesce(e.state -> 'closed' -> 'evidence', '[]')) AS c (evidence)
  ) AS links WHERE link ~* '^https?://');
