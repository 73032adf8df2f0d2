import { formatInstant } from '../schedule/instant.ts';
import { ACTIVATION, archivesAt, hasTelemetry } from './advance.ts';
import type { RemovalStatement } from './commands.ts';
import { type Decider, type DecisionContext, refuse } from './decision.ts';
import type { ClosureEvidence, ExceptionEvent } from './events.ts';
import type { ExceptionState } from './state.ts';
import type { ClosedReason } from './status.ts';

/**
 * Confirms that the compensating controls are in place, and activates where the start is reached
 * and telemetry is linked (000 section 2, step 4); before the start, the clock activates later.
 */
export const decideActivate: Decider<'ActivateException'> = (state, { reason }, context) => {
  if (!hasTelemetry(state)) {
    return refuse(
      'not-ready',
      'no telemetry is linked; add a dashboard, alert, metric or trace and activate again',
      [{ path: 'telemetry', message: 'must link at least one dashboard, alert, metric or trace' }],
    );
  }
  const confirmed: ExceptionEvent[] = state.controls_confirmed
    ? []
    : [{ type: 'ControlsConfirmed', data: reason === undefined ? {} : { reason } }];
  const started = context.now >= (state.effective_from ?? Number.POSITIVE_INFINITY);
  return started ? [...confirmed, ACTIVATION] : confirmed;
};

/** Ends it early. What was granted is taken away first, so with grants it is Expired until then. */
export const decideRevoke: Decider<'RevokeException'> = (state, { reason }, context) => {
  if (state.status === 'Approved' || !hasGrants(state)) {
    return [closing('revoked', context, { note: reason })];
  }
  return [
    {
      type: 'ExceptionExpired',
      data: { cause: 'revoked', ended_at: formatInstant(context.now), reason },
    },
  ];
};

/** Closes with evidence for every closure criterion, and proof that what was granted is gone. */
export const decideClose: Decider<'CloseException'> = (state, command, context) => {
  const lacking = lackingEvidence(state, command.evidence);
  if (lacking) return lacking;
  const reason = state.ended?.reason ?? 'remediated';
  const note = command.reason;
  if (!hasGrants(state)) return [closing(reason, context, { note, evidence: command.evidence })];
  const ended: ExceptionEvent[] =
    state.status === 'Expired'
      ? []
      : [
          {
            type: 'ExceptionExpired',
            data: { cause: 'closed', ended_at: formatInstant(context.now) },
          },
        ];
  if (!command.removal) {
    if (ended.length > 0) return ended;
    return refuse(
      'missing-evidence',
      'grants were in place: state that they are gone, with a link that shows it',
      [
        {
          path: 'removal',
          message: 'is required: {statement, links[]}, or removal verified by a connector',
        },
      ],
    );
  }
  return [
    ...ended,
    closing(reason, context, { note, evidence: command.evidence, removal: command.removal }),
  ];
};

/** Taken back by the people who asked, before it was in force. */
export const decideWithdraw: Decider<'WithdrawException'> = (_, { reason }, context) => [
  closing('withdrawn', context, { note: reason }),
];

/** Freezes a closed record before its time. */
export const decideArchive: Decider<'ArchiveException'> = (_, { reason }) => [
  { type: 'ExceptionArchived', data: reason === undefined ? {} : { reason } },
];

/** The successor is approved and ready: at this record's end it takes over, and nothing expires. */
export const decideLinkRenewal: Decider<'LinkRenewal'> = (state, command) => {
  const { exception_id: linked } = state.renewed_by ?? {};
  if (linked === command.renewal_id) return [];
  if (linked) return refuse('already-exists', `${linked} already renews this exception`);
  const takes_over_at = formatInstant(command.takes_over_at);
  return [{ type: 'RenewalLinked', data: { renewal_id: command.renewal_id, takes_over_at } }];
};

/** Links that show progress or proof; any time until the record is frozen. */
export const decideEvidence: Decider<'AddEvidence'> = (state, { links, note }) => {
  const known = new Set(state.fields.evidence ?? []);
  const added = links.filter((link) => !known.has(link));
  if (added.length === 0) return [];
  return [
    { type: 'EvidenceAdded', data: note === undefined ? { links: added } : { links: added, note } },
  ];
};

/** The exception was used against its terms, or did harm (000 section 7). */
export const decideViolation: Decider<'RecordViolation'> = (_, { impact, description }) => [
  { type: 'ViolationRecorded', data: { impact, description } },
];

interface ClosingDetails {
  readonly note?: string | undefined;
  readonly evidence?: readonly ClosureEvidence[];
  readonly removal?: RemovalStatement;
}

function closing(
  reason: ClosedReason,
  { now, policy }: DecisionContext,
  details: ClosingDetails,
): ExceptionEvent {
  const given = Object.entries(details).filter(([, value]) => value !== undefined);
  return {
    type: 'ExceptionClosed',
    data: { reason, ...Object.fromEntries(given), archives_at: archivesAt(now, policy) },
  };
}

function hasGrants(state: ExceptionState): boolean {
  return (state.fields.grants?.length ?? 0) > 0;
}

function lackingEvidence(state: ExceptionState, evidence: readonly ClosureEvidence[]) {
  const criteria = state.fields.remediation_plan?.closure_criteria ?? [];
  const known = new Set(criteria.map(({ id }) => id));
  const strange = evidence.find(({ criterion }) => !known.has(criterion));
  if (strange) {
    const message = `names no closure criterion; there are ${[...known].join(', ')}`;
    return refuse('missing-evidence', `${strange.criterion} ${message}`, [
      { path: 'evidence', message },
    ]);
  }
  const given = new Set(evidence.map(({ criterion }) => criterion));
  const open = criteria.filter(({ id }) => !given.has(id));
  if (open.length === 0) return undefined;
  return refuse(
    'missing-evidence',
    `closing needs evidence for ${open.map(({ id }) => id).join(', ')}`,
    open.map(({ id, text }) => ({
      path: `evidence.${id}`,
      message: `is required: a link that shows "${text}"`,
    })),
  );
}
