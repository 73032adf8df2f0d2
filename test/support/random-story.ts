import fc from 'fast-check';
import type { Actor } from '../../src/domain/access/actor.ts';
import { grantsOf } from '../../src/domain/enforcement/grant-spec.ts';
import { DomainError } from '../../src/domain/errors.ts';
import { awaitedRequirements } from '../../src/domain/exception/awaited-approvals.ts';
import type { CommandType, ExceptionCommand } from '../../src/domain/exception/commands.ts';
import type { RemovedGrant } from '../../src/domain/exception/events.ts';
import { CONTROLS, type ExceptionFields } from '../../src/domain/exception/fields.ts';
import type { RiskFacts } from '../../src/domain/exception/risk-facts.ts';
import { DAY, formatInstant, HOUR } from '../../src/domain/schedule/instant.ts';
import {
  ALL_EVIDENCE,
  APPROVER,
  COMPLETE,
  EDITOR,
  EMERGENCY,
  extension,
  GRANTS,
  given,
  PERMANENCE,
  personOf,
  REASON,
  REASSESSMENT,
  REQUESTOR,
  REVIEW,
  SECOND_APPROVER,
  START,
  type Story,
} from './given.ts';

/** Something that somebody tries after some time; what it means depends on where the record stands. */
export interface Move {
  readonly wait: number;
  readonly by: Actor;
  readonly type: CommandType;
  /** Any number of days that the command may need. */
  readonly days: number;
  readonly choice: number;
}

/** Commands that bring a record forward come up more often, so that most stories get somewhere. */
const TYPES: readonly (readonly [CommandType, number])[] = [
  ['SubmitException', 8],
  ['ApproveException', 10],
  ['ActivateException', 8],
  ['RequestExtension', 6],
  ['EditException', 4],
  ['RequestPermanence', 3],
  ['CompleteReview', 3],
  ['ReassessRisk', 4],
  ['RequireRearchitecture', 2],
  ['LinkRenewal', 3],
  ['UnlinkRenewal', 1],
  ['RequestChanges', 1],
  ['WithdrawException', 1],
  ['RejectException', 1],
  ['RevokeException', 2],
  ['CloseException', 3],
  ['ArchiveException', 1],
  ['ConfirmRemoval', 3],
  ['AddEvidence', 2],
  ['RecordViolation', 1],
  ['DraftException', 1],
  ['DraftRenewal', 1],
];

const wait = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, HOUR, DAY) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 10 * DAY }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 120 * DAY }) },
);

const move: fc.Arbitrary<Move> = fc.record({
  wait,
  by: fc.constantFrom(REQUESTOR, APPROVER, SECOND_APPROVER, EDITOR, {
    ...APPROVER,
    role: 'administrator' as const,
  }),
  type: fc.oneof(...TYPES.map(([type, weight]) => ({ weight, arbitrary: fc.constant(type) }))),
  days: fc.integer({ min: -5, max: 200 }),
  choice: fc.nat(9),
});

/** What people try on one record, in order. */
export const moves = fc.array(move, { minLength: 1, maxLength: 16, size: 'max' });

/** How a story begins: its fields, and how many steps of the usual way it has behind it. */
export interface Beginning {
  readonly fields: Partial<ExceptionFields>;
  readonly ahead: number;
  /** Submitted as an emergency on that way. */
  readonly emergency?: boolean;
}

/** Of a subject of its own, so that no two records of a register stand in each other's chain. */
const somebodysGrant = fc
  .noBias(fc.nat())
  .map((n) => GRANTS?.map((grant) => ({ ...grant, subject: `${n}@example.com` })));

const fields: fc.Arbitrary<Partial<ExceptionFields>> = fc
  .record({
    control: fc.option(fc.constantFrom(...CONTROLS), { nil: undefined }),
    grants: fc.option(somebodysGrant, { nil: undefined }),
    start: fc.constantFrom(undefined, -10, 0, 2, 4),
    end: fc.constantFrom(undefined, 'P5D', 'P14D', 10, 13.5),
  })
  .map(({ control, grants, start, end }) => ({
    ...(control && { control }),
    ...(grants && { grants }),
    ...(start !== undefined && { effective_from: formatInstant(START + start * DAY) }),
    ...(typeof end === 'string' && { requested_duration: end }),
    ...(typeof end === 'number' && { expires_at: formatInstant(START + end * DAY) }),
  }));

const ordinary: fc.Arbitrary<Beginning> = fc.record({ fields, ahead: fc.nat(6) });

/** Of a day at most, and of a subject that can be recognised. */
const emergencies: fc.Arbitrary<Beginning> = fc.record({
  fields: fc.record({
    grants: somebodysGrant,
    effective_from: fc.constant(formatInstant(START)),
    requested_duration: fc.constantFrom('PT6H', 'PT24H'),
  }),
  ahead: fc.nat(3),
  emergency: fc.constant(true),
});

/** Any control, with grants or without, any way to say when it starts and ends; some in an emergency. */
export const beginnings: fc.Arbitrary<Beginning> = fc.oneof(
  { weight: 4, arbitrary: ordinary },
  { weight: 1, arbitrary: emergencies },
);

const USUAL_WAY: readonly Move[] = [
  { wait: HOUR, by: REQUESTOR, type: 'SubmitException', days: 0, choice: 0 },
  { wait: HOUR, by: APPROVER, type: 'ApproveException', days: 0, choice: 0 },
  { wait: HOUR, by: REQUESTOR, type: 'ActivateException', days: 0, choice: 0 },
  { wait: 4 * DAY, by: REQUESTOR, type: 'RequestExtension', days: 0.02, choice: 0 },
  { wait: HOUR, by: APPROVER, type: 'ApproveException', days: 0, choice: 0 },
];

