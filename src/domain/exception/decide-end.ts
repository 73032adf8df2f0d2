import type { DomainError } from '../errors.ts';
import { formatInstant } from '../schedule/instant.ts';
import { activation, hasTelemetry } from './advance.ts';
import { archivesAt } from './archiving.ts';
import { isBreakGlass } from './break-glass.ts';
import { criteriaWithoutEvidence } from './closure.ts';
import type { RemovalStatement } from './commands.ts';
import { type Decider, type DecisionContext, refuse, refusedFields } from './decision.ts';
import type { ClosureEvidence, ExceptionEvent } from './events.ts';
import { fileWithDigest, tooManyFiles } from './evidence-file.ts';
import { limitProblems } from './parse-fields.ts';
import type { ExceptionState, OwedReview } from './state.ts';
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
  return started ? [...confirmed, activation(state, context.now, context.policy)] : confirmed;
};

/** Ends it early. What was granted is taken away first, so with grants it is Expired until then. */
export const decideRevoke: Decider<'RevokeException'> = (state, { reason }, context) => {
  if (state.status === 'Approved' || !(hasGrants(state) || owesReview(state))) {
    return [closing('revoked', context, { note: reason })];
  }
  return [
    {
      type: 'ExceptionExpired',
      data: { cause: 'revoked', ended_at: formatInstant(context.now), reason },
    },
  ];
};

/**
 * Closes with evidence for every closure criterion, and proof that what was granted is gone; without
 * that proof the record has ended but stays Expired. What was revoked was not remediated, so it
 * closes on the proof alone.
 */
export const decideClose: Decider<'CloseException'> = (state, command, context) => {
  const { ended } = state;
  const evidence = withoutRepeats([...(ended?.evidence ?? []), ...command.evidence]);
  const lacking = lackingEvidence(state, evidence);
  if (lacking) return lacking;
  const { removal, reason } = command;
  if (owesReview(state)) {
    if (state.status === 'Expired') return reviewFirst(state.owed);
  } else if (removal || state.removal || !hasGrants(state)) {
    const note = reason ?? ended?.note;
    return [closing(ended?.reason ?? 'remediated', context, { note, evidence, removal })];
  }
  if (state.status === 'Expired') {
    return refuse(
      'missing-evidence',
      'grants were in place: state that they are gone, with a link that shows it',
      [{ path: 'removal', message: 'is required: {statement, links[]}' }],
    );
  }
  const cause = { cause: 'closed', ended_at: formatInstant(context.now), evidence } as const;
  return [{ type: 'ExceptionExpired', data: reason === undefined ? cause : { ...cause, reason } }];
};

/** Taken back by the people who asked, before it was in force. */
export const decideWithdraw: Decider<'WithdrawException'> = (_, { reason }, context) => [
  closing('withdrawn', context, { note: reason }),
];

/** Freezes a closed record before its time; not an emergency, after which no other may follow so long. */
export const decideArchive: Decider<'ArchiveException'> = (state, { reason }) => {
  const { activated_at, closed } = state;
  if (isBreakGlass(state) && activated_at !== undefined && closed) {
    return refuse(
      'not-ready',
      `a break-glass is archived by itself at ${formatInstant(closed.archives_at)}; until then no other may follow for the same (ADR 0028)`,
    );
  }
  return [{ type: 'ExceptionArchived', data: reason === undefined ? {} : { reason } }];
};

/**
 * The successor is approved and ready: at this record's end it takes over, and nothing expires. Said
 * again with another start, where the successor was edited and approved anew.
 */
export const decideLinkRenewal: Decider<'LinkRenewal'> = (state, command) => {
  const { renewal_id, takes_over_at } = command;
  const linked = state.renewed_by;
  if (linked && linked.exception_id !== renewal_id) {
    return refuse(
      'already-exists',
      `${linked.exception_id} already renews this exception; withdraw that one first`,
    );
  }
  if (linked?.takes_over_at === takes_over_at) return [];
  return [
    {
      type: 'RenewalLinked',
      data: { renewal_id, takes_over_at: formatInstant(takes_over_at) },
    },
  ];
};

