import { describe, expect, it } from 'vitest';
import {
  ALL_EVIDENCE,
  APPROVER,
  COMPLETE,
  extension,
  inStatus,
  nothing,
  PERMANENCE,
  permanent,
  personOf,
  REASON,
  REASSESSMENT,
  REQUESTOR,
  REVIEW,
  START,
  type Story,
} from '../../../test/support/given.ts';
import type { Actor } from '../access/actor.ts';
import { DomainError } from '../errors.ts';
import { DAY } from '../schedule/instant.ts';
import type { CommandType, ExceptionCommand } from './commands.ts';
import { POSSIBLE_IN } from './decide.ts';
import { STATUSES, type Status } from './status.ts';

/**
 * The state x command table, written out once more by hand: `yes` passes, `-` is refused with the
 * statuses in which it would pass, anything else is the code of a refusal of another kind.
 */
const COLUMNS = 'Draft Under-Review Approved Active Expiring Extended Expired Closed Archived';
const TABLE: Readonly<Record<CommandType, string>> = {
  DraftException: repeated('already-exists'),
  DraftRenewal: repeated('already-exists'),
  EditException: 'yes yes yes yes yes yes yes - -',
  SubmitException: 'yes - - - - - - - -',
  RequestChanges: '- yes - - - - - - -',
  WithdrawException: 'yes yes yes - - - - - -',
  ApproveException: '- yes no-such-change yes yes no-such-change no-such-change - -',
  RejectException: '- yes no-such-change yes yes no-such-change no-such-change - -',
  ActivateException: '- - yes - - - - - -',
  RequestExtension: '- - - yes yes extension-spent - - -',
  RequestPermanence: '- - - yes yes yes - - -',
  CompleteReview: '- - - not-ready yes - - - -',
  ReassessRisk: '- - - yes yes yes - - -',
  RequireRearchitecture: '- - - yes yes yes yes not-ready not-ready',
  LinkRenewal: '- - - yes yes yes yes - -',
  UnlinkRenewal: '- - - yes yes yes yes - -',
  RevokeException: '- - yes yes yes yes - - -',
  CloseException: '- - - yes yes yes yes - -',
  ConfirmRemoval: '- - - - - - not-ready - -',
  ArchiveException: '- - - - - - - yes -',
  AddEvidence: 'yes yes yes yes yes yes yes yes -',
  RecordViolation: '- - - yes yes yes yes yes -',
};

/** A command of each type that would pass wherever the table lets it. */
const EXAMPLES: { readonly [Type in CommandType]: Extract<ExceptionCommand, { type: Type }> } = {
  DraftException: { type: 'DraftException', fields: COMPLETE },
  DraftRenewal: {
    type: 'DraftRenewal',
    fields: COMPLETE,
    renews: 'EXC_1',
    renewal_number: 1,
    first_approvers: [],
  },
  EditException: { type: 'EditException', changes: { title: 'another title' } },
  SubmitException: { type: 'SubmitException' },
  RequestChanges: { type: 'RequestChanges', reason: REASON },
  WithdrawException: { type: 'WithdrawException', reason: REASON },
  ApproveException: { type: 'ApproveException', reason: REASON },
  RejectException: { type: 'RejectException', reason: REASON },
  ActivateException: { type: 'ActivateException' },
  RequestExtension: extension(START + 150 * DAY),
  RequestPermanence: PERMANENCE,
  CompleteReview: REVIEW,
  ReassessRisk: REASSESSMENT,
  RequireRearchitecture: { type: 'RequireRearchitecture', reason: REASON },
  LinkRenewal: { type: 'LinkRenewal', renewal_id: 'EXC_2', takes_over_at: START + 10 * DAY },
  UnlinkRenewal: { type: 'UnlinkRenewal', renewal_id: 'EXC_2' },
  RevokeException: { type: 'RevokeException', reason: REASON },
  CloseException: { type: 'CloseException', evidence: ALL_EVIDENCE },
  ConfirmRemoval: { type: 'ConfirmRemoval', grants: [] },
  ArchiveException: { type: 'ArchiveException' },
  AddEvidence: { type: 'AddEvidence', links: ['https://example.com/log'] },
  RecordViolation: { type: 'RecordViolation', impact: 'none', description: 'used at night' },
};

