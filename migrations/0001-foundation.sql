-- Everything belongs to lapse_owner, which nobody logs in as. The application and the worker are
-- other roles with rights of their own; row-level security keeps tenants apart from the first table.

CREATE FUNCTION lapse.current_tenant() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN current_setting('lapse.tenant', true);

-- Tenants -----------------------------------------------------------------------------------------

CREATE TABLE lapse.tenants (
  tenant_id   text PRIMARY KEY CHECK (tenant_id ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'),
  name        text NOT NULL,
  -- read-only: the ledger no longer extends the newest checkpoint known outside the database.
  state       text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'read-only')),
  state_note  text,
  created_at  timestamptz(3) NOT NULL
);

CREATE TABLE lapse.tokens (
  tenant_id    text NOT NULL REFERENCES lapse.tenants,
  token_id     text NOT NULL,
  version      integer NOT NULL,
  state        json NOT NULL,
  secret_hash  bytea NOT NULL,
  expires_at   timestamptz(3) NOT NULL,
  revoked_at   timestamptz(3),
  PRIMARY KEY (tenant_id, token_id)
);
CREATE UNIQUE INDEX tokens_by_secret ON lapse.tokens (tenant_id, secret_hash);

-- Journal -----------------------------------------------------------------------------------------

-- Insert-only. The envelope is the canonical leaf of the ledger: bytes, never rebuilt.
CREATE TABLE lapse.events (
  -- No foreign key: it would lock the tenant's row for every event, and row-level security already
  -- keeps a command to a tenant that it has found.
  tenant_id    text NOT NULL,
  stream_type  text NOT NULL,
  stream_id    text NOT NULL,
  version      integer NOT NULL CHECK (version > 0),
  event_id     text NOT NULL,
  envelope     bytea NOT NULL,
  PRIMARY KEY (tenant_id, stream_type, stream_id, version)
);
CREATE UNIQUE INDEX events_by_id ON lapse.events (tenant_id, event_id);

-- Apart from the envelopes, so that content can stay behind clearance and end with its retention. By
-- the events' own key, so that whoever reads streams reads both in one order.
CREATE TABLE lapse.event_payloads (
  tenant_id    text NOT NULL,
  stream_type  text NOT NULL,
  stream_id    text NOT NULL,
  version      integer NOT NULL,
  salt         bytea NOT NULL CHECK (length(salt) = 32),
  -- Kept as it is: compressing a few kilobytes costs every command more than the space is worth.
  payload      text STORAGE EXTERNAL NOT NULL,
  PRIMARY KEY (tenant_id, stream_type, stream_id, version)
);

-- Ledger ------------------------------------------------------------------------------------------

-- Committed but not yet in the tree. The sequencer takes them out in the order of their position.
CREATE TABLE lapse.ledger_pending (
  tenant_id  text NOT NULL,
  position   bigint GENERATED ALWAYS AS IDENTITY,
  event_id   text NOT NULL,
  PRIMARY KEY (tenant_id, position)
);

CREATE TABLE lapse.ledger_leaves (
  tenant_id     text NOT NULL,
  ledger_index  bigint NOT NULL CHECK (ledger_index >= 0),
  stream_type   text NOT NULL,
  stream_id     text NOT NULL,
  version       integer NOT NULL,
  leaf_hash     bytea NOT NULL CHECK (length(leaf_hash) = 32),
  PRIMARY KEY (tenant_id, ledger_index)
);
CREATE UNIQUE INDEX ledger_leaves_by_event
  ON lapse.ledger_leaves (tenant_id, stream_type, stream_id, version);

-- Roots of complete tiles: level 1 and up; level 0 is the leaves themselves.
CREATE TABLE lapse.ledger_nodes (
  tenant_id  text NOT NULL,
  level      smallint NOT NULL CHECK (level > 0),
  position   bigint NOT NULL CHECK (position >= 0),
  hash       bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (tenant_id, level, position)
);

CREATE TABLE lapse.ledger_heads (
  tenant_id  text NOT NULL,
  size       bigint NOT NULL CHECK (size > 0),
  root       bytea NOT NULL CHECK (length(root) = 32),
  frontier   bytea NOT NULL,
  at         timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, size)
);

CREATE TABLE lapse.ledger_checkpoints (
  tenant_id  text NOT NULL,
  size       bigint NOT NULL CHECK (size > 0),
  note       text NOT NULL,
  PRIMARY KEY (tenant_id, size)
);

-- Secrets under envelope encryption: AES-256-GCM under the master key that key_id names.
CREATE TABLE lapse.secrets (
  tenant_id   text NOT NULL REFERENCES lapse.tenants,
  secret_id   text NOT NULL,
  key_id      text NOT NULL,
  nonce       bytea NOT NULL,
  ciphertext  bytea NOT NULL,
  PRIMARY KEY (tenant_id, secret_id)
);

