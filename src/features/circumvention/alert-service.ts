import { isSamePerson } from '../../domain/access/actor.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { AlertEvent, AlertKind, AlertState } from '../../domain/circumvention/alert.ts';
import { DomainError } from '../../domain/errors.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Reach, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';
import { type AlertColumns, alertOf, alertStream } from './alert-store.ts';
import { endTask } from './security-tasks.ts';

/** Which alerts are asked for; each part left out means all. */
export interface AlertFilter {
  readonly kind?: AlertKind | undefined;
  readonly isAnswered?: boolean | undefined;
}

interface Services {
  readonly db: Database;
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
  /** How somebody of the register signs in. */
  readonly addressOf: (
    tx: Transaction,
    tenantId: string,
    personId: string,
  ) => Promise<string | undefined>;
}

/** Shows alerts, up to the reader's clearance, and takes people's answers to them. */
export class AlertService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** A page of alerts, the newest first. */
  list(
    reach: Reach,
    { kind, isAnswered }: AlertFilter,
    page: PageRequest,
  ): Promise<IdPage<AlertState>> {
    return this.#services.db.inTenant(reach, (tx) =>
      readPage(
        'alerts',
        page,
        ({ alert_id }: AlertState) => alert_id,
        async (after, count) => {
          const rows = await tx.query<AlertColumns>(
            `SELECT tenant_id, alert_id, version, state FROM lapse.alerts
             WHERE tenant_id = $1 AND ($2::text IS NULL OR kind = $2)
               AND ($3::boolean IS NULL OR answered = $3) AND ($4::text IS NULL OR alert_id < $4)
             ORDER BY alert_id DESC LIMIT $5`,
            [reach.tenantId, kind ?? null, isAnswered ?? null, after ?? null, count],
          );
          return rows.map((row) => row.state);
        },
      ),
    );
  }

  /** One alert; refuses with `not-found`. */
  get(reach: Reach, alertId: string): Promise<AlertState> {
    return this.#services.db.inTenant(
      reach,
      async (tx) => (await findAlert(tx, reach.tenantId, alertId)).state,
    );
  }

  /**
   * Answers an alert; refuses with `wrong-state` where it has been, and whoever it is about. A strike
   * that came with it stays: it is lifted apart.
   */
  answer(
    { tenantId, actor, clearance }: Principal,
    alertId: string,
    reason: string,
    idempotency?: IdempotentRequest,
  ): Promise<AlertState> {
    const { db, assertWritable, addressOf } = this.#services;
    return db.inTenant({ tenantId, clearance }, async (tx) => {
      const [again, before] = await Promise.all([
        recall(tx, tenantId, idempotency),
        findAlert(tx, tenantId, alertId, 'FOR UPDATE'),
        assertWritable(tx, tenantId),
      ]);
      if (again) return before.state;
      const { person_id: id, answered } = before.state;
      const email = id === undefined ? undefined : await addressOf(tx, tenantId, id);
      if (id !== undefined && isSamePerson({ id, email }, actor))
        throw new DomainError(
          'not-permitted',
          'nobody answers an alert about themselves; somebody else of security can',
        );
      if (answered) {
        const message = `${answered.by.name} has answered the alert ${alertId}: ${answered.reason}`;
        throw new DomainError('wrong-state', message);
      }
      const at = Math.max(await tx.now, before.state.raised_at);
      const events: AlertEvent[] = [{ type: 'AlertAnswered', data: { reason } }];
      const [change] = record(tx, alertStream, [
        { tenantId, streamId: alertId, before, events, at, actor },
      ]);
      if (!change) throw new Error('an answer has no event');
      endTask(tx, tenantId, ['warning', alertId], { at, by: actor.id });
      const reference = { type: 'alert', id: alertId, version: change.version };
      remember(tx, tenantId, idempotency, { status: 200, reference, at });
      return change.state;
    });
  }
}

async function findAlert(tx: Transaction, tenantId: string, alertId: string, lock = '') {
  const [row] = await tx.query<AlertColumns>(
    `SELECT tenant_id, alert_id, version, state FROM lapse.alerts
     WHERE tenant_id = $1 AND alert_id = $2 ${lock}`,
    [tenantId, alertId],
  );
  if (!row) throw new DomainError('not-found', `there is no alert ${alertId}`);
  return alertOf(row);
}
