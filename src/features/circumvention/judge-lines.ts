import type { Logger } from 'pino';
import { completedByResource } from '../../domain/circumvention/access-standing.ts';
import { type AuditEvent, completed } from '../../domain/circumvention/audit-event.ts';
import { type CloudLogs, Unreadable } from '../../domain/circumvention/cloud-logs.ts';
import { DAY, HOUR, MINUTE } from '../../domain/schedule/instant.ts';
import { dueBacklog } from '../../platform/due/due-backlog.ts';
import type { MeasuredWork } from '../../platform/due/due-loop.ts';
import { claimLines, type DueLine, putOff } from './audit-inbox.ts';
import type { CircumventionParts, ConnectionRevision } from './circumvention-parts.ts';
import { raiseAlert } from './raise-alert.ts';

/** After how many times, half an hour, an operation counts as unreadable: longer than logs are read again. */
const MOST_ATTEMPTS = 6;
/** How long what the cloud calls Lapse is remembered, in real milliseconds. */
const REMEMBERED = HOUR;
const ASKING_MS = 30_000;

/** What is known of a line once the cloud was asked. */
type Completed =
  | { readonly kind: 'known'; readonly event: AuditEvent }
  /** Neither the log nor the cloud says what it gave. */
  | { readonly kind: 'unreadable'; readonly event: AuditEvent }
  /** Nothing stands there, and whoever spoke of it is not believed by itself. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'later'; readonly wait: number };

/**
 * Judges what the logs say was given, and has follow what follows: claim, ask the cloud where the lines
 * do not say everything, record. A line that is read twice is judged once.
 */
export function accessJudgements(parts: CircumventionParts, log: Logger): MeasuredWork {
  const { db } = parts;
  const ownIds = rememberedIds(parts);
  return {
    name: 'access-judgements',
    backlog: () => dueBacklog(db, 'audit_events'),
    async runBatch() {
      const lines = await db.inSystem(claimLines);
      if (lines.length === 0) return 0;
      const tenantIds = [...new Set(lines.map(({ tenantId }) => tenantId))];
      const connections = await db.inSystem((tx) => parts.connectionsOf(tx, tenantIds));
      const judgeAll = async (own: readonly DueLine[]) => {
        for (const line of own) {
          const connection = connections.find(
            ({ tenantId, state }) => tenantId === line.tenantId && state.name === line.connection,
          );
          try {
            await judge(parts, line, connection, ownIds);
          } catch (error) {
            log.error({ err: error, event: line.event.event_id }, 'a line of a log stays due');
          }
        }
      };
      // In the order in which it was done, so that strikes are counted in that order; no tenant waits
      // for another one's cloud.
      const inOrder = lines.toSorted((a, b) => a.event.at - b.event.at);
      const byTenant = Map.groupBy(inOrder, ({ tenantId }) => tenantId);
      await Promise.all([...byTenant.values()].map(judgeAll));
      return lines.length;
    },
  };
}

type OwnIds = (logs: CloudLogs, connection: ConnectionRevision) => Promise<readonly string[]>;

async function judge(
  parts: CircumventionParts,
  line: DueLine,
  connection: ConnectionRevision | undefined,
  ownIds: OwnIds,
): Promise<void> {
  const { db } = parts;
  const logs = connection?.state.active ? await parts.logsOf(connection) : undefined;
  // Whoever takes a connection out of use does not watch what it reached any more.
  if (!connection || !logs) return db.inSystem(async (tx) => putOff(tx, line, undefined));
  const signal = AbortSignal.timeout(ASKING_MS);
  const found = await complete(line, logs, signal);
  const own = found.kind === 'later' ? [] : await ownIds(logs, connection);
  await db.inSystem(async (tx) => {
    const now = await tx.now;
    putOff(tx, line, found.kind === 'later' ? now + found.wait : undefined);
    if (found.kind === 'later' || found.kind === 'nothing') return;
    await raiseAlert(tx, parts, {
      ...{ connection, now, own: new Set(own) },
      event: found.event,
      isReadable: found.kind === 'known',
    });
  });
}

async function complete(line: DueLine, logs: CloudLogs, signal: AbortSignal): Promise<Completed> {
  const event = completed(line.event, line.others);
  const isPosted = event.log === 'event-grid';
  if (event.access && !isPosted) return { kind: 'known', event };
  try {
    const resource = await logs.resource(event.resource_id, signal);
    if (resource === undefined) return isPosted ? { kind: 'nothing' } : untold(line, event);
    const standing = completedByResource(event, resource);
    return standing.access ? { kind: 'known', event: standing } : untold(line, standing);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return untold(line, event, error.retryAfter);
  }
}

/** The cloud may tell later, and so may a line that comes after this one; a post is not believed alone. */
function untold({ attempts }: DueLine, event: AuditEvent, retryAfter = 0): Completed {
  if (attempts + 1 >= MOST_ATTEMPTS)
    return event.log === 'event-grid' ? { kind: 'nothing' } : { kind: 'unreadable', event };
  return { kind: 'later', wait: Math.min(Math.max(retryAfter, MINUTE * 2 ** attempts), DAY) };
}

/** Asks what the cloud calls Lapse once an hour for each connection; nothing where it cannot be told. */
function rememberedIds({ realNow }: CircumventionParts): OwnIds {
  const known = new Map<string, { readonly ids: readonly string[]; readonly until: number }>();
  return async (logs, { tenantId, version, state }) => {
    const key = `${tenantId}/${state.name}/${version}`;
    const remembered = known.get(key);
    if (remembered && realNow() < remembered.until) return remembered.ids;
    const ids = await logs.ownIds(AbortSignal.timeout(ASKING_MS));
    known.set(key, { ids, until: realNow() + REMEMBERED });
    const [oldest] = known.keys();
    if (known.size > 500 && oldest !== undefined) known.delete(oldest);
    return ids;
  };
}