const cells = Object.keys(TABLE).flatMap((type) =>
  STATUSES.map((status, index) => ({
    type: type as CommandType,
    status,
    expected: TABLE[type as CommandType].split(' ')[index] ?? 'missing',
  })),
);

describe('the state x command table', () => {
  it('has a row for every command and a cell for every status', () => {
    expect(COLUMNS.split(' ')).toEqual(STATUSES);
    const commands = ['DraftException', 'DraftRenewal', ...Object.keys(POSSIBLE_IN)];
    expect(Object.keys(TABLE).sort()).toEqual(commands.sort());
    expect(Object.keys(EXAMPLES).sort()).toEqual(commands.sort());
    for (const row of Object.values(TABLE)) expect(row.split(' ')).toHaveLength(STATUSES.length);
  });

  it.each(cells)('$type while $status: $expected', ({ type, status, expected }) => {
    const story = awaiting(type, status);
    expect(story.state.status).toBe(status);
    const command = namingChange(EXAMPLES[type], story);
    const decision = story.decides(command, BY[type] ?? REQUESTOR);
    if (expected === 'yes') {
      expect(decision).not.toBeInstanceOf(DomainError);
      return;
    }
    expect(decision).toMatchObject({ code: expected === '-' ? 'wrong-state' : expected });
    if (expected === '-') expect((decision as DomainError).message).toContain(possible(type));
  });

  it.each(Object.keys(POSSIBLE_IN))('%s on a record that there is not', (type) => {
    const refusal = nothing().refuses(EXAMPLES[type as CommandType]);
    expect(refusal).toMatchObject({ code: 'not-found' });
  });

  it('reads well in a refusal', () => {
    expect(inStatus('Closed').refuses({ type: 'WithdrawException' }).message).toBe(
      'cannot withdraw exception: the exception is Closed; it is possible while Draft, Under-Review, Approved',
    );
  });
});

/** Who gives a command, where the requestor may not. */
const BY: { readonly [Type in CommandType]?: Actor } = {
  ApproveException: APPROVER,
  RequireRearchitecture: personOf('executive-leadership'),
};

/**
 * The record in a status, with a pending extension where there can be one to decide, and as far
 * along its chain as a command needs it.
 */
function awaiting(type: CommandType, status: Status): Story {
  if (type === 'RequestPermanence') return inStatus(status, {}, undefined, 3);
  // It was activated on the first of a month.
  if (type === 'RequireRearchitecture') return inStatus(status, {}, undefined, 4).after(0);
  if (type === 'CompleteReview' && status === 'Active') return permanent();
  if (type === 'CompleteReview' && status === 'Expiring') return permanent().after(340 * DAY);
  const decides = type === 'ApproveException' || type === 'RejectException';
  if (decides && status === 'Active') return inStatus('Active').extensionTo(START + 100 * DAY);
  if (decides && status === 'Expiring') return inStatus('Expiring').extensionTo(START + 100 * DAY);
  return inStatus(status);
}

function namingChange(command: ExceptionCommand, { state }: Story): ExceptionCommand {
  const decides = command.type === 'ApproveException' || command.type === 'RejectException';
  return decides && state.status !== 'Under-Review' ? { ...command, change: 'extension' } : command;
}

function possible(type: CommandType): string {
  const row = TABLE[type].split(' ');
  return `it is possible while ${STATUSES.filter((_, index) => row[index] !== '-').join(', ')}`;
}

function repeated(cell: string): string {
  return STATUSES.map(() => cell).join(' ');
}
