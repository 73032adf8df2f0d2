import type { Logger } from 'pino';
import { dueBacklog } from '../../platform/due/due-backlog.ts';
import type { MeasuredWork } from '../../platform/due/due-loop.ts';
import { claimFinish, finishRun } from './finish-run.ts';
import { claimScopes, listScope } from './list-scopes.ts';
import { probeConnections } from './probe-connections.ts';
import type { ReconciliationParts } from './reconciliation-parts.ts';
import { planRuns, startDueRuns } from './start-runs.ts';

/**
 * Compares clouds with the register (002, Automation Fails to Remove Exception): on schedule, when
 * somebody asks, and after an outage. Lists are read outside transactions, and compared in batches. A
 * comparison that is cut off is taken up again when its claim ends.
 */
export function reconciliation(parts: ReconciliationParts, log: Logger): MeasuredWork {
  const { db } = parts;
  const stopping = new AbortController();
  const attempt = async (work: Promise<void>, what: string) => {
    try {
      await work;
    } catch (error) {
      if (!stopping.signal.aborted) log.error({ err: error }, `${what} stays due`);
    }
  };
  return {
    name: 'reconciliation',
    backlog: () => dueBacklog(db, 'reconciliation_scopes'),
    async runBatch() {
      const { signal } = stopping;
      if (signal.aborted) return 0;
      const { begun, scopes, finishing } = await db.inSystem(async (tx) => {
        const started = await startDueRuns(tx, parts);
        const planned = started > 0 ? 0 : await planRuns(tx, parts);
        const claimed = await claimScopes(tx, parts);
        return {
          begun: started + planned,
          scopes: claimed,
          finishing: claimed.length > 0 ? undefined : await claimFinish(tx),
        };
      });
      await Promise.all([
        ...scopes.map((scope) => attempt(listScope(parts, scope, signal), 'a list')),
        ...(finishing ? [attempt(finishRun(parts, finishing, signal), 'a report')] : []),
      ]);
      const probed = await probeConnections(parts, signal);
      return begun + scopes.length + (finishing ? 1 : 0) + probed;
    },
    stop() {
      stopping.abort(new Error('the worker stops'));
    },
  };
}
