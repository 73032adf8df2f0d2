import { CLOCK } from '../../domain/access/actor.ts';
import type { Placed } from '../../domain/enforcement/connector.ts';
import type { GrantEvent } from '../../domain/enforcement/grant-events.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { placedText } from '../../domain/enforcement/grant-steps.ts';
import type { RegisteredGrant } from '../../domain/reconciliation/compare.ts';
import { record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type WorkColumns, workRow } from './claim-grants.ts';
import type { EnforcementParts } from './enforcement-parts.ts';
import { type GrantOutlook, readOutlooks } from './grant-outlook.ts';
import { grantStream, readGrants } from './grant-store.ts';

/** What the reader of the register's grants is made of. */
interface ReaderParts extends Pick<EnforcementParts, 'recordsOf'> {
  /** Of some addresses, those that nobody has who is known to work here. */
  readonly unknownOwners: (
    tx: Transaction,
    tenantId: string,
    addresses: readonly string[],
  ) => Promise<ReadonlySet<string>>;
}

const WORK = 'w.tenant_id, w.exception_id, w.grant_id, w.lane, w.reads, w.read_at';

/** Reads and wakes the register's grants for whoever compares them with a cloud. */
export function registeredGrants(parts: ReaderParts) {
  const of = async (tx: Transaction, tenantId: string, rows: readonly WorkColumns[]) => {
    if (rows.length === 0) return [];
    const outlooks = await readOutlooks(tx, parts, rows.map(workRow), await tx.now);
    const found = outlooks.filter((outlook) => outlook?.stored) as GrantOutlook[];
    const addresses = found.flatMap(addressesOf);
    const unknown = await parts.unknownOwners(tx, tenantId, [...new Set(addresses)]);
    return found.map((outlook) => toRegistered(outlook, unknown));
  };
  return {
    async find(
      tx: Transaction,
      tenantId: string,
      question: {
        readonly digests: readonly string[];
        readonly marks: readonly string[];
        readonly subjects: readonly string[];
      },
    ): Promise<RegisteredGrant[]> {
      const rows = await tx.query<WorkColumns>(
        `SELECT ${WORK} FROM (
           SELECT grant_id FROM lapse.grants WHERE tenant_id = $1 AND grant_key = ANY ($2)
           UNION SELECT grant_id FROM lapse.grants WHERE tenant_id = $1 AND grant_id = ANY ($3)
           UNION SELECT grant_id FROM lapse.grants
             WHERE tenant_id = $1 AND lower(state #>> '{spec,subject}') = ANY ($4)
         ) AS g JOIN lapse.grant_work w ON w.tenant_id = $1 AND w.grant_id = g.grant_id
         ORDER BY w.grant_id`,
        [tenantId, question.digests, question.marks, question.subjects],
      );
      return of(tx, tenantId, rows);
    },

    async unlisted(
      tx: Transaction,
      tenantId: string,
      {
        reconciliationId,
        after,
        count,
      }: { reconciliationId: string; after: string; count: number },
    ) {
      const rows = await tx.query<WorkColumns>(
        `SELECT ${WORK} FROM lapse.grant_work w
         JOIN lapse.grants g ON g.tenant_id = w.tenant_id AND g.grant_id = w.grant_id
         WHERE w.tenant_id = $1 AND w.listed_in IS DISTINCT FROM $2 AND g.status <> 'removed'
           AND w.grant_id > $3
         ORDER BY w.grant_id LIMIT $4`,
        [tenantId, reconciliationId, after, count],
      );
      return { grants: await of(tx, tenantId, rows), last: rows.at(-1)?.grant_id };
    },

    markListed(
      tx: Transaction,
      tenantId: string,
      reconciliationId: string,
      grantIds: readonly string[],
    ): void {
      if (grantIds.length === 0) return;
      tx.atCommit(
        'UPDATE lapse.grant_work SET listed_in = $2 WHERE tenant_id = $1 AND grant_id = ANY ($3)',
        [tenantId, reconciliationId, [...grantIds].sort()],
      );
    },

    places: (tx: Transaction, tenantId: string) =>
      tx.query<Pick<GrantSpec, 'kind' | 'target'>>(
        // A subscription once, whatever lies in it; of other things each.
        `SELECT DISTINCT spec.kind, coalesce(lower(substring(spec.target FROM '(?i)^/subscriptions/[^/]+')), spec.target) AS target
         FROM lapse.grants g
         CROSS JOIN LATERAL (SELECT g.state #>> '{spec,kind}' AS kind, g.state #>> '{spec,target}' AS target) AS spec
         WHERE g.tenant_id = $1`,
        [tenantId],
      ),

    unreached: (tx: Transaction, tenantId: string) =>
      tx.query<{ kind: string; count: number }>(
        `SELECT g.state #>> '{spec,kind}' AS kind, count(*)::int AS count
         FROM lapse.grants g
         JOIN lapse.exceptions e ON e.tenant_id = g.tenant_id AND e.exception_id = g.exception_id
         WHERE g.tenant_id = $1 AND g.status <> 'removed' AND g.state -> 'connection' IS NULL
           AND e.status IN ('Active', 'Expiring', 'Extended', 'Expired')
         GROUP BY 1 ORDER BY 1`,
        [tenantId],
      ),

    seenAgain,

    async removalsSince(tx: Transaction, tenantId: string, since: number) {
      const [row] = await tx.query<{ removals: number; failed: number }>(
        `SELECT count(*)::int AS removals, count(*) FILTER (WHERE g.task_id IS NOT NULL)::int AS failed
         FROM lapse.grants g
         WHERE g.tenant_id = $1 AND g.state ->> 'mode' <> 'observe'
           AND g.state -> 'connection' IS NOT NULL AND g.state -> 'handed_over_to' IS NULL
           AND (g.status = 'removed' AND (g.state ->> 'since')::float8 >= $2
             OR g.task_opened_at >= to_timestamp($2::double precision / 1000) AND g.task_ended_at IS NULL)`,
        [tenantId, since],
      );
      return row ?? { removals: 0, failed: 0 };
    },
  };
}

