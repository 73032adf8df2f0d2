import type { Actor } from '../../src/domain/access/actor.ts';
import type { Delegation } from '../../src/domain/delegation/delegation.ts';
import type { CommandType } from '../../src/domain/exception/commands.ts';
import { CONTROLS, type ExceptionFields } from '../../src/domain/exception/fields.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import type { Status } from '../../src/domain/exception/status.ts';
import { openRequirements } from '../../src/domain/policy/approval-progress.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import {
  APPROVER,
  alsoOwnedBy,
  COMPLETE,
  EDITOR,
  personOf,
  RENEWAL,
  REQUESTOR,
  SECOND_APPROVER,
} from '../support/given.ts';
import { commandOf } from '../support/random-story.ts';
import { ADMINISTRATOR, AUDITOR } from './cast.ts';
import { grantsFor, WIDE } from './cloud-places.ts';
import { delegateOf } from './delegations.ts';
import type { Request, Wish } from './intent.ts';
import type { FoundStream } from './mirror.ts';
import type { Random } from './random.ts';

type Verb =
  | Exclude<CommandType, 'DraftException' | 'DraftRenewal' | 'LinkRenewal' | 'UnlinkRenewal'>
  | 'renew';

/** What people usually do next with a record, and how often; most records get somewhere. */
const USUAL: Readonly<Record<Status, readonly (readonly [Verb, number])[]>> = {
  Draft: [
    ['SubmitException', 8],
    ['EditException', 2],
  ],
  'Under-Review': [
    ['ApproveException', 24],
    ['RequestChanges', 1],
  ],
  Approved: [
    ['ActivateException', 12],
    ['EditException', 1],
  ],
  Active: [
    ['RequestExtension', 3],
    ['AddEvidence', 2],
    ['renew', 7],
    ['CloseException', 1],
    ['RevokeException', 1],
    ['RecordViolation', 1],
    ['ReassessRisk', 1],
  ],
  Expiring: [
    ['renew', 6],
    ['RequestExtension', 3],
    ['CloseException', 2],
  ],
  Extended: [
    ['renew', 3],
    ['CloseException', 2],
    ['AddEvidence', 1],
  ],
  Expired: [
    ['CloseException', 5],
    ['renew', 1],
    ['AddEvidence', 1],
  ],
  Closed: [
    ['ArchiveException', 2],
    ['renew', 1],
  ],
  Archived: [['AddEvidence', 1]],
};

/** How a renewal ends that is not to be after all. */
const GIVEN_UP: Partial<Record<Status, Verb>> = {
  Draft: 'WithdrawException',
  'Under-Review': 'RejectException',
  Approved: 'WithdrawException',
  Active: 'RevokeException',
};

/** Everything that can be asked of a record, fitting or not. */
const ANY: readonly Verb[] = [
  'EditException',
  'SubmitException',
  'RequestChanges',
  'WithdrawException',
  'ApproveException',
  'RejectException',
  'ActivateException',
  'RequestExtension',
  'RevokeException',
  'CloseException',
  'ArchiveException',
  'AddEvidence',
  'RecordViolation',
  'ReassessRisk',
  'renew',
];

const APPROVALS: readonly Verb[] = ['ApproveException', 'RejectException', 'RequestChanges'];

/** A new record of a tenant, by its number: any control, with grants or without, any way to say when it starts and ends. */
export function wishForRecord(random: Random, tenantId: string, now: number, tenant: number): Wish {
  const start = random.inThousand(50) ? undefined : random.pick([-10, 0, 0, 0, 2, 20]);
  const end = random.pick([undefined, undefined, 'P5D', 'P5D', 'P14D', 'P60D', 40]);
  const fields: ExceptionFields = {
    ...COMPLETE,
    ...(random.inThousand(600) ? alsoOwnedBy(EDITOR) : {}),
    impact: random.inThousand(700) ? 'Low' : 'High',
    control: random.inThousand(400) ? random.pick(CONTROLS) : undefined,
    scope_justification: WIDE,
    grants: random.inThousand(700) ? grantsFor(random, tenant) : undefined,
    effective_from: start === undefined ? undefined : formatInstant(now + start * DAY),
    requested_duration: typeof end === 'string' ? end : undefined,
    expires_at: typeof end === 'number' ? formatInstant(now + end * DAY) : undefined,
  };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const command = {
    type: 'DraftException',
    fields: Object.fromEntries(given) as ExceptionFields,
  } as const;
  const request = { type: 'create', command, submit: random.inThousand(300) } as const;
  return { tenantId, actor: random.inThousand(50) ? AUDITOR : REQUESTOR, request };
}

