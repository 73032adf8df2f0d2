-- Clearance: content above what a transaction is cleared for is not there for it. Row-level security
-- sees to that, so that no query can forget it. The worker's login has a policy of its own and sees all.

-- What is not shown. Without a clearance, or with one that is not known: all but what is public.
CREATE FUNCTION lapse.hidden_classifications() RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN CASE current_setting('lapse.clearance', true)
    WHEN 'confidential' THEN ARRAY[]::text[]
    WHEN 'restricted' THEN ARRAY['confidential']
    WHEN 'internal' THEN ARRAY['restricted', 'confidential']
    ELSE ARRAY['internal', 'restricted', 'confidential']
  END;
GRANT EXECUTE ON FUNCTION lapse.hidden_classifications() TO lapse_app, lapse_worker;

-- The list of what is hidden is whole only if there is nothing else.
ALTER TABLE lapse.exceptions ADD CONSTRAINT exceptions_data_classification_check
  CHECK (data_classification IN ('public', 'internal', 'restricted', 'confidential'));

-- With the classification, so that lists find what they show in their indexes as before.
DROP INDEX lapse.exceptions_by_created, lapse.exceptions_by_updated, lapse.exceptions_by_expires,
  lapse.exceptions_by_status_expires, lapse.exceptions_by_status_created,
  lapse.exceptions_by_status_updated, lapse.exceptions_by_activation;
CREATE INDEX exceptions_by_created ON lapse.exceptions (tenant_id, created_at, exception_id)
  INCLUDE (expires_at, status, due_at, data_classification);
CREATE INDEX exceptions_by_updated ON lapse.exceptions (tenant_id, updated_at, exception_id)
  INCLUDE (expires_at, status, due_at, data_classification);
CREATE INDEX exceptions_by_expires ON lapse.exceptions (tenant_id, expires_at, exception_id)
  INCLUDE (created_at, updated_at, status, due_at, data_classification);
CREATE INDEX exceptions_by_status_expires ON lapse.exceptions (tenant_id, status, expires_at, exception_id)
  INCLUDE (due_at, data_classification) WHERE status <> 'Archived';
CREATE INDEX exceptions_by_status_created ON lapse.exceptions (tenant_id, status, created_at, exception_id)
  INCLUDE (data_classification) WHERE status <> 'Archived';
CREATE INDEX exceptions_by_status_updated ON lapse.exceptions (tenant_id, status, updated_at, exception_id)
  INCLUDE (data_classification) WHERE status <> 'Archived';
CREATE INDEX exceptions_by_activation ON lapse.exceptions (tenant_id, activated_at)
  INCLUDE (severity, data_classification) WHERE status IN ('Active', 'Expiring', 'Extended', 'Expired');

-- Counters by classification, so that reports count what is shown. Counted anew, from the register.
TRUNCATE lapse.exception_counts, lapse.exception_count_deltas;
ALTER TABLE lapse.exception_count_deltas ADD COLUMN data_classification text NOT NULL;
ALTER TABLE lapse.exception_counts ADD COLUMN data_classification text NOT NULL,
  DROP CONSTRAINT exception_counts_pkey,
  ADD PRIMARY KEY (tenant_id, facet, value, status, severity, data_classification);
INSERT INTO lapse.exception_counts (tenant_id, facet, value, status, severity, data_classification, count)
SELECT e.tenant_id, f.facet, f.value, f.status, coalesce(e.severity, 'unrated'),
  coalesce(e.data_classification, 'internal'), count(*)
FROM lapse.exceptions e
CROSS JOIN LATERAL (SELECT e.status IN ('Active', 'Expiring', 'Extended', 'Expired') AS is_open) AS o
CROSS JOIN LATERAL (VALUES
    ('category', coalesce(e.category, 'none'), e.status),
    ('environment', coalesce(e.environment, 'none'), e.status),
    ('renewal', least(e.renewal_number, 10)::text, e.status),
    ('evidence', CASE WHEN o.is_open AND e.lacks_evidence THEN 'missing' END, e.status),
    ('activation', CASE WHEN o.is_open THEN (e.activated_at AT TIME ZONE 'UTC')::date::text END, 'open')
  ) AS f(facet, value, status)
WHERE f.value IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6;

