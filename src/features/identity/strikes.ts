import { type Actor, CLOCK, isSamePerson } from '../../domain/access/actor.ts';
import type { CloudActor } from '../../domain/circumvention/audit-event.ts';
import { type Barred, isBarred, type Strike } from '../../domain/circumvention/strikes.ts';
import { DomainError } from '../../domain/errors.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { PersonEvent } from './person-events.ts';
import { lockPerson, type PersonRow, personStream } from './person-store.ts';

/**
 * Whom a cloud's name stands for: by the id that the directory gave them, or that a provider knows them
 * by, or else by the name that they sign in with. Whoever has left is known still.
 */
export async function personInCloud(
  tx: Transaction,
  tenantId: string,
  { object_id, upn }: CloudActor,
): Promise<{ readonly personId: string; readonly name: string } | undefined> {
  const [row] = await tx.query<PersonRow & { [column: string]: unknown }>(
    `SELECT version, state FROM (
       SELECT p.version, p.state, p.person_id, CASE
         WHEN lower(p.external_id) = $2 OR EXISTS (SELECT FROM lapse.person_subjects s
           WHERE s.tenant_id = p.tenant_id AND s.person_id = p.person_id AND lower(s.subject) = $2) THEN 1
         WHEN p.user_name = $3 THEN 2 WHEN p.email = $3 THEN 3 END AS rank
       FROM lapse.people p WHERE p.tenant_id = $1) AS found
     WHERE rank IS NOT NULL ORDER BY rank, person_id LIMIT 1`,
    [tenantId, object_id ?? null, upn ?? null],
  );
  return row && { personId: row.state.person_id, name: row.state.name };
}

/** Counts a strike on a person, each alert once; answers how they stand then. */
export function strikeCounter(realNow: () => number) {
  return async (
    tx: Transaction,
    {
      tenantId,
      personId,
      alertId,
      by,
    }: {
      readonly tenantId: string;
      readonly personId: string;
      readonly alertId: string;
      readonly by: CloudActor;
    },
  ): Promise<{ readonly count: number; readonly isBarred: boolean }> => {
    const before = await lockPerson(tx, tenantId, personId);
    const { strikes = [] } = before.state;
    const { object_id } = by;
    const strike: Strike = {
      alert_id: alertId,
      at: formatInstant(await tx.now),
      ...(object_id === undefined ? {} : { object_id }),
    };
    const isCounted = strikes.some(({ alert_id }) => alert_id === alertId);
    const events: PersonEvent[] = isCounted ? [] : [{ type: 'StrikeCounted', data: strike }];
    const append = { tenantId, streamId: personId, before, events, at: realNow(), actor: CLOCK };
    const [{ state } = before] = record(tx, personStream, [append]);
    return { count: state.strikes?.length ?? 0, isBarred: isBarred(state.strikes) };
  };
}

/** The event that lifts somebody's strikes; refuses themselves, and where there are none. */
export function liftStrikes({ state }: PersonRow, reason: string, actor: Actor): PersonEvent[] {
  const { person_id: id, email, name, strikes } = state;
  if (isSamePerson({ id, email }, actor))
    throw new DomainError(
      'not-permitted',
      'nobody lifts their own strikes; somebody else of security can (002, User Circumvents Expiry)',
    );
  if (!strikes) throw new DomainError('wrong-state', `${name} has no strikes`);
  return [{ type: 'StrikesLifted', data: { reason } }];
}

/** Who has lost privileged access, in one tenant or in all of them. */
export async function readBarred(
  tx: Transaction,
  tenantId?: string,
): Promise<(Barred & { readonly tenantId: string })[]> {
  const rows = await tx.query<PersonRow & { tenant_id: string; [column: string]: unknown }>(
    `SELECT tenant_id, version, state FROM lapse.people
     WHERE barred AND ($1::text IS NULL OR tenant_id = $1) ORDER BY tenant_id, person_id`,
    [tenantId ?? null],
  );
  return rows.map(({ tenant_id, state: { person_id, name, email, strikes = [] } }) => ({
    ...{ tenantId: tenant_id, personId: person_id, name, email, strikes },
    objectIds: strikes.flatMap(({ object_id }) => (object_id === undefined ? [] : [object_id])),
  }));
}
