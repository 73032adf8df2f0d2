import { type Actor, CLOCK } from '../../src/domain/access/actor.ts';
import { catchUp } from '../../src/domain/exception/catch-up.ts';
import type { ExceptionCommand } from '../../src/domain/exception/commands.ts';
import { decide } from '../../src/domain/exception/decide.ts';
import { isRefusal } from '../../src/domain/exception/decision.ts';
import type { ExceptionEvent } from '../../src/domain/exception/events.ts';
import { evolve } from '../../src/domain/exception/evolve.ts';
import { fieldsOrRefuse, parseFields } from '../../src/domain/exception/parse-fields.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { exceptionStream } from '../../src/features/exceptions/exception-store.ts';
import { record } from '../../src/journal/journal.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { newUlid } from '../../src/platform/ids.ts';
import { sampleRequest } from './sample-request.ts';

const BATCH = 500;
/** The sample asks for sixty days. */
const LENGTH = 60 * DAY;
const REQUESTOR: Actor = { id: 'tok_requestor', name: 'Rosa Lind', role: 'requestor' };
const APPROVER: Actor = { id: 'tok_approver', name: 'Ida Berg', role: 'approver' };

/** Writes so many records in force, all of which end at the same instant; answers that instant. */
export async function writeRecordsInForce(
  db: Database,
  tenantId: string,
  count: number,
  progress: (done: number) => void,
): Promise<number> {
  const start = await db.inTenant(tenantId, (tx) => tx.now);
  for (let first = 0; first < count; first += BATCH) {
    await db.inTenant(tenantId, async (tx) => {
      const length = Math.min(BATCH, count - first);
      const appends = Array.from({ length }, (_, index) => {
        const { events, actors } = lifeOf(first + index, start);
        return {
          tenantId,
          streamId: `EXC_${newUlid()}`,
          before: undefined,
          events,
          at: start,
          actor: (event: ExceptionEvent) => actors.get(event) ?? CLOCK,
        };
      });
      record(tx, exceptionStream, appends);
    });
    progress(Math.min(first + BATCH, count));
  }
  return start + LENGTH;
}

/** What the decider makes of a request that is approved and put in force at once. */
function lifeOf(serial: number, now: number) {
  const script: readonly (readonly [Actor, ExceptionCommand])[] = [
    [
      REQUESTOR,
      { type: 'DraftException', fields: fieldsOrRefuse(parseFields(sampleRequest(serial))) },
    ],
    [REQUESTOR, { type: 'SubmitException' }],
    [APPROVER, { type: 'ApproveException', reason: 'The risk is contained.' }],
    [REQUESTOR, { type: 'ActivateException' }],
  ];
  const actors = new Map<ExceptionEvent, Actor>();
  let state: ExceptionState | undefined;
  const take = (events: readonly ExceptionEvent[], actor: Actor) => {
    for (const event of events) {
      actors.set(event, actor);
      state = evolve(state, event, { exceptionId: 'EXC', at: now, actor });
    }
  };
  for (const [actor, command] of script) {
    const decision = decide(state, command, { now, actor, policy: BUILT_IN_POLICY, tenantId: 'T' });
    if (isRefusal(decision)) throw decision;
    take(decision, actor);
  }
  if (state) take(catchUp(state, now, BUILT_IN_POLICY), CLOCK);
  return { events: [...actors.keys()], actors };
}
