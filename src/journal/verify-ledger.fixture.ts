import { fully } from '../../test/support/fully.ts';
import { ONE_APPROVER } from '../../test/support/given.ts';
import { type Actor, CLOCK } from '../domain/access/actor.ts';
import { catchUp } from '../domain/exception/catch-up.ts';
import type { ExceptionCommand } from '../domain/exception/commands.ts';
import { decide } from '../domain/exception/decide.ts';
import { isRefusal } from '../domain/exception/decision.ts';
import type { ExceptionEvent } from '../domain/exception/events.ts';
import { evolve } from '../domain/exception/evolve.ts';
import type { ExceptionFields } from '../domain/exception/fields.ts';
import type { ExceptionState } from '../domain/exception/state.ts';
import { DAY, formatInstant } from '../domain/schedule/instant.ts';
import { exceptionStream } from '../features/exceptions/exception-store.ts';
import type { Database } from '../platform/db/transaction.ts';
import { newUlid } from '../platform/ids.ts';
import { record } from './journal.ts';

const REQUESTOR: Actor = {
  id: 'tok_01ARZ3NDEKTSV4RRFFQ69G5FAV',
  name: 'Rae Quest',
  email: 'rae@example.com',
  role: 'requestor',
};
const APPROVER: Actor = {
  id: 'tok_01ARZ3NDEKTSV4RRFFQ69G5FAW',
  name: 'Ann Prover',
  email: 'ann@example.com',
  role: 'approver',
};
const START = Date.UTC(2026, 0, 5, 9);

/** Events that one actor caused at one time. */
export interface Step {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly actor: Actor;
  readonly events: readonly ExceptionEvent[];
}

/** A complete request with something in every child table. `n` makes it one of many. */
function sampleFields(n = 0): ExceptionFields {
  const link = `https://example.com/evidence/${n}`;
  return {
    title: `Legacy gateway ${n} keeps TLS 1.0 until its vendor's release`,
    category: 'network',
    policy_ref: [`https://policy.example/tls#${n % 7}`, 'https://policy.example/gateways'],
    adr_id: `ADR-${n}`,
    requestor: { name: 'Rae Quest', email: 'Rae@example.com' },
    environment: 'prod',
    data_classification: 'internal',
    threat_model_link: `https://example.com/threats/${n}`,
    stride: 'I',
    likelihood: 'Medium',
    impact: 'High',
    compensating_controls: ['mutual TLS at the edge', 'nightly scan of the segment'],
    telemetry: { dashboards: [link], alerts: [`${link}/alert`] },
    effective_from: formatInstant(START),
    remediation_plan: {
      summary: 'The vendor ships TLS 1.3 with its next release — Größe unbekannt.',
      closure_criteria: [{ id: 'c1', text: 'No handshake below TLS 1.2 within a week' }],
    },
    owners: [{ name: 'Olga Wner', email: `olga${n % 5}@example.com` }, { name: 'Team Edge' }],
    services: [`gateway-${n % 11}`, 'payments'],
    expiry_actions: 'The listener is closed; clients that still need it have been told.',
  } as ExceptionFields;
}

/** A record's whole life as the decider has it, from draft to archive, with an extension within. */
export function wholeLife(n = 0, listener = 'edge'): Step[] {
  // A listener of its own, since what covers the same would have to be a renewal.
  const fields = { ...sampleFields(n), scope: { resources: [listener] } };
  const script: readonly (readonly [number, Actor, ExceptionCommand])[] = [
    [0, REQUESTOR, { type: 'DraftException', fields }],
    [0, REQUESTOR, { type: 'SubmitException' }],
    [1, APPROVER, { type: 'ApproveException', reason: 'The risk is known and watched.' }],
    [1, REQUESTOR, { type: 'ActivateException' }],
    [70, REQUESTOR, extensionRequest()],
    [
      71,
      APPROVER,
      { type: 'ApproveException', reason: 'Once more, for the release.', change: 'extension' },
    ],
    [80, REQUESTOR, { type: 'AddEvidence', links: ['https://example.com/pr/1'] }],
    [160, REQUESTOR, closing()],
    [200, REQUESTOR, { type: 'AddEvidence', links: ['https://example.com/pr/2'] }],
  ];
  const steps: Step[] = [];
  let state: ExceptionState | undefined;
  const take = (step: Step) => {
    if (step.events.length === 0) return;
    for (const event of step.events)
      state = evolve(state, event, { exceptionId: 'EXC', at: step.at, actor: step.actor });
    steps.push(step);
  };
  for (const [day, actor, command] of script) {
    const at = START + day * DAY;
    if (state) take({ at, actor: CLOCK, events: catchUp(state, at, ONE_APPROVER) });
    const context = { now: at, actor, policy: ONE_APPROVER, tenantId: 'T' };
    const decision = decide(state, command, context);
    // Past its end the record is archived by time alone, which the last command only brings about.
    if (isRefusal(decision) && day < 200) throw decision;
    if (!isRefusal(decision)) take({ at, actor, events: decision });
  }
  return steps;
}

function extensionRequest(): ExceptionCommand {
  return {
    type: 'RequestExtension',
    change_id: 'chg_1',
    expires_at: formatInstant(START + 150 * DAY),
    reason: 'The release slipped.',
    risk_review: 'https://example.com/review',
  };
}

function closing(): ExceptionCommand {
  const evidence = [{ criterion: 'c1', link: 'https://example.com/scan' }];
  return { type: 'CloseException', reason: 'The gateway is gone.', evidence };
}

/** A record to write, and how much of its life. */
export interface Life {
  readonly id: string;
  readonly steps: readonly Step[];
}

/** `count` whole lives under new ids; `length` cuts them after so many steps. */
export function manyLives(count: number, length = Number.POSITIVE_INFINITY): Life[] {
  return Array.from({ length: count }, (_, n) => {
    const id = `EXC_${newUlid()}`;
    return { id, steps: wholeLife(n, id).slice(0, length) };
  });
}

/** Writes lives through the journal in one transaction, each at once; answers how many events. */
export function recordLives(
  db: Database,
  tenantId: string,
  lives: readonly Life[],
): Promise<number> {
  return db.inTenant(fully(tenantId), async (tx) => {
    const appends = lives.map(({ id: streamId, steps }) => {
      const actors = new Map(
        steps.flatMap(({ actor, events }) => events.map((event) => [event, actor])),
      );
      const at = steps.at(-1)?.at ?? START;
      const events = [...actors.keys()];
      const actor = (event: ExceptionEvent) => actors.get(event) ?? CLOCK;
      return { tenantId, streamId, before: undefined, events, at, actor };
    });
    record(tx, exceptionStream, appends);
    return appends.reduce((sum, { events }) => sum + events.length, 0);
  });
}
