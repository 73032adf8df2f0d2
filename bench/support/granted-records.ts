import { nameByKey } from '../../src/connectors/azure/name-by-key.ts';
import { CLOCK } from '../../src/domain/access/actor.ts';
import type { GrantEvent } from '../../src/domain/enforcement/grant-events.ts';
import { type GrantSpec, grantsOf } from '../../src/domain/enforcement/grant-spec.ts';
import { fieldsOrRefuse, parseFields } from '../../src/domain/exception/parse-fields.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { grantStream } from '../../src/features/enforcement/grant-store.ts';
import { exceptionStream } from '../../src/features/exceptions/exception-store.ts';
import { record } from '../../src/journal/journal.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { Story } from '../../test/support/given.ts';
import { appendOf } from '../../test/support/story-append.ts';
import { sampleRequest } from './sample-request.ts';

/** One role assignment of the bench, in the fake cloud and in a record. */
export interface BenchGrant {
  readonly scope: string;
  readonly principal: string;
}

const ROLE = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const EACH = 100;
/** The sample asks for sixty days. */
const LENGTH = 60 * DAY;

/** So many role assignments, evenly over subscriptions. */
export function benchGrants(count: number, subscriptions: number): BenchGrant[] {
  return Array.from({ length: count }, (_, index) => ({
    scope: `/subscriptions/${guid('5', Math.floor(index / EACH) % subscriptions)}`,
    principal: guid('a', index),
  }));
}

/**
 * Writes records in force, a hundred grants each, whose grants stand in place; answers the instant at
 * which all of them end.
 */
export async function writeGrantedRecords(
  db: Database,
  tenantId: string,
  grants: readonly BenchGrant[],
): Promise<number> {
  const start = await db.inTenant(tenantId, (tx) => tx.now);
  for (let first = 0; first < grants.length; first += EACH) {
    const story = inForce(first / EACH, grants.slice(first, first + EACH), start);
    await db.inTenant({ tenantId, clearance: 'confidential' }, async (tx) => {
      const append = appendOf(story, tenantId);
      record(tx, exceptionStream, [append]);
      record(
        tx,
        grantStream,
        grantsOf({ ...story.state, exception_id: append.streamId }).map(({ grantId, spec }) => ({
          tenantId,
          streamId: grantId,
          before: undefined,
          events: standing(append.streamId, spec),
          at: start,
          actor: CLOCK,
        })),
      );
    });
  }
  return start + LENGTH;
}

function standing(exception_id: string, spec: GrantSpec) {
  const events: GrantEvent[] = [
    {
      type: 'GrantPlanned',
      data: { exception_id, spec, mode: 'manage', connection: 'azure' },
    },
    {
      type: 'GrantSeenInPlace',
      data: { placed: { id: assignmentId(spec), ours: true } },
    },
  ];
  return events;
}

function inForce(serial: number, grants: readonly BenchGrant[], now: number): Story {
  const fields = fieldsOrRefuse(
    parseFields({
      ...sampleRequest(serial),
      scope_justification:
        'A hundred people take over from those who are leaving, each with one role.',
      grants: grants.map(specOf),
    }),
  );
  return new Story(now, BUILT_IN_POLICY, [])
    .with({ type: 'DraftException', fields })
    .submitted()
    .approved()
    .confirmed()
    .after(0);
}

/** What the records of the bench ask for. */
export function specOf({ scope, principal }: BenchGrant): GrantSpec {
  return { kind: 'role-assignment', target: scope, subject: principal, permission: ROLE };
}

/** Where a role assignment stands that Lapse has put there. */
export function assignmentId(spec: GrantSpec): string {
  return `${spec.target}/providers/Microsoft.Authorization/roleAssignments/${nameByKey(spec)}`;
}

function guid(first: string, number: number): string {
  return `${first.repeat(8)}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}
