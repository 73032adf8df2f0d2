-- Since when the approvals that a record lacks could be given: its request or change, or the step that is on.
ALTER TABLE lapse.exceptions ADD COLUMN awaited_since timestamptz(3) NOT NULL DEFAULT 'infinity';

WITH awaited AS (
  SELECT tenant_id, exception_id, status,
    CASE status WHEN 'Under-Review' THEN state -> 'request' ELSE state -> 'pending_change' END AS asked,
    CASE status WHEN 'Under-Review' THEN state -> 'approvals' ELSE state -> 'pending_change' -> 'approvals' END AS approvals
  FROM lapse.exceptions
  WHERE (tenant_id, exception_id) IN (SELECT tenant_id, exception_id FROM lapse.exception_awaited_roles)
), steps AS (
  SELECT a.tenant_id, a.exception_id, coalesce((r ->> 'step')::int, 1) AS step,
    (r ->> 'count')::int > f.given AS is_open, f.newest
  FROM awaited a
  CROSS JOIN LATERAL json_array_elements(a.asked -> 'requirements') AS r
  CROSS JOIN LATERAL (
    SELECT count(*) AS given, max((g ->> 'at')::bigint) AS newest FROM json_array_elements(a.approvals) AS g
    WHERE g ->> 'role' = r ->> 'role' AND g ->> 'consumer' IS NOT DISTINCT FROM r ->> 'consumer'
      AND (r -> 'person' IS NULL OR g -> 'by' ->> 'id' = r -> 'person' ->> 'id'
        OR lower(g -> 'by' ->> 'email') = lower(r -> 'person' ->> 'email'))) AS f
), since AS (
  SELECT a.tenant_id, a.exception_id, greatest(
    (a.asked ->> CASE a.status WHEN 'Under-Review' THEN 'submitted_at' ELSE 'requested_at' END)::bigint,
    (SELECT max(s.newest) FROM steps s WHERE (s.tenant_id, s.exception_id) = (a.tenant_id, a.exception_id)
      AND s.step < (SELECT min(o.step) FROM steps o
        WHERE (o.tenant_id, o.exception_id) = (a.tenant_id, a.exception_id) AND o.is_open))) AS at
  FROM awaited a
)
UPDATE lapse.exceptions e SET awaited_since = to_timestamp(since.at / 1000.0)
FROM since WHERE (e.tenant_id, e.exception_id) = (since.tenant_id, since.exception_id);

CREATE INDEX exceptions_awaited ON lapse.exceptions (tenant_id, awaited_since) WHERE awaited_since < 'infinity';

ALTER TABLE lapse.tasks DROP CONSTRAINT tasks_kind_check;
ALTER TABLE lapse.tasks ADD CONSTRAINT tasks_kind_check
  CHECK (kind IN ('quarantine', 'ledger-diverged', 'chain-decision', 'review-owed', 'approval-escalated'));
