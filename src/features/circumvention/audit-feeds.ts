import type { Transaction } from '../../platform/db/transaction.ts';

/** A log that is read, and how far it was. */
export interface AuditFeed {
  readonly tenantId: string;
  readonly connection: string;
  /** `activity-log/<subscription>`, `directory-audits`, or `subscriptions`. */
  readonly feed: string;
  /** In the cloud's time, epoch milliseconds. */
  readonly readTo: number;
}

/** How long a worker may be at a log; after that another takes it up. */
const CLAIM = "interval '5 minutes'";
const AT_ONCE = 20;
/** How long a log may be unreadable until a person is told. */
const TOLD_AFTER = "interval '1 hour'";

// Which logs the connections in use have: those of the subscriptions that they name, or else of those
// that the cloud lists; the directory's where the register, or the connection, has groups.
const WANTED = `
  SELECT c.tenant_id, c.name AS connection, f.feed
  FROM lapse.connections c
  CROSS JOIN LATERAL (
    SELECT 'activity-log/' || lower(s) AS feed
    FROM json_array_elements_text(c.state->'settings'->'subscriptions') AS s
    UNION ALL
    SELECT 'subscriptions' WHERE json_array_length(c.state->'settings'->'subscriptions') = 0
    UNION ALL
    SELECT 'directory-audits' WHERE json_array_length(c.state->'settings'->'groups') > 0 OR EXISTS (
      SELECT FROM lapse.grant_work w
      WHERE w.tenant_id = c.tenant_id AND w.lane = 'graph' AND w.quarantined_at IS NULL)
  ) AS f
  WHERE c.state->'settings'->>'connector' = 'azure' AND (c.state->>'active')::boolean`;

/**
 * Brings the rows in line with the connections in use. What is new is read from `realNow` on; what was
 * before is reconciliation's.
 */
export async function arrangeFeeds(tx: Transaction, realNow: number): Promise<void> {
  const now = await tx.now;
  await Promise.all([
    tx.query(
      `INSERT INTO lapse.audit_feeds (tenant_id, connection, feed, read_to, next_due_at)
       SELECT w.tenant_id, w.connection, w.feed, to_timestamp($1::double precision / 1000),
         to_timestamp($2::double precision / 1000)
       FROM (${WANTED}) AS w
       WHERE NOT EXISTS (SELECT FROM lapse.audit_feeds f WHERE f.tenant_id = w.tenant_id
         AND f.connection = w.connection AND f.feed = w.feed)
       ON CONFLICT DO NOTHING`,
      [realNow, now],
    ),
    tx.query(
      `WITH gone AS (
         DELETE FROM lapse.audit_feeds f WHERE NOT EXISTS (
           SELECT FROM (${WANTED}) AS w WHERE w.tenant_id = f.tenant_id AND w.connection = f.connection
             -- What the cloud lists is kept while it is asked for that.
             AND (w.feed = f.feed OR w.feed = 'subscriptions' AND f.feed LIKE 'activity-log/%'))
         RETURNING f.tenant_id, f.connection, f.feed
       )
       UPDATE lapse.tasks t SET resolved_at = to_timestamp($1::double precision / 1000)
       FROM gone WHERE t.tenant_id = gone.tenant_id AND t.kind = 'log-unread' AND t.resolved_at IS NULL
         AND t.subject_type = 'connection' AND t.subject_id = gone.connection || '/' || gone.feed`,
      [now],
    ),
  ]);
}