CREATE TABLE lapse.ledger_keys (
  tenant_id   text NOT NULL REFERENCES lapse.tenants,
  origin      text NOT NULL,
  public_key  bytea NOT NULL CHECK (length(public_key) = 32),
  secret_id   text NOT NULL,
  created_at  timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, public_key)
);

-- Epochs after the first, whose key is above: a projection of the ledger's own stream. Each has a log
-- name and a key of its own, whose private half is the secret `ledger-signing-key/<epoch>`.
CREATE TABLE lapse.ledger_epochs (
  tenant_id  text NOT NULL,
  epoch      integer NOT NULL CHECK (epoch > 1),
  state      jsonb NOT NULL,
  PRIMARY KEY (tenant_id, epoch)
);

-- The register: a projection, exactly what folding the events gives ------------------------------

CREATE TABLE lapse.exceptions (
  tenant_id            text NOT NULL,
  exception_id         text NOT NULL,
  version              integer NOT NULL,
  -- What people wrote, apart from the rest of the state: most of a record's bytes, and most
  -- changes of it leave them where they are. As they were written: no query looks into them, and
  -- parsing them here would cost every command.
  fields               json STORAGE EXTERNAL NOT NULL,
  state                json STORAGE EXTERNAL NOT NULL,
  status               text NOT NULL CHECK (status IN ('Draft', 'Under-Review', 'Approved', 'Active',
                         'Expiring', 'Extended', 'Expired', 'Closed', 'Archived')),
  kind                 text NOT NULL,
  title                text NOT NULL,
  category             text,
  control              text,
  environment          text,
  data_classification  text,
  severity             text,
  requestor            text,
  created_at           timestamptz(3) NOT NULL,
  updated_at           timestamptz(3) NOT NULL,
  -- 'infinity' where it does not apply, so that time filters and keysets need no case for NULL.
  activates_at         timestamptz(3) NOT NULL,
  expiring_at          timestamptz(3) NOT NULL,
  expires_at           timestamptz(3) NOT NULL,
  due_at               timestamptz(3) NOT NULL,
  hands_over           boolean NOT NULL,
  -- What reports count by, besides the columns above.
  activated_at         timestamptz(3) NOT NULL,
  renewal_number       integer NOT NULL,
  lacks_evidence       boolean NOT NULL,
  -- With what lists filter by, so that counting their matches reads this index and no record.
  PRIMARY KEY (tenant_id, exception_id) INCLUDE (status, kind, category, control, environment,
    data_classification, severity, activates_at, expiring_at, expires_at, due_at, hands_over)
);
CREATE INDEX exceptions_by_created ON lapse.exceptions (tenant_id, created_at, exception_id);
CREATE INDEX exceptions_by_updated ON lapse.exceptions (tenant_id, updated_at, exception_id);
CREATE INDEX exceptions_by_expires ON lapse.exceptions (tenant_id, expires_at, exception_id);
CREATE INDEX exceptions_by_title ON lapse.exceptions (tenant_id, title, exception_id);
CREATE INDEX exceptions_by_status ON lapse.exceptions (tenant_id, status, expires_at, exception_id);
CREATE INDEX exceptions_by_requestor ON lapse.exceptions (tenant_id, requestor);
-- Ages are counted by day; those that pass a limit of ages on this very day are counted from here.
CREATE INDEX exceptions_by_activation ON lapse.exceptions (tenant_id, activated_at) INCLUDE (severity)
  WHERE status IN ('Active', 'Expiring', 'Extended', 'Expired');

-- A table of its own: a change of the record's row would write it, and its index, again.
CREATE TABLE lapse.exception_search (
  tenant_id text NOT NULL, exception_id text NOT NULL, search tsvector NOT NULL,
  PRIMARY KEY (tenant_id, exception_id)
);
CREATE INDEX exception_search_words ON lapse.exception_search USING gin (search);

CREATE TABLE lapse.exception_services (
  tenant_id text NOT NULL, exception_id text NOT NULL, service text NOT NULL,
  PRIMARY KEY (tenant_id, service, exception_id)
);
CREATE INDEX exception_services_by_record ON lapse.exception_services (tenant_id, exception_id);

CREATE TABLE lapse.exception_owners (
  tenant_id text NOT NULL, exception_id text NOT NULL, owner text NOT NULL,
  PRIMARY KEY (tenant_id, owner, exception_id)
);
CREATE INDEX exception_owners_by_record ON lapse.exception_owners (tenant_id, exception_id);

