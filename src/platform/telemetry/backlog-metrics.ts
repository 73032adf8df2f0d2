import { Gauge, type Registry } from 'prom-client';
import type { Backlog, MeasuredWork } from '../due/due-loop.ts';

/** How many open tasks of each kind wait for a person. */
export type CountOpenTasks = () => Promise<
  readonly { readonly kind: string; readonly open: number }[]
>;

/** What is read besides due work. */
export interface BacklogReaders {
  readonly countOpenTasks: CountOpenTasks;
  /** What waits for approvals, and how long the oldest has. */
  readonly approvals: () => Promise<Backlog>;
}

/**
 * Gauges over what waits in the database, read anew by every `read`. They tell of all tenants
 * together, in counts alone. A database that cannot be asked shows as `lapse_database_up 0`, with
 * the other gauges left out rather than stale.
 */
export function backlogMetrics(
  registry: Registry,
  works: readonly MeasuredWork[],
  { countOpenTasks, approvals }: BacklogReaders,
): { read(): Promise<void> } {
  const registers = [registry];
  const up = new Gauge({
    name: 'lapse_database_up',
    help: 'Whether the database answered when it was asked for what waits.',
    registers,
  });
  const waiting = new Gauge({
    name: 'lapse_due_waiting',
    help: 'Rows of due work whose time has come and that nobody has done yet.',
    labelNames: ['kind'],
    registers,
  });
  const lateness = new Gauge({
    name: 'lapse_due_lateness_seconds',
    help: 'How long the oldest such row has been due; of ledger-sequencing, how far the ledger lags.',
    labelNames: ['kind'],
    registers,
  });
  const tasks = new Gauge({
    name: 'lapse_tasks_open',
    help: 'Tasks that wait for a person.',
    labelNames: ['kind'],
    registers,
  });
  const undecided = new Gauge({
    name: 'lapse_approvals_waiting',
    help: 'Requests and changes that wait for somebody to approve them.',
    registers,
  });
  const waited = new Gauge({
    name: 'lapse_approvals_waiting_seconds',
    help: 'How long the oldest of them has waited for those who could approve it.',
    registers,
  });
  return {
    async read() {
      for (const gauge of [waiting, lateness, tasks, undecided, waited]) gauge.reset();
      try {
        const [backlogs, open, awaited] = await Promise.all([
          Promise.all(works.map(async (work) => ({ kind: work.name, ...(await work.backlog()) }))),
          countOpenTasks(),
          approvals(),
        ]);
        undecided.set(awaited.waiting);
        waited.set(awaited.latenessSeconds);
        for (const { kind, ...backlog } of backlogs) {
          waiting.set({ kind }, backlog.waiting);
          lateness.set({ kind }, backlog.latenessSeconds);
        }
        for (const { kind, open: count } of open) tasks.set({ kind }, count);
        up.set(1);
      } catch {
        up.set(0);
      }
    },
  };
}