-- Policies ----------------------------------------------------------------------------------------

-- Each is restrictive: beside the tenant's, never in place of it. The function is asked once a
-- statement. What nobody has classified yet counts as internal.
CREATE POLICY clearance ON lapse.exceptions AS RESTRICTIVE TO lapse_app
  USING (coalesce(data_classification, 'internal') <> ALL ((SELECT lapse.hidden_classifications())::text[]));
CREATE POLICY clearance ON lapse.exception_counts AS RESTRICTIVE TO lapse_app
  USING (data_classification <> ALL ((SELECT lapse.hidden_classifications())::text[]));
-- A change counts the record as it was as well, which may be above what it is now.
CREATE POLICY clearance ON lapse.exception_count_deltas AS RESTRICTIVE TO lapse_app
  USING (data_classification <> ALL ((SELECT lapse.hidden_classifications())::text[]))
  WITH CHECK (true);

-- What hangs on a record is shown with it; whoever is cleared for everything need not look. It is
-- written before its record is, by whoever may write that.
DO $$
DECLARE
  name text;
  about text;
BEGIN
  FOR name, about IN VALUES
    ('exception_search', 'exception_id'), ('exception_services', 'exception_id'),
    ('exception_owners', 'exception_id'), ('exception_policy_refs', 'exception_id'),
    ('exception_awaited_roles', 'exception_id'), ('exception_chain_places', 'exception_id'),
    ('exception_deadlines', 'exception_id'), ('exception_link_work', 'exception_id'),
    ('comments', 'exception_id'), ('import_keys', 'exception_id'),
    ('tasks', 'CASE subject_type WHEN ''exception'' THEN subject_id END'),
    ('event_payloads', 'CASE stream_type WHEN ''exception'' THEN stream_id END')
  LOOP
    EXECUTE format('CREATE POLICY clearance ON lapse.%I AS RESTRICTIVE TO lapse_app USING (
      (SELECT lapse.hidden_classifications())::text[] = ''{}'' OR %2$s IS NULL OR EXISTS (
        SELECT FROM lapse.exceptions e
        WHERE e.tenant_id = lapse.current_tenant() AND e.exception_id = %2$s)) WITH CHECK (true)',
      name, replace(about, 'exception_id', format('%I.exception_id', name)));
  END LOOP;
END $$;

-- Functions ---------------------------------------------------------------------------------------

-- They run as the owner, for whom no policy holds, so they say themselves what is shown.
CREATE OR REPLACE FUNCTION lapse.search_exceptions(query text) RETURNS SETOF text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 100
BEGIN ATOMIC
  SELECT s.exception_id FROM lapse.exception_search s
  WHERE s.tenant_id = lapse.current_tenant() AND s.search @@ to_tsquery('simple', query)
    AND ((SELECT lapse.hidden_classifications()) = '{}' OR EXISTS (SELECT FROM lapse.exceptions e
      WHERE e.tenant_id = s.tenant_id AND e.exception_id = s.exception_id
        AND coalesce(e.data_classification, 'internal') <> ALL ((SELECT lapse.hidden_classifications())::text[])));
END;

CREATE OR REPLACE FUNCTION lapse.search_finds(exception_id text, query text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp COST 1000
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM lapse.exception_search s
    WHERE s.tenant_id = lapse.current_tenant() AND s.exception_id = search_finds.exception_id
      AND s.search @@ to_tsquery('simple', query)
      AND ((SELECT lapse.hidden_classifications()) = '{}' OR EXISTS (SELECT FROM lapse.exceptions e
        WHERE e.tenant_id = s.tenant_id AND e.exception_id = s.exception_id
          AND coalesce(e.data_classification, 'internal') <> ALL ((SELECT lapse.hidden_classifications())::text[]))));
END;

-- Which of some keys imports have used, whoever may see the records: a key is given once.
CREATE FUNCTION lapse.used_import_keys(keys text[]) RETURNS SETOF text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 100
BEGIN ATOMIC
  SELECT k.import_key FROM lapse.import_keys k
  WHERE k.tenant_id = lapse.current_tenant() AND k.import_key = ANY (keys);
END;
REVOKE ALL ON FUNCTION lapse.used_import_keys(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lapse.used_import_keys(text[]) TO lapse_app;