/** Takes logs that are due, so that no other worker reads them as well. */
export async function claimFeeds(tx: Transaction): Promise<AuditFeed[]> {
  const rows = await tx.query<{
    tenant_id: string;
    connection: string;
    feed: string;
    read_to: Date;
  }>(
    `WITH due AS (
       SELECT tenant_id, connection, feed FROM lapse.audit_feeds
       WHERE next_due_at <= to_timestamp($1::double precision / 1000)
       ORDER BY next_due_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED
     )
     UPDATE lapse.audit_feeds f
     SET next_due_at = to_timestamp($1::double precision / 1000) + ${CLAIM}
     FROM due WHERE f.tenant_id = due.tenant_id AND f.connection = due.connection AND f.feed = due.feed
     RETURNING f.tenant_id, f.connection, f.feed, f.read_to`,
    [await tx.now],
  );
  return rows.map(({ tenant_id: tenantId, read_to, ...row }) => ({
    tenantId,
    ...row,
    readTo: read_to.getTime(),
  }));
}

/** Has the subscriptions that the cloud lists read, and no others of a connection. */
export async function arrangeSubscriptions(
  tx: Transaction,
  { tenantId, connection }: AuditFeed,
  subscriptions: readonly string[],
  realNow: number,
): Promise<void> {
  const feeds = subscriptions.map((id) => `activity-log/${id}`);
  await tx.query(
    `INSERT INTO lapse.audit_feeds (tenant_id, connection, feed, read_to, next_due_at)
     SELECT $1, $2, feed, to_timestamp($4::double precision / 1000), to_timestamp($5::double precision / 1000)
     FROM unnest($3::text[]) AS feed ON CONFLICT DO NOTHING`,
    [tenantId, connection, feeds, realNow, await tx.now],
  );
  await tx.query(
    `DELETE FROM lapse.audit_feeds WHERE tenant_id = $1 AND connection = $2
       AND feed LIKE 'activity-log/%' AND feed <> ALL ($3)`,
    [tenantId, connection, feeds],
  );
}

/** Writes how far a log was read, and when it is read on; whoever was told that it was not is told no more. */
export function advanceFeed(
  tx: Transaction,
  { tenantId, connection, feed }: AuditFeed,
  readTo: number,
  { at, nextAt }: { readonly at: number; readonly nextAt: number },
): void {
  tx.atCommit(
    `UPDATE lapse.audit_feeds SET read_to = greatest(read_to, to_timestamp($4::double precision / 1000)),
       next_due_at = to_timestamp($5::double precision / 1000), failing_since = NULL, last_error = NULL
     WHERE tenant_id = $1 AND connection = $2 AND feed = $3`,
    [tenantId, connection, feed, readTo, nextAt],
  );
  tx.atCommit(
    `UPDATE lapse.tasks SET resolved_at = to_timestamp($3::double precision / 1000)
     WHERE tenant_id = $1 AND kind = 'log-unread' AND subject_type = 'connection' AND subject_id = $2
       AND resolved_at IS NULL`,
    [tenantId, `${connection}/${feed}`, at],
  );
}

/** Writes that a log could not be read; after an hour of that a person is told. */
export function feedFailed(
  tx: Transaction,
  { tenantId, connection, feed }: AuditFeed,
  message: string,
  { at, nextAt, taskId }: { readonly at: number; readonly nextAt: number; readonly taskId: string },
): void {
  tx.atCommit(
    `UPDATE lapse.audit_feeds SET next_due_at = to_timestamp($4::double precision / 1000),
       failing_since = coalesce(failing_since, to_timestamp($5::double precision / 1000)), last_error = $6
     WHERE tenant_id = $1 AND connection = $2 AND feed = $3`,
    [tenantId, connection, feed, nextAt, at, message],
  );
  tx.atCommit(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     SELECT $1, $4, 'log-unread', 'connection', $2 || '/' || $3, $5, to_timestamp($6::double precision / 1000)
     FROM lapse.audit_feeds WHERE tenant_id = $1 AND connection = $2 AND feed = $3
       AND failing_since <= to_timestamp($6::double precision / 1000) - ${TOLD_AFTER}
     ON CONFLICT DO NOTHING`,
    [
      tenantId,
      connection,
      feed,
      taskId,
      `nobody sees who gives access: the log ${feed} cannot be read through ${connection}: ${message}`,
      at,
    ],
  );
}
