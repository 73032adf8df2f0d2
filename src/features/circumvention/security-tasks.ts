import { formatInstant } from '../../domain/schedule/instant.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { newUlid } from '../../platform/ids.ts';

/** What a task tells of; `at` is the domain's time. Nothing of a record but its id: tasks are read by many. */
interface Told {
  readonly tenantId: string;
  readonly alertId: string;
  readonly exceptionId: string;
  readonly at: number;
}

interface Striker {
  readonly personId: string;
  readonly name: string;
  readonly strikes: number;
}

/** The first strike: whoever made it is warned, and security told (002, User Circumvents Expiry). */
export function openWarning(tx: Transaction, told: Told, person?: Striker): void {
  const detail = person
    ? `${person.name} (${person.personId}) has given access again that ${told.exceptionId} had until its end: warn them. At the next strike they lose privileged access. What was done: GET /v1/alerts/${told.alertId}`
    : `somebody whom the register does not know has given access again that ${told.exceptionId} had until its end: find out who. What was done: GET /v1/alerts/${told.alertId}`;
  open(tx, told, ['warning', 'alert', told.alertId], detail);
}

/** Every later strike: privileged access is lost, and security has an incident. */
export function openIncident(tx: Transaction, told: Told, person: Striker): void {
  const detail = `${person.name} (${person.personId}) has given ended access again ${person.strikes} times and has lost privileged access; the last time that of ${told.exceptionId}. It ends once security lifts the strikes: POST /v1/people/${person.personId}/lift-strikes. What was done: GET /v1/alerts/${told.alertId}`;
  open(tx, told, ['incident', 'person', person.personId], detail);
}

function open(
  tx: Transaction,
  { tenantId, at }: Told,
  [kind, subjectType, subjectId]: readonly [string, string, string],
  detail: string,
): void {
  tx.atCommit(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    [tenantId, `task_${newUlid()}`, kind, subjectType, subjectId, detail, formatInstant(at)],
  );
}

/** Ends a task of security's by what its cause has come to. */
export function endTask(
  tx: Transaction,
  tenantId: string,
  [kind, subjectId]: readonly ['warning' | 'incident', string],
  { at, by }: { readonly at: number; readonly by: string },
): void {
  tx.atCommit(
    `UPDATE lapse.tasks SET resolved_at = $4, resolved_by = $5
     WHERE tenant_id = $1 AND kind = $2 AND subject_id = $3 AND resolved_at IS NULL`,
    [tenantId, kind, subjectId, formatInstant(at), by],
  );
}