/** A story at its beginning and after each of the moves, refused ones included. */
export function tell(
  { fields: chosen, ahead, emergency }: Beginning,
  tried: readonly Move[],
): Story[] {
  const stories = [given(chosen)];
  const usual = USUAL_WAY.slice(0, ahead).map((next) =>
    emergency && next.type === 'SubmitException' ? { ...next, choice: 9 } : next,
  );
  for (const next of [...usual, ...tried]) stories.push(tryMove(stories.at(-1) as Story, next));
  return stories.slice(usual.length);
}

function tryMove(story: Story, next: Move): Story {
  const before = story.after(next.wait);
  const command = commandOf(next, before);
  const by = decidesNext(next, before);
  if (before.decides(command, by) instanceof DomainError) return before;
  const after = before.with(command, by);
  // Mostly everybody approves who has to; sometimes the first alone.
  if (command.type !== 'ApproveException' || next.choice > 7) return after;
  return command.change === undefined ? after.approved() : after.changeApproved();
}

/** Who makes a move: an approver stands for whoever has to approve next. */
function decidesNext({ type, by }: Move, { state }: Story): Actor {
  // Not by identity: a move may have come through JSON.
  const isApprover = by.id === APPROVER.id && by.role === APPROVER.role;
  if (type !== 'ApproveException' || !isApprover) return by;
  const [needed] = awaitedRequirements(state);
  return needed ? personOf(needed.role as Actor['role']) : by;
}

/** All grants of a record, as they are once they are gone. */
export function removedGrants(state: Story['state']): RemovedGrant[] {
  return grantsOf(state).map(({ grantId }) => ({ grant_id: grantId, said_by: 'cloud' }));
}

/** The command that a move is where the record stands. */
export function commandOf(
  { type, days, choice }: Move,
  { state, now }: Pick<Story, 'state' | 'now'>,
): ExceptionCommand {
  const end = state.expires_at ?? now;
  const reason = REASON;
  switch (type) {
    case 'DraftException':
      return { type, fields: COMPLETE };
    case 'DraftRenewal':
      return { type, fields: COMPLETE, renews: 'EXC_0', renewal_number: 1, first_approvers: [] };
    case 'EditException':
      return { type, changes: editOf(choice, now + days * DAY) };
    case 'SubmitException':
      return choice > 7 ? EMERGENCY : { type };
    case 'ApproveException':
    case 'RejectException': {
      const waiting = state.owed ?? state.pending_change;
      if (choice < 5 && waiting) return { type, reason, change: waiting.change_id };
      const named = waiting || choice === 9;
      return { type, reason, ...(named && { change: choice % 2 ? 'extension' : 'chg_1' }) };
    }
    case 'RequestExtension':
      return extension(end + days * DAY);
    case 'RequestPermanence':
      return PERMANENCE;
    case 'CompleteReview':
      return REVIEW;
    case 'ReassessRisk':
      return { ...REASSESSMENT, facts: FACTS[choice % FACTS.length] ?? {} };
    case 'LinkRenewal':
      return { type, renewal_id: `EXC_${choice % 2}`, takes_over_at: end + (choice - 5) * HOUR };
    case 'UnlinkRenewal':
      return { type, renewal_id: `EXC_${choice % 2}` };
    case 'ConfirmRemoval':
      return { type, grants: removedGrants(state) };
    case 'CloseException': {
      const removal = { statement: 'gone', links: ['https://example.com/log'] };
      const evidence = ALL_EVIDENCE.slice(0, choice === 0 ? 1 : 2);
      return { type, evidence, reason, ...(choice > 4 && { removal }) };
    }
    case 'AddEvidence':
      return choice % 2 === 0
        ? { type, links: [`https://example.com/${choice}`] }
        : { type, files: [randomFile(choice)], note: 'a scan' };
    case 'RecordViolation':
      return { type, impact: 'none', description: 'used at night' };
    case 'RequestChanges':
    case 'RequireRearchitecture':
    case 'RevokeException':
      return { type, reason };
    case 'ActivateException':
    case 'ArchiveException':
    case 'WithdrawException':
      return choice % 2 ? { type } : { type, reason };
  }
}

/** Risks that have risen or not. */
const FACTS: readonly RiskFacts[] = [
  { impact: 'Critical' },
  { impact: 'Low', likelihood: 'Low' },
  { likelihood: 'High' },
  { data_classification: 'public' },
];

/** Everything that a renewal may need. */
const ARTIFACTS = (['migration-plan', 'business-case', 'memo'] as const).map((kind) => ({
  kind,
  link: `https://example.com/${kind}`,
}));

function editOf(
  choice: number,
  at: number,
): Extract<ExceptionCommand, { type: 'EditException' }>['changes'] {
  const edits = [
    { title: 'another title' },
    { owners: [{ name: 'New Owner' }] },
    { adr_id: null },
    { telemetry: null },
    { category: 'network' },
    { impact: 'Low', risk_score: 2 },
    { expires_at: formatInstant(at), requested_duration: null },
    { requested_duration: 'P3D', expires_at: null },
    { effective_from: formatInstant(at) },
    { control: 'firewall' },
    { artifacts: ARTIFACTS },
  ] as const;
  return { ...edits[choice % edits.length] } as ReturnType<typeof editOf>;
}

function randomFile(choice: number) {
  const digest = String(choice).padStart(64, '0');
  return { digest, size: choice + 1, type: 'application/pdf', name: `scan-${choice}.pdf` };
}