/** Something that is to be done with a record: mostly what fits, now and then anything at all. */
export function wishForChange(
  random: Random,
  stream: FoundStream,
  now: number,
  delegations: readonly Delegation[],
  chosen?: Verb,
): Wish {
  const state = stream.states.at(-1) as ExceptionState;
  const verb = chosen ?? verbFor(random, state);
  const { tenantId, id, events } = stream;
  const version = events.at(-1)?.version ?? 1;
  const sees = random.weighted([
    [undefined, 8],
    [version, 3],
    [Math.max(1, version - random.int(0, 2)), 1],
  ] as const);
  const person = actorFor(random, verb, state);
  const request = requestFor(random, verb, state, now);
  const wish = { tenantId, target: id, expected: sees };
  if (request.type !== 'command' || request.command.type !== 'ApproveException')
    return { ...wish, actor: person, request };
  const { actor, ...whom } = delegateOf(random, person, delegations, now);
  return { ...wish, actor, request: { ...request, command: { ...request.command, ...whom } } };
}

function verbFor(random: Random, state: ExceptionState): Verb {
  if (random.inThousand(state.renews === undefined ? 150 : 60)) return random.pick(ANY);
  const waiting = state.owed ?? state.pending_change;
  if (waiting && random.inThousand(700)) return 'ApproveException';
  const chosen = random.weighted(USUAL[state.status]);
  return state.renews !== undefined && random.inThousand(60)
    ? (GIVEN_UP[state.status] ?? chosen)
    : chosen;
}

function actorFor(random: Random, verb: Verb, state: ExceptionState): Actor {
  if (random.inThousand(80)) return random.pick([ADMINISTRATOR, AUDITOR, EDITOR, REQUESTOR]);
  if (APPROVALS.includes(verb)) return approverFor(random, state);
  return random.weighted([
    [REQUESTOR, 8],
    [EDITOR, 1],
  ]);
}

/** Mostly somebody whose approval is needed; now and then whoever is an approver. */
function approverFor(random: Random, state: ExceptionState): Actor {
  const { requirements = [], approvals = [] } =
    state.owed ??
    state.pending_change ??
    (state.request && { requirements: state.request.requirements, approvals: state.approvals }) ??
    {};
  const open = openRequirements(requirements, approvals);
  if (open.length === 0 || random.inThousand(150)) return random.pick([APPROVER, SECOND_APPROVER]);
  return personOf(random.pick(open).role as Actor['role']);
}

function requestFor(random: Random, verb: Verb, state: ExceptionState, now: number): Request {
  if (verb === 'renew') {
    const requested_duration = random.pick([
      undefined,
      undefined,
      undefined,
      undefined,
      'P14D',
      'P30D',
    ]);
    const renewal = { ...RENEWAL, requested_duration };
    return { type: 'renew', renewal };
  }
  const move = {
    ...{ wait: 0, by: REQUESTOR, type: verb },
    days: random.weighted([
      [random.int(1, 30), 4],
      [random.int(-5, 200), 1],
    ]),
    // Those from 5 on bring everything that a command may need; closing with 0 lacks evidence.
    choice: random.inThousand(600)
      ? random.int(5, 8)
      : random.pick([0, 0, 0, ...Array.from({ length: 10 }, (_, index) => index)]),
  };
  return { type: 'command', command: commandOf(move, { state, now }) };
}