CREATE TABLE lapse.exception_policy_refs (
  tenant_id text NOT NULL, exception_id text NOT NULL, policy_ref text NOT NULL,
  PRIMARY KEY (tenant_id, policy_ref, exception_id)
);
CREATE INDEX exception_policy_refs_by_record ON lapse.exception_policy_refs (tenant_id, exception_id);

-- Due work: records whose time moves them on. One row a record that has a deadline.
CREATE TABLE lapse.exception_deadlines (
  tenant_id       text NOT NULL,
  exception_id    text NOT NULL,
  next_due_at     timestamptz(3) NOT NULL,
  attempts        integer NOT NULL DEFAULT 0,
  last_error      text,
  quarantined_at  timestamptz(3),
  PRIMARY KEY (tenant_id, exception_id)
);
CREATE INDEX exception_deadlines_due ON lapse.exception_deadlines (next_due_at, tenant_id, exception_id)
  WHERE quarantined_at IS NULL;
CREATE INDEX exception_deadlines_quarantined ON lapse.exception_deadlines (tenant_id, next_due_at)
  WHERE quarantined_at IS NOT NULL;

-- Counters: how many records have what, by stored status. Each change inserts what it adds and takes
-- away, since a row that all changes update would have them wait for one another; due work adds the
-- deltas up into the counts. What holds is always counts and deltas together.
CREATE TABLE lapse.exception_count_deltas (
  tenant_id       text NOT NULL,
  position        bigint GENERATED ALWAYS AS IDENTITY,
  status          text NOT NULL,
  severity        text,
  category        text,
  environment     text,
  renewal_number  integer NOT NULL,
  -- These two of open records alone.
  lacks_evidence  boolean NOT NULL,
  activated_on    date,
  change          integer NOT NULL,
  PRIMARY KEY (tenant_id, position)
);

CREATE TABLE lapse.exception_counts (
  tenant_id  text NOT NULL,
  facet      text NOT NULL CHECK (facet IN ('category', 'environment', 'renewal', 'evidence', 'activation')),
  value      text NOT NULL,
  status     text NOT NULL,
  severity   text NOT NULL,
  -- Below zero for a moment, where a delta is added up before an earlier one.
  count      bigint NOT NULL,
  PRIMARY KEY (tenant_id, facet, value, status, severity)
) WITH (fillfactor = 50);

-- Rows beside the journal ------------------------------------------------------------------------

CREATE TABLE lapse.comments (
  tenant_id     text NOT NULL,
  exception_id  text NOT NULL,
  comment_id    text NOT NULL,
  author_id     text NOT NULL,
  author_name   text NOT NULL,
  body          text NOT NULL,
  created_at    timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, exception_id, comment_id)
);

-- What an import has brought in, by external id, else by digest: the same file changes nothing twice.
CREATE TABLE lapse.import_keys (
  tenant_id     text NOT NULL,
  import_key    text NOT NULL,
  exception_id  text NOT NULL,
  PRIMARY KEY (tenant_id, import_key)
);

CREATE TABLE lapse.idempotency (
  tenant_id   text NOT NULL,
  principal   text NOT NULL,
  method      text NOT NULL,
  path        text NOT NULL,
  key         text NOT NULL,
  body_hash   bytea NOT NULL,
  status      smallint NOT NULL,
  result      jsonb NOT NULL,
  created_at  timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, principal, method, path, key)
);
CREATE INDEX idempotency_by_age ON lapse.idempotency (created_at);

-- What a person has to look at because the machine could not go on.
CREATE TABLE lapse.tasks (
  tenant_id     text NOT NULL,
  task_id       text NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('quarantine', 'ledger-diverged')),
  subject_type  text NOT NULL,
  subject_id    text NOT NULL,
  detail        text NOT NULL,
  opened_at     timestamptz(3) NOT NULL,
  resolved_at   timestamptz(3),
  resolved_by   text,
  PRIMARY KEY (tenant_id, task_id)
);
CREATE UNIQUE INDEX tasks_open ON lapse.tasks (tenant_id, kind, subject_type, subject_id)
  WHERE resolved_at IS NULL;

CREATE TABLE lapse.worker_heartbeats (
  worker_id  text PRIMARY KEY,
  seen_at    timestamptz(3) NOT NULL
);

-- Moves the domain's time in tests. Read only by servers that run with --test-clock.
CREATE TABLE lapse.test_clock (
  singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  offset_ms  bigint NOT NULL DEFAULT 0
);
INSERT INTO lapse.test_clock DEFAULT VALUES;

-- Text search. Behind row-level security only leak-proof operators may use an index, and @@ is not
-- one, so the search runs as the owner with its tenant predicate written out.
CREATE FUNCTION lapse.search_exceptions(query text) RETURNS SETOF text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 100
BEGIN ATOMIC
  SELECT s.exception_id FROM lapse.exception_search s
  WHERE s.tenant_id = lapse.current_tenant() AND s.search @@ to_tsquery('simple', query);
