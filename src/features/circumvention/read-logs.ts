import type { AuditEvent } from '../../domain/circumvention/audit-event.ts';
import { type CloudLogs, Unreadable } from '../../domain/circumvention/cloud-logs.ts';
import { readActivityLog } from '../../domain/circumvention/read-activity-log.ts';
import { readDirectoryAudit } from '../../domain/circumvention/read-directory-audit.ts';
import { HOUR, MINUTE } from '../../domain/schedule/instant.ts';
import { dueBacklog } from '../../platform/due/due-backlog.ts';
import type { MeasuredWork } from '../../platform/due/due-loop.ts';
import { newUlid } from '../../platform/ids.ts';
import {
  type AuditFeed,
  advanceFeed,
  arrangeFeeds,
  arrangeSubscriptions,
  claimFeeds,
  feedFailed,
} from './audit-feeds.ts';
import { keepLines } from './audit-inbox.ts';
import type { CircumventionParts } from './circumvention-parts.ts';

/** How often a log is read at most (issue: Circumvention). */
const EVERY = 5 * MINUTE;
/** Lines come 3 to 20 minutes late (reference/azure.md): so far before the last reading it begins again. */
const OVERLAP = 30 * MINUTE;
/** After an outage a log is read in stretches of so long. */
const LONGEST_STRETCH = HOUR;
/** Less than a claim lasts. */
const READING_MS = 4 * MINUTE;

/**
 * Reads the clouds' audit logs and keeps the lines that give access, page by page, so that a week that
 * was missed takes no more memory than a page. How far it came is kept in a row: killed in the middle of
 * a stretch, it reads that again, and what was kept before is kept once.
 */
export function auditLogs(parts: CircumventionParts): MeasuredWork {
  const { db, realNow } = parts;
  const stopping = new AbortController();
  return {
    name: 'audit-logs',
    backlog: () => dueBacklog(db, 'audit_feeds'),
    async runBatch() {
      const feeds = await db.inSystem(async (tx) => {
        await arrangeFeeds(tx, realNow());
        return claimFeeds(tx);
      });
      await Promise.all(feeds.map((feed) => readOn(parts, feed, stopping.signal)));
      return feeds.length;
    },
    stop: () => stopping.abort(),
  };
}

async function readOn(
  parts: CircumventionParts,
  feed: AuditFeed,
  stopping: AbortSignal,
): Promise<void> {
  const { db } = parts;
  const signal = AbortSignal.any([AbortSignal.timeout(READING_MS), stopping]);
  const realNow = parts.realNow();
  try {
    const logs = await logsOf(parts, feed);
    if (!logs) throw new Error('no cloud is reached through the connection');
    const to = Math.min(feed.readTo + LONGEST_STRETCH, realNow);
    await read(parts, feed, logs, to, signal);
    await db.inSystem(async (tx) => {
      const at = await tx.now;
      const isBehind = feed.feed !== 'subscriptions' && to < realNow;
      advanceFeed(tx, feed, to, { at, nextAt: isBehind ? at : at + EVERY });
    });
  } catch (error) {
    // What a stop gave up is due again when the claim ends.
    if (stopping.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    const wait = error instanceof Unreadable ? (error.retryAfter ?? 0) : 0;
    await db.inSystem(async (tx) => {
      const at = await tx.now;
      const nextAt = at + Math.max(EVERY, wait);
      feedFailed(tx, feed, message, { at, nextAt, taskId: `task_${newUlid()}` });
    });
  }
}

async function logsOf(
  { db, connectionsOf, logsOf: find }: CircumventionParts,
  { tenantId, connection: name }: AuditFeed,
): Promise<CloudLogs | undefined> {
  const connections = await db.inSystem((tx) => connectionsOf(tx, [tenantId]));
  const connection = connections.find(({ state }) => state.name === name && state.active);
  return connection && find(connection);
}

async function read(
  { db, realNow }: CircumventionParts,
  feed: AuditFeed,
  logs: CloudLogs,
  to: number,
  signal: AbortSignal,
): Promise<void> {
  if (feed.feed === 'subscriptions') {
    const found: string[] = [];
    for await (const page of logs.subscriptions(signal)) found.push(...page);
    return db.inSystem((tx) => arrangeSubscriptions(tx, feed, found, realNow()));
  }
  const stretch = { from: Math.max(0, Math.min(feed.readTo, to) - OVERLAP), to };
  const [kind, subscription = ''] = feed.feed.split('/');
  const isActivity = kind === 'activity-log';
  const lines = isActivity
    ? logs.activity(subscription, stretch, signal)
    : logs.memberships(stretch, signal);
  const normal = isActivity ? readActivityLog : readDirectoryAudit;
  for await (const page of lines) {
    const events = page.map(normal).filter((event): event is AuditEvent => event !== undefined);
    if (events.length > 0)
      await db.inSystem(async (tx) => keepLines(tx, feed, events, await tx.now));
  }
}
