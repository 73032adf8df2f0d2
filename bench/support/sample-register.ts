import { type Actor, CLOCK } from '../../src/domain/access/actor.ts';
import { catchUp } from '../../src/domain/exception/catch-up.ts';
import type { ExceptionCommand } from '../../src/domain/exception/commands.ts';
import { decide } from '../../src/domain/exception/decide.ts';
import { isRefusal } from '../../src/domain/exception/decision.ts';
import type { ExceptionEvent } from '../../src/domain/exception/events.ts';
import { evolve } from '../../src/domain/exception/evolve.ts';
import {
  CATEGORIES,
  CLASSIFICATIONS,
  CONTROLS,
  ENVIRONMENTS,
} from '../../src/domain/exception/fields.ts';
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
const REQUESTOR: Actor = { id: 'tok_requestor', name: 'Rosa Lind', role: 'requestor' };
const APPROVER: Actor = { id: 'tok_approver', name: 'Ida Berg', role: 'approver' };
const EVIDENCE = ['endpoint', 'public'].map((criterion) => ({
  criterion,
  link: 'https://git.example.com/pr/4711',
}));

/** Of a hundred records so many are where people work; all others are over, as in any old register. */
const OPEN = 3;
const WAITING = 1;
const DRAFTS = 2;
const WITHDRAWN = 50;
/** Days over which a register has filled. */
const HISTORY = 3 * 365;

/**
 * Fills a register as it is after three years of use: a few records in a hundred are open, one
 * waits, two are drafts, the rest is archived. The same for every call with the same count.
 */
export async function fillRegister(
  db: Database,
  tenantId: string,
  count: number,
  progress: (done: number) => void,
): Promise<void> {
  const now = await db.inTenant(tenantId, (tx) => tx.now);
  for (let first = 0; first < count; first += BATCH) {
    await db.inTenant(tenantId, async (tx) => {
      const length = Math.min(BATCH, count - first);
      record(
        tx,
        exceptionStream,
        Array.from({ length }, (_, index) => appendOf(tenantId, first + index, count, now)),
      );
    });
    progress(Math.min(first + BATCH, count));
  }
}

function appendOf(tenantId: string, serial: number, count: number, now: number) {
  const place = spread(serial);
  const past = now - 60 * DAY - Math.floor((serial / count) * HISTORY * DAY);
  const kind = place % 100;
  const script = scriptOf(kind);
  const begin = kind < OPEN + WAITING + DRAFTS ? now - (place % 13) * DAY : past;
  const actors = new Map<ExceptionEvent, Actor>();
  let state: ExceptionState | undefined;
  const take = (events: readonly ExceptionEvent[], actor: Actor, at: number) => {
    for (const event of events) {
      actors.set(event, actor);
      state = evolve(state, event, { exceptionId: 'EXC', at, actor });
    }
  };
  let at = begin;
  for (const [actor, command, days] of [draftOf(serial, place), ...script]) {
    at += days * DAY;
    if (state) take(catchUp(state, at, BUILT_IN_POLICY), CLOCK, at);
    const decision = decide(state, command, { now: at, actor, policy: BUILT_IN_POLICY, tenantId });
    if (isRefusal(decision)) throw decision;
    take(decision, actor, at);
  }
  // What is over was archived long ago.
  const until = kind < OPEN + WAITING + DRAFTS ? at : at + 31 * DAY;
  if (state) take(catchUp(state, until, BUILT_IN_POLICY), CLOCK, until);
  return {
    tenantId,
    streamId: `EXC_${newUlid()}`,
    before: undefined,
    events: [...actors.keys()],
    at: until,
    actor: (event: ExceptionEvent) => actors.get(event) ?? CLOCK,
  };
}

type Line = readonly [Actor, ExceptionCommand, number];

function scriptOf(kind: number): Line[] {
  const submit: Line = [REQUESTOR, { type: 'SubmitException' }, 0];
  const inForce: Line[] = [
    submit,
    [APPROVER, { type: 'ApproveException', reason: 'The risk is contained.' }, 0],
    [REQUESTOR, { type: 'ActivateException' }, 0],
  ];
  if (kind < OPEN) return inForce;
  if (kind < OPEN + WAITING) return [submit];
  if (kind < OPEN + WAITING + DRAFTS) return [];
  if (kind < OPEN + WAITING + DRAFTS + WITHDRAWN)
    return [submit, [REQUESTOR, { type: 'WithdrawException', reason: 'Solved otherwise' }, 1]];
  const close: ExceptionCommand = { type: 'CloseException', reason: 'Done', evidence: EVIDENCE };
  return [...inForce, [REQUESTOR, close, 20]];
}

function draftOf(serial: number, place: number): Line {
  const sample = sampleRequest(serial);
  const person = { name: `Person ${place % 5_000}`, email: `person${place % 5_000}@example.com` };
  const fields = {
    ...sample,
    title: `${sample.title} ${WORDS[place % WORDS.length]} ${WORDS[(place >> 5) % WORDS.length]}`,
    category: CATEGORIES[place % CATEGORIES.length],
    control: CONTROLS[(place >> 3) % CONTROLS.length],
    environment: ENVIRONMENTS[(place >> 4) % ENVIRONMENTS.length],
    data_classification: CLASSIFICATIONS[(place >> 2) % CLASSIFICATIONS.length],
    likelihood: (['Low', 'Medium', 'High'] as const)[(place >> 6) % 3],
    requestor: person,
    owners: [
      person,
      { name: `Owner ${(place >> 3) % 500}`, email: `owner${(place >> 3) % 500}@example.com` },
    ],
    services: [`service-${place % 2_000}`],
    policy_ref: [`standards/rule-${(place >> 1) % 300}`],
    requested_duration: 'P14D',
    effective_from: '2020-01-01T00:00:00Z',
  };
  const { risk_score: _, ...rest } = fields;
  return [REQUESTOR, { type: 'DraftException', fields: fieldsOrRefuse(parseFields(rest)) }, 0];
}

const WORDS = [
  'webhook',
  'gateway',
  'certificate',
  'migration',
  'supplier',
  'pipeline',
  'tenant',
  'archive',
  'sandbox',
  'terminal',
  'printer',
  'vault',
  'replica',
  'queue',
  'portal',
  'scanner',
  'mainframe',
  'turbine',
  'ledger',
  'courier',
  'warehouse',
  'broker',
  'beacon',
  'satellite',
  'payroll',
  'elevator',
  'firmware',
  'broadcast',
  'orchard',
  'harbour',
  'quarry',
  'lantern',
];

/** Scatters neighbours, so that what is asked for together does not lie together. */
function spread(serial: number): number {
  return (Math.imul(serial + 1, 2_654_435_761) >>> 0) >>> 3;
}
