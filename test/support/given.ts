import { type Actor, CLOCK } from '../../src/domain/access/actor.ts';
import type { Delegation } from '../../src/domain/delegation/delegation.ts';
import type { People } from '../../src/domain/delegation/people.ts';
import { DomainError } from '../../src/domain/errors.ts';
import { catchUp } from '../../src/domain/exception/catch-up.ts';
import type { ExceptionCommand } from '../../src/domain/exception/commands.ts';
import { decide } from '../../src/domain/exception/decide.ts';
import { actorReference } from '../../src/domain/exception/event-reading.ts';
import type { ExceptionEvent } from '../../src/domain/exception/events.ts';
import { evolve } from '../../src/domain/exception/evolve.ts';
import type { ExceptionFields } from '../../src/domain/exception/fields.ts';
import { type LinkOutcome, linkEvents } from '../../src/domain/exception/link-reading.ts';
import type { RenewalRequest } from '../../src/domain/exception/renewal.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import type { Status } from '../../src/domain/exception/status.ts';
import { openRequirements } from '../../src/domain/policy/approval-progress.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import type { Policy, PolicyRule, Requirement } from '../../src/domain/policy/policy.ts';
import { DAY, formatInstant, type Instant } from '../../src/domain/schedule/instant.ts';

/** When every story begins: 2026-01-01T00:00:00.000Z. */
export const START: Instant = 1_767_225_600_000;
export const TENANT = '01J6M9M5Y0Q2H6W2QF9Q1VABCD';
export const EXCEPTION_ID = 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE';

const actor = (id: string, name: string, role: Actor['role']): Actor => ({
  id,
  name,
  email: `${id}@example.com`,
  role,
});
export const REQUESTOR = actor('rivera', 'A. Rivera', 'requestor');
export const EDITOR = actor('dumas', 'C. Dumas', 'approver');
/** Says as much as a policy asks of whoever decides. */
export const REASON = 'the risk is contained';
export const APPROVER = actor('okoye', 'L. Okoye', 'approver');
export const SECOND_APPROVER = actor('chen', 'J. Chen', 'approver');

/** Somebody of a role, always the same person. */
export function personOf(role: Actor['role']): Actor {
  return role === 'approver' ? APPROVER : actor(`the-${role}`, `The ${role}`, role);
}

/** Who acts for whom in the roles of the first, from {@link START} for ten days unless it says otherwise. */
export function delegation(from: Actor, to: Actor, more: Partial<Delegation> = {}): Delegation {
  return {
    delegation_id: `dlg_${from.id}_${to.id}`,
    from: actorReference(from),
    to: actorReference(to),
    roles: [from.role],
    starts_at: START,
    until: START + 10 * DAY,
    reason: 'on leave',
    created_at: START,
    ...more,
  };
}

/** The fields of a record that can be submitted. It has neither a control nor grants, nor a chosen end. */
export const COMPLETE: ExceptionFields = {
  title: 'Temporary OAuth bypass for supplier webhook re-ingest',
  category: 'authz',
  policy_ref: ['08-security/Security-Guidelines#authn-authz'],
  adr_id: 'ADR-0217',
  requestor: { name: 'A. Rivera', email: 'rivera@example.com' },
  environment: 'prod',
  data_classification: 'restricted',
  threat_model_link: 'threat-model#spoofing_api_key',
  stride: 'S',
  likelihood: 'Medium',
  impact: 'High',
  compensating_controls: ['Rate limit of 10 a minute'],
  telemetry: { dashboards: ['SLO/API Health'] },
  effective_from: formatInstant(START),
  remediation_plan: {
    summary: 'Migrate the supplier to OAuth',
    closure_criteria: [
      { id: 'c1', text: 'OAuth is live' },
      { id: 'c2', text: 'keys are revoked' },
    ],
  },
  owners: [{ name: 'B. Osei', email: 'osei@example.com' }],
  expiry_actions: 'The webhook falls back to OAuth',
};

/** Further owners of {@link COMPLETE}: who changes a record has to do with it. */
export function alsoOwnedBy(...others: readonly Actor[]): Pick<ExceptionFields, 'owners'> {
  const more = others.map(({ name, email }) => ({ name, ...(email && { email }) }));
  return { owners: [...(COMPLETE.owners ?? []), ...more] };
}

/** What opens something in the cloud: ending such a record takes proof that it is gone. */
export const GRANTS: ExceptionFields['grants'] = [
  {
    kind: 'role-assignment',
    target: '/subscriptions/1/resourceGroups/shop',
    subject: 'rivera@example.com',
  },
];