/** The successor will not take over after all, so this record expires at its end like any other. */
export const decideUnlinkRenewal: Decider<'UnlinkRenewal'> = (state, { renewal_id }) =>
  state.renewed_by?.exception_id === renewal_id
    ? [{ type: 'RenewalUnlinked', data: { renewal_id } }]
    : [];

/** Links and files that show progress or proof; any time until the record is frozen. */
export const decideEvidence: Decider<'AddEvidence'> = (state, { links = [], files = [], note }) => {
  const known = new Set(state.fields.evidence ?? []);
  const newLinks = [...new Set(links)].filter((link) => !known.has(link));
  const newFiles = files.filter(({ digest }) => !fileWithDigest(state, digest));
  if (newLinks.length === 0 && newFiles.length === 0) return [];
  const tooMany = tooManyFiles((state.evidence_files?.length ?? 0) + newFiles.length);
  if (tooMany) return refusedFields([tooMany]);
  const problems = limitProblems({ ...state.fields, evidence: [...known, ...newLinks] });
  if (newLinks.length > 0 && problems.length > 0) return refusedFields(problems);
  const data = {
    links: newLinks,
    ...(newFiles.length > 0 ? { files: newFiles } : {}),
    ...(note === undefined ? {} : { note }),
  };
  return [{ type: 'EvidenceAdded', data }];
};

/** The exception was used against its terms, or did harm (000 section 7). */
export const decideViolation: Decider<'RecordViolation'> = (_, { impact, description }) => [
  { type: 'ViolationRecorded', data: { impact, description } },
];

interface ClosingDetails {
  readonly note?: string | undefined;
  readonly evidence?: readonly ClosureEvidence[];
  readonly removal?: RemovalStatement | undefined;
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

/** An emergency owes its review whether or not it is over. */
function owesReview(
  state: ExceptionState,
): state is ExceptionState & Required<Pick<ExceptionState, 'owed'>> {
  return state.owed?.kind === 'break-glass';
}

function reviewFirst({ by, change_id }: OwedReview): DomainError {
  return refuse(
    'not-ready',
    `its review is owed until ${formatInstant(by)}: once it is approved with "change": "${change_id}" and the decision record is there, or that time has passed, it can be closed`,
  );
}

function hasGrants(state: ExceptionState): boolean {
  return (state.fields.grants?.length ?? 0) > 0;
}

function withoutRepeats(evidence: readonly ClosureEvidence[]): ClosureEvidence[] {
  return [
    ...new Map(
      evidence.map((entry) => [JSON.stringify([entry.criterion, entry.link, entry.digest]), entry]),
    ).values(),
  ];
}

/** Why the evidence does not do: a criterion or a file that there is none of, or a criterion without any. */
function lackingEvidence(
  state: ExceptionState,
  evidence: readonly ClosureEvidence[],
): DomainError | undefined {
  const criteria = state.fields.remediation_plan?.closure_criteria ?? [];
  const known = new Set(criteria.map(({ id }) => id));
  const strange = evidence.find(({ criterion }) => !known.has(criterion));
  if (strange) {
    const message = `names no closure criterion; there are ${[...known].join(', ')}`;
    return refuse('missing-evidence', `${strange.criterion} ${message}`, [
      { path: 'evidence', message },
    ]);
  }
  const absent = evidence.findIndex(({ digest }) => digest && !fileWithDigest(state, digest));
  if (absent >= 0) {
    const has = state.evidence_files?.map(({ digest, name }) => `${digest} (${name})`) ?? [];
    const message = `names no file of this record; ${has.length > 0 ? `it has ${has.join(', ')}` : 'it has none: add the file as evidence first'}`;
    return refuse('missing-evidence', `evidence.${absent}.digest ${message}`, [
      { path: `evidence.${absent}.digest`, message },
    ]);
  }
  const open = criteriaWithoutEvidence(state, evidence);
  if (open.length === 0) return undefined;
  return refuse(
    'missing-evidence',
    `closing needs evidence for ${open.map(({ id }) => id).join(', ')}`,
    open.map(({ id, text }) => ({
      path: `evidence.${id}`,
      message: `is required: the digest of a file of this record, or a link that shows "${text}"`,
    })),
  );
}
