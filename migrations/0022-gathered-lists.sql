-- With the end and the status, as the other orders have them: what ends in a span of time is found in the
-- order of the titles from the index alone.
DROP INDEX lapse.exceptions_by_title;
CREATE INDEX exceptions_by_title ON lapse.exceptions (tenant_id, title, exception_id)
  INCLUDE (expires_at, status, due_at, data_classification);

-- With all that lists sort by: what ends soon is put in any order from this index alone. It has no more
-- than what is not archived.
DROP INDEX lapse.exceptions_by_status_expires;
CREATE INDEX exceptions_by_status_expires ON lapse.exceptions (tenant_id, status, expires_at, exception_id)
  INCLUDE (due_at, data_classification, created_at, updated_at, title) WHERE status <> 'Archived';

-- Text search up to a number of findings, planned anew for every search: what many records have is found
-- sooner by reading on than from the index, which collects all that begins with a word before it gives
-- the first. That takes about ten times what PostgreSQL reckons with.
DROP FUNCTION lapse.search_exceptions(text);
CREATE FUNCTION lapse.search_exceptions(query text, up_to bigint DEFAULT NULL) RETURNS SETOF text
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET plan_cache_mode = force_custom_plan SET cpu_index_tuple_cost = 0.05 ROWS 100
AS $$
DECLARE
  tenant text := lapse.current_tenant();
  hidden text[] := lapse.hidden_classifications();
BEGIN
  IF hidden = '{}' THEN
    RETURN QUERY SELECT s.exception_id FROM lapse.exception_search s
      WHERE s.tenant_id = tenant AND s.search @@ to_tsquery('simple', query) LIMIT up_to;
  ELSE
    RETURN QUERY SELECT s.exception_id FROM lapse.exception_search s
      JOIN lapse.exceptions e USING (tenant_id, exception_id)
      WHERE s.tenant_id = tenant AND s.search @@ to_tsquery('simple', query)
        AND coalesce(e.data_classification, 'internal') <> ALL (hidden) LIMIT up_to;
  END IF;
END $$;
REVOKE ALL ON FUNCTION lapse.search_exceptions(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lapse.search_exceptions(text, bigint) TO lapse_app;

-- About how many records a search finds, by the statistics, which row-level security keeps from others
-- than the owner. Nobody is told: it decides how a list is read. Volatile, since no other may EXPLAIN.
CREATE FUNCTION lapse.reckon_findings(query text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM lapse.exception_search
    WHERE tenant_id = %L AND search @@ to_tsquery(''simple'', %L)', lapse.current_tenant(), query) INTO plan;
  RETURN plan->0->'Plan'->>'Plan Rows';
END $$;
REVOKE ALL ON FUNCTION lapse.reckon_findings(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lapse.reckon_findings(text) TO lapse_app;

-- Whether a search finds one record is asked of its row, where it costs a quarter.
DROP FUNCTION lapse.search_finds(text, text);