/** The built-in policy with these approvals for every request, and for extensions too, in place of its own. */
export function askingFor(
  approvals: NonNullable<PolicyRule['effects']['approvals']>,
  rule = 'approval',
): Policy {
  const rules = BUILT_IN_POLICY.rules.map((each) => {
    const { approvals: _, extension_approvals: __, ...effects } = each.effects;
    return { ...each, effects };
  });
  return {
    ...BUILT_IN_POLICY,
    rules: [...rules, { id: rule, source: 'a test', match: {}, effects: { approvals } }],
  };
}
export const ONE_APPROVER = askingFor([{ role: 'approver' }]);
export const TWO_APPROVERS = askingFor([{ role: 'approver', count: 2 }]);

/** What a renewal brings afresh. */
export const RENEWAL: RenewalRequest = {
  justification: 'the supplier has moved its cut-over to spring',
  likelihood: 'Low',
  impact: 'High',
  risk_review: 'the key was rotated and nobody else has it',
};
/** What the policy asks for along the chain. */
const CHAIN_ARTIFACTS: ExceptionFields['artifacts'] = [
  { kind: 'migration-plan', link: 'plans/oauth' },
  { kind: 'business-case', link: 'cases/oauth' },
  { kind: 'memo', link: 'memos/oauth' },
];
/** What stands behind a permanent exception. */
export const PERMANENCE = {
  type: 'RequestPermanence',
  change_id: 'chg_1',
  reason: 'the vendor is out of business',
  risk_review: 'contained, since it stands alone',
  business_case: 'cases/permanent',
  memo: 'memos/permanent',
  documented_in: 'architecture/exceptions#webhook',
} as const;
/** A yearly review. */
export const REVIEW = {
  type: 'CompleteReview',
  change_id: 'chg_2',
  reason: 'nothing replaces it yet',
  risk_review: 'unchanged after a year',
} as const;

/** A risk that has risen. */
export const REASSESSMENT = {
  type: 'ReassessRisk',
  change_id: 'chg_3',
  reason: 'the key was found in a log',
  risk_review: 'anybody with the log can use it',
  facts: { impact: 'Critical' },
} as const;
/** A request in an emergency. */
export const EMERGENCY = {
  type: 'SubmitException',
  break_glass: { reason: 'orders are lost every minute' },
} as const;

/** Evidence for both closure criteria of {@link COMPLETE}. */
export const ALL_EVIDENCE = [
  { criterion: 'c1', link: 'https://example.com/pr/1' },
  { criterion: 'c2', link: 'https://example.com/pr/2' },
];

/** One event of a story, as a journal would hold it. */
export interface Told {
  readonly event: ExceptionEvent;
  readonly at: Instant;
  readonly actor: Actor;
}

/** A record, the time, and how it came about. Every step gives a new story and leaves this one. */
export class Story {
  readonly now: Instant;
  readonly policy: Policy;
  readonly told: readonly Told[];
  readonly #people: People | undefined;
  readonly #state: ExceptionState | undefined;

  constructor(
    now: Instant,
    policy: Policy,
    told: readonly Told[],
    state?: ExceptionState,
    people?: People,
  ) {
    this.#people = people;
    this.now = now;
    this.policy = policy;
    this.told = told;
    this.#state = state;
  }

