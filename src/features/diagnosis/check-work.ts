import type { Transaction } from '../../platform/db/transaction.ts';
import type { MeasuredWork } from '../../platform/due/due-loop.ts';
import { type Check, durationText, ok, problem, warning } from './check.ts';

/** Seconds that due work may be late. Removal is promised within 60 (DESIGN section 1, Removal). */
const LATE = { warning: 60, problem: 600 };
const SEEN_WITHIN = 30;

/** Whether anybody does what is due. */
export async function checkWorker(tx: Transaction): Promise<Check> {
  const [row] = await tx.query<{ seconds: number | null; workers: number }>(
    `SELECT extract(epoch FROM clock_timestamp() - max(seen_at))::float8 AS seconds,
       count(*) FILTER (WHERE seen_at > clock_timestamp() - interval '${SEEN_WITHIN} seconds')::int AS workers
     FROM lapse.worker_heartbeats`,
  );
  const { seconds = null, workers = 0 } = row ?? {};
  if (workers > 0) return ok('worker', workers === 1 ? 'one works' : `${workers} work`);
  const seen =
    seconds === null ? 'none was ever seen' : `the last was seen ${durationText(seconds)} ago`;
  const mend =
    'start `lapse work`, or `lapse serve` without --no-work; nothing ends by itself until then';
  return problem('worker', `nobody works: ${seen}`, mend);
}

/** How late each kind of due work is. */
export function checkBacklog(works: readonly MeasuredWork[]): Promise<Check[]> {
  return Promise.all(
    works.map(async (work) => {
      const { waiting, latenessSeconds } = await work.backlog();
      const name = work.name.replaceAll('-', ' ');
      if (latenessSeconds < LATE.warning)
        return ok(name, waiting === 0 ? 'nothing waits' : `${waiting} wait, none for long`);
      const message = `${waiting} wait, the oldest for ${durationText(latenessSeconds)}`;
      const mend =
        'look at the log of the worker for "due work failed", and add workers if it is only slow';
      return latenessSeconds < LATE.problem
        ? warning(name, message, mend)
        : problem(name, message, mend);
    }),
  );
}

/** How long what waits for approvals has waited, by the domain's time. */
export async function checkApprovals(tx: Transaction, tenantId: string): Promise<Check> {
  const now = await tx.now;
  const [row] = await tx.query<{ waiting: number; seconds: number }>(
    `SELECT count(*)::int AS waiting,
       coalesce(extract(epoch FROM to_timestamp($2::double precision / 1000) - min(awaited_since)), 0)::float8 AS seconds
     FROM lapse.exceptions WHERE tenant_id = $1 AND awaited_since < 'infinity'`,
    [tenantId, now],
  );
  const { waiting = 0, seconds = 0 } = row ?? {};
  if (waiting === 0) return ok('approvals', 'none is waited for');
  return ok('approvals', `${waiting} waited for, the longest for ${durationText(seconds)}`);
}

/** What waits for a person. */
export async function checkTasks(tx: Transaction, tenantId: string): Promise<Check> {
  const [row] = await tx.query<{ open: number }>(
    'SELECT count(*)::int AS open FROM lapse.tasks WHERE tenant_id = $1 AND resolved_at IS NULL',
    [tenantId],
  );
  const open = row?.open ?? 0;
  if (open === 0) return ok('tasks', 'none waits for a person');
  return warning('tasks', `${open} wait for a person`, 'run `lapse tasks`');
}
