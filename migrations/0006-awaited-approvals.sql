-- The roles whose approval a request, or a change of a record in force, still lacks: what waits for whom.
CREATE TABLE lapse.exception_awaited_roles (
  tenant_id text NOT NULL, exception_id text NOT NULL, role text NOT NULL,
  PRIMARY KEY (tenant_id, role, exception_id)
);
CREATE INDEX exception_awaited_roles_by_record ON lapse.exception_awaited_roles (tenant_id, exception_id);
ALTER TABLE lapse.exception_awaited_roles ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON lapse.exception_awaited_roles TO lapse_app
  USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant());
CREATE POLICY every_tenant ON lapse.exception_awaited_roles TO lapse_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON lapse.exception_awaited_roles TO lapse_app, lapse_worker;

-- Requests that waited before there was this table; each asked for one role alone.
INSERT INTO lapse.exception_awaited_roles (tenant_id, exception_id, role)
SELECT DISTINCT e.tenant_id, e.exception_id, r.requirement ->> 'role'
FROM lapse.exceptions e
CROSS JOIN LATERAL json_array_elements(coalesce(
  CASE WHEN e.status = 'Under-Review' THEN e.state -> 'request' -> 'requirements' END,
  e.state -> 'pending_change' -> 'requirements', '[]')) AS r (requirement)
ON CONFLICT DO NOTHING;