  get state(): ExceptionState {
    if (!this.#state) throw new Error('nothing has been drafted yet');
    return this.#state;
  }

  /** So much later; what time alone brings about has happened. */
  after(millis: number): Story {
    const later = new Story(this.now + millis, this.policy, this.told, this.#state, this.#people);
    return this.#state ? later.#with(catchUp(this.#state, later.now, this.policy), CLOCK) : later;
  }

  /** The same, among people who can approve and act for one another. */
  among(people: People): Story {
    return new Story(this.now, this.policy, this.told, this.#state, people);
  }

  /** The events that a command gives; throws its refusal. */
  gives(command: ExceptionCommand, by: Actor = REQUESTOR): readonly ExceptionEvent[] {
    const decision = this.decides(command, by);
    if (decision instanceof DomainError) throw decision;
    return decision;
  }

  /** The refusal of a command; throws where it passes. */
  refuses(command: ExceptionCommand, by: Actor = REQUESTOR): DomainError {
    const decision = this.decides(command, by);
    if (decision instanceof DomainError) return decision;
    throw new Error(`${command.type} passes with ${decision.map(({ type }) => type).join(', ')}`);
  }

  /** The events of a command, or its refusal. */
  decides(command: ExceptionCommand, by: Actor = REQUESTOR) {
    const { now, policy } = this;
    const people = this.#people;
    return decide(this.#state, command, { now, actor: by, policy, tenantId: TENANT, people });
  }

  /** The story after a command that passes. */
  with(command: ExceptionCommand, by: Actor = REQUESTOR): Story {
    return this.#with(this.gives(command, by), by);
  }

  submitted(): Story {
    return this.with({ type: 'SubmitException' });
  }

  /** Approved by everybody whose approval is needed, one after another. */
  approved(): Story {
    const { state } = this;
    if (state.status !== 'Under-Review') return this;
    const needed = openRequirements(state.request?.requirements ?? [], state.approvals);
    return needed.length === 0 ? this : this.#approvedAs(needed, {}).approved();
  }

  /** The compensating controls are confirmed: active as soon as its start is reached. */
  confirmed(): Story {
    return this.with({ type: 'ActivateException' });
  }

  /** Asks for an extension to an instant. */
  extensionTo(expires_at: Instant): Story {
    return this.with(extension(expires_at));
  }

  extended(expires_at: Instant): Story {
    return this.extensionTo(expires_at).changeApproved();
  }

  /** What waits besides a request, approved by everybody whose approval is needed. */
  changeApproved(): Story {
    const pending = this.state.owed ?? this.state.pending_change;
    if (!pending) return this;
    const needed = openRequirements(pending.requirements, pending.approvals);
    if (needed.length === 0) return this;
    return this.#approvedAs(needed, { change: pending.change_id }).changeApproved();
  }

  /** What came of attempts to read the links of an archived record. */
  linksRead(outcomes: readonly LinkOutcome[], isLast: boolean): Story {
    return this.#with(linkEvents(this.state, outcomes, isLast), CLOCK);
  }

  #approvedAs([needed]: readonly Requirement[], terms: { change?: string }): Story {
    const role = needed?.role as Actor['role'];
    const by = needed?.person ? { ...needed.person, role } : personOf(role);
    return this.with({ type: 'ApproveException', reason: REASON, ...terms }, by);
  }

  #with(events: readonly ExceptionEvent[], by: Actor): Story {
    const at = this.now;
    const told = events.map((event) => ({ event, at, actor: by }));
    const all = [...this.told, ...told];
    return new Story(at, this.policy, all, fold(told, this.#state), this.#people);
  }
}

/** The record after more events. */
function fold(told: readonly Told[], state?: ExceptionState): ExceptionState | undefined {
  return told.reduce<ExceptionState | undefined>(
    (folded, { event, at, actor: by }) =>
      evolve(folded, event, { exceptionId: EXCEPTION_ID, at, actor: by }),
    state,
  );
}

/** A story before anything has happened. */
export function nothing(policy: Policy = BUILT_IN_POLICY): Story {
  return new Story(START, policy, []);
}

/** A draft by {@link REQUESTOR}: complete, with other fields where they are given. */
export function given(fields: Partial<ExceptionFields> = {}, policy?: Policy): Story {
  return nothing(policy).with({ type: 'DraftException', fields: { ...COMPLETE, ...fields } });
}

/** A complete draft that renews another record, so far along its chain. */
export function inChain(
  renewal_number: number,
  fields: Partial<ExceptionFields> = {},
  policy?: Policy,
): Story {
  return nothing(policy).with({
    type: 'DraftRenewal',
    fields: { ...COMPLETE, ...RENEWAL, artifacts: CHAIN_ARTIFACTS, ...fields },
    renews: 'EXC_0',
    renewal_number,
    first_approvers: [],
  });
}

/** A permanent exception, since {@link START}. */
export function permanent(fields: Partial<ExceptionFields> = {}, policy?: Policy): Story {
  const active = inChain(3, fields, policy).submitted().approved().confirmed();
  return active.with(PERMANENCE).changeApproved();
}

/** The request for an extension to an instant. */
export function extension(expires_at: Instant) {
  return {
    type: 'RequestExtension',
    change_id: 'chg_1',
    expires_at: formatInstant(expires_at),
    reason: 'the supplier is late',
    risk_review: 'unchanged',
  } as const;
}

/** A record in a status, in force since {@link START} where it has come that far. */
export function inStatus(
  status: Status,
  fields: Partial<ExceptionFields> = {},
  policy?: Policy,
  renewalNumber = 0,
): Story {
  const draft =
    renewalNumber === 0 ? given(fields, policy) : inChain(renewalNumber, fields, policy);
  const review = () => draft.submitted();
  const active = () => review().approved().confirmed();
  switch (status) {
    case 'Draft':
      return draft;
    case 'Under-Review':
      return review();
    case 'Approved':
      return review().approved();
    case 'Active':
      return active();
    case 'Expiring':
      return active().after(61 * DAY);
    case 'Extended':
      return active().extended(START + 120 * DAY);
    case 'Expired':
      return active().after(91 * DAY);
    case 'Closed':
      return draft.with({ type: 'WithdrawException', reason: REASON });
    case 'Archived':
      return draft.with({ type: 'WithdrawException', reason: REASON }).after(31 * DAY);
  }
}