END;

-- Rights ------------------------------------------------------------------------------------------

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['tenants', 'tokens', 'events', 'event_payloads', 'ledger_pending',
    'ledger_leaves', 'ledger_nodes', 'ledger_heads', 'ledger_checkpoints', 'secrets', 'ledger_keys',
    'ledger_epochs', 'exceptions', 'exception_search', 'exception_services', 'exception_owners',
    'exception_policy_refs', 'exception_deadlines', 'exception_count_deltas', 'exception_counts',
    'comments', 'import_keys', 'idempotency', 'tasks']
  LOOP
    EXECUTE format('ALTER TABLE lapse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON lapse.%I TO lapse_app
      USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant())', name);
    EXECUTE format('CREATE POLICY every_tenant ON lapse.%I TO lapse_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA lapse TO lapse_app, lapse_worker, lapse_retention;
REVOKE ALL ON FUNCTION lapse.search_exceptions(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lapse.search_exceptions(text) TO lapse_app;
GRANT EXECUTE ON FUNCTION lapse.current_tenant() TO lapse_app, lapse_worker;

-- The ledger is insert and select alone for everyone who serves requests.
GRANT SELECT ON lapse.tenants TO lapse_app;
GRANT SELECT, INSERT, UPDATE ON lapse.tokens TO lapse_app;
GRANT SELECT, INSERT ON lapse.events, lapse.event_payloads, lapse.ledger_pending TO lapse_app;
GRANT SELECT ON lapse.ledger_leaves, lapse.ledger_nodes, lapse.ledger_heads, lapse.ledger_checkpoints,
  lapse.ledger_keys, lapse.ledger_epochs TO lapse_app;
GRANT SELECT, INSERT, UPDATE ON lapse.exceptions, lapse.exception_search TO lapse_app;
GRANT SELECT, INSERT, DELETE ON lapse.exception_services, lapse.exception_owners,
  lapse.exception_policy_refs TO lapse_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON lapse.exception_deadlines TO lapse_app;
GRANT SELECT, INSERT ON lapse.exception_count_deltas TO lapse_app;
GRANT SELECT ON lapse.exception_counts TO lapse_app;
GRANT SELECT, INSERT ON lapse.comments, lapse.import_keys, lapse.idempotency TO lapse_app;
GRANT SELECT, UPDATE (resolved_at, resolved_by) ON lapse.tasks TO lapse_app;
GRANT SELECT ON lapse.worker_heartbeats TO lapse_app;
GRANT SELECT, UPDATE ON lapse.test_clock TO lapse_app;

GRANT SELECT, INSERT, UPDATE ON lapse.tenants TO lapse_worker;
GRANT SELECT, INSERT ON lapse.events, lapse.event_payloads TO lapse_worker;
GRANT SELECT, INSERT, DELETE ON lapse.ledger_pending TO lapse_worker;
GRANT SELECT, INSERT ON lapse.ledger_leaves, lapse.ledger_nodes, lapse.ledger_heads,
  lapse.ledger_checkpoints, lapse.secrets, lapse.ledger_keys, lapse.ledger_epochs TO lapse_worker;
GRANT SELECT, INSERT, UPDATE ON lapse.exceptions, lapse.exception_search TO lapse_worker;
GRANT SELECT, INSERT, DELETE ON lapse.exception_services, lapse.exception_owners,
  lapse.exception_policy_refs TO lapse_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON lapse.exception_deadlines TO lapse_worker;
GRANT SELECT, INSERT, DELETE ON lapse.exception_count_deltas TO lapse_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON lapse.exception_counts TO lapse_worker;
-- It inserts where an administrator opens an epoch, which takes rights that the application lacks.
GRANT SELECT, INSERT, DELETE ON lapse.idempotency TO lapse_worker;
GRANT SELECT, INSERT, UPDATE ON lapse.tasks TO lapse_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON lapse.worker_heartbeats TO lapse_worker;
GRANT SELECT ON lapse.test_clock TO lapse_worker;

-- `lapse backup` reads what cannot be derived, of every tenant, and can do nothing else.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['tenants', 'events', 'event_payloads', 'ledger_pending',
    'ledger_leaves', 'ledger_nodes', 'ledger_heads', 'ledger_checkpoints', 'secrets', 'ledger_keys',
    'comments', 'import_keys', 'idempotency', 'tasks']
  LOOP
    EXECUTE format('CREATE POLICY every_tenant_read ON lapse.%I FOR SELECT TO lapse_backup USING (true)', name);
    EXECUTE format('GRANT SELECT ON lapse.%I TO lapse_backup', name);
  END LOOP;
END $$;