async function seenAgain(
  tx: Transaction,
  tenantId: string,
  grantId: string,
  { placed, by }: { readonly placed: Placed | undefined; readonly by: string | undefined },
): Promise<void> {
  const [row] = await tx.query<WorkColumns>(
    `SELECT ${WORK} FROM lapse.grant_work w WHERE w.tenant_id = $1 AND w.grant_id = $2 FOR UPDATE`,
    [tenantId, grantId],
  );
  const [before] = await readGrants(tx, [{ tenantId, grantId }]);
  if (!row || !before) return;
  const at = await tx.now;
  if (before.state.status === 'removed' && placed) {
    const by_ = by === undefined ? {} : { by };
    const events: GrantEvent[] = [
      { type: 'GrantSeenAgain', data: { placed: placedText(placed), ...by_ } },
    ];
    record(tx, grantStream, [{ tenantId, streamId: grantId, before, events, at, actor: CLOCK }]);
  }
  tx.atCommit(
    `UPDATE lapse.grant_work SET next_due_at = to_timestamp($3::double precision / 1000), reads = 0, read_at = NULL
     WHERE tenant_id = $1 AND grant_id = $2`,
    [tenantId, grantId, at],
  );
}

function toRegistered(outlook: GrantOutlook, unknown: ReadonlySet<string>): RegisteredGrant {
  const { row, record: exception, spec, wanted, connection, mode, stored } = outlook;
  const { status, since, placed, call, taken } = (stored as NonNullable<typeof stored>).state;
  const owners = (exception.fields.owners ?? []).map(({ email, name }) => email ?? name);
  const addresses = addressesOf(outlook);
  return {
    grantId: row.grantId,
    exceptionId: row.exceptionId,
    spec,
    status,
    since,
    wanted,
    placed,
    mode,
    connection: connection?.state.name,
    keepsEnds: placed?.endsAt !== undefined,
    isMoving: call !== undefined || taken !== undefined,
    inForceSince: exception.activated_at ?? since,
    owners,
    areOwnersUnknown:
      owners.length === addresses.length && addresses.every((address) => unknown.has(address)),
  };
}

function addressesOf({ record: { fields } }: GrantOutlook): string[] {
  return (fields.owners ?? []).flatMap(({ email }) => email?.toLowerCase() ?? []);
}
