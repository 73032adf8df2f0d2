-- Lists at a million records: each status by itself in the order of a sort, so that a page reads as
-- many entries as it shows, however many records are over. What is archived is nearly all of an old
-- register; its pages come from the indexes of all records.
DROP INDEX lapse.exceptions_by_status;
CREATE INDEX exceptions_by_status_expires ON lapse.exceptions (tenant_id, status, expires_at, exception_id)
  INCLUDE (due_at) WHERE status <> 'Archived';
CREATE INDEX exceptions_by_status_created ON lapse.exceptions (tenant_id, status, created_at, exception_id)
  WHERE status <> 'Archived';
CREATE INDEX exceptions_by_status_updated ON lapse.exceptions (tenant_id, status, updated_at, exception_id)
  WHERE status <> 'Archived';

-- With the end and the status, so that what ends in a span of time, or is archived, is found in the order
-- of another time from an index alone.
DROP INDEX lapse.exceptions_by_created, lapse.exceptions_by_updated, lapse.exceptions_by_expires;
CREATE INDEX exceptions_by_created ON lapse.exceptions (tenant_id, created_at, exception_id)
  INCLUDE (expires_at, status, due_at);
CREATE INDEX exceptions_by_updated ON lapse.exceptions (tenant_id, updated_at, exception_id)
  INCLUDE (expires_at, status, due_at);
CREATE INDEX exceptions_by_expires ON lapse.exceptions (tenant_id, expires_at, exception_id)
  INCLUDE (created_at, updated_at, status, due_at);

-- With what lists sort by, so that the matches of a narrow filter are put in order from this index alone.
ALTER TABLE lapse.exceptions DROP CONSTRAINT exceptions_pkey;
ALTER TABLE lapse.exceptions ADD CONSTRAINT exceptions_pkey PRIMARY KEY (tenant_id, exception_id)
  INCLUDE (status, kind, category, control, environment, data_classification, severity, created_at,
    updated_at, activates_at, expiring_at, expires_at, due_at, hands_over);

-- Whether a search finds one record: what a list that walks its sort order asks where a search finds
-- too many to sort. As the owner, like search_exceptions.
CREATE FUNCTION lapse.search_finds(exception_id text, query text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp COST 1000
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM lapse.exception_search s
    WHERE s.tenant_id = lapse.current_tenant() AND s.exception_id = search_finds.exception_id
      AND s.search @@ to_tsquery('simple', query));
END;
REVOKE ALL ON FUNCTION lapse.search_finds(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lapse.search_finds(text, text) TO lapse_app;
