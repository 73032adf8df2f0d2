import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  ALL_EVIDENCE,
  APPROVER,
  askingFor,
  COMPLETE,
  delegation,
  EDITOR,
  EMERGENCY,
  EXCEPTION_ID,
  extension,
  GRANTS,
  given,
  inChain,
  nothing,
  ONE_APPROVER,
  PERMANENCE,
  personOf,
  REASON,
  REASSESSMENT,
  RENEWAL,
  REVIEW,
  START,
  type Story,
} from '../../../test/support/given.ts';
import { removedGrants } from '../../../test/support/random-story.ts';
import { proposed, signedApproval, signedBy } from '../../../test/support/signed-story.ts';
import type { Actor } from '../access/actor.ts';
import { DAY, HOUR } from '../schedule/instant.ts';
import { evolve } from './evolve.ts';
import type { ExceptionState } from './state.ts';
import { EVENT_VERSIONS, upcast } from './upcast.ts';

/** One stream that holds every type of event, each with the state that it folds to. */
interface GoldenStream {
  readonly exception_id: string;
  readonly events: readonly {
    readonly type: string;
    readonly version: number;
    readonly at: number;
    readonly actor: Actor;
    readonly data: unknown;
    readonly state: ExceptionState;
  }[];
}

// Released shapes: never edited. A new version of an event gets a file of its own beside these.
const FILES = [
  // Requests take places in a chain since then, a key that may be left out.
  { file: 'events-v1', story: eventful, added: ['places', 'escalation'] },
  { file: 'events-chains-v1', story: chained, added: ['escalation'] },
  { file: 'events-owed-v1', story: owing, added: ['escalation'] },
  { file: 'events-evidence-v1', story: archived, added: ['escalation'] },
  { file: 'events-escalation-v1', story: escalated, added: [] as string[] },
  { file: 'events-delegated-v1', story: delegated, added: ['escalation'] },
  { file: 'events-signed-v1', story: signed, added: [] },
  { file: 'events-removal-v1', story: removed, added: [] },
].map((each) => ({ ...each, golden: readGolden(each.file) }));

it('the golden streams hold every type of event', () => {
  const types = FILES.flatMap(({ golden }) => golden.events.map(({ type }) => type));
  expect([...new Set(types)].sort()).toEqual(Object.keys(EVENT_VERSIONS).sort());
});

describe.each(FILES)('events of $file', ({ golden, story, added }) => {
  it('are of the first version', () => {
    expect(new Set(golden.events.map(({ version }) => version))).toEqual(new Set([1]));
  });

  it.each(golden.events.map((event, index) => ({ ...event, index })))(
    '$index: $type folds to the state that it did then',
    ({ type, version, at, actor, data, state, index }) => {
      const before = golden.events[index - 1]?.state;
      const context = { exceptionId: golden.exception_id, at, actor };
      expect(evolve(before, upcast(type, version, data), context)).toStrictEqual(state);
    },
  );

  it('are what the decider writes today', () => {
    const withoutAdded = (data: object) =>
      Object.fromEntries(Object.entries(data).filter(([key]) => !added.includes(key)));
    const written = story().told.map(({ event: { type, data }, at, actor }) => {
      return { type, data: withoutAdded(data), at, actor };
    });
    // Packs had no digests then: a request named the id of its pack in the same place.
    const digest = /^sha256:[0-9a-f]{64}$/;
    const stored = golden.events.map(({ state: _, version: __, ...event }) =>
      event.type === 'ExceptionSubmitted'
        ? { ...event, data: { ...(event.data as object), policy: expect.stringMatching(digest) } }
        : event,
    );
    expect(written).toStrictEqual(stored);
  });
});

describe('an event that this release does not know', () => {
  it.each(['ExceptionForgotten', 'constructor', '__proto__'])('is not read: %s', (type) => {
    expect(() => upcast(type, 1, {})).toThrow(`unknown event type ${type}`);
  });

  it('is not read in a newer version either', () => {
    expect(() => upcast('ExceptionDrafted', 2, {})).toThrow(
      'ExceptionDrafted has version 2; this release knows 1',
    );
  });

  it('cannot begin a stream', () => {
    const context = { exceptionId: EXCEPTION_ID, at: START, actor: APPROVER };
    expect(() => evolve(undefined, upcast('ExceptionArchived', 1, {}), context)).toThrow(
      'begins with ExceptionArchived instead of ExceptionDrafted',
    );
  });
});

/** Reasons could be as short as anybody liked when these were written, and anybody write a record. */
const ANY_REASON = {
  ...ONE_APPROVER,
  reasons: { min_characters: 0 },
  changes_by: 'anyone' as const,
};

function readGolden(file: string): GoldenStream {
  const url = new URL(`../../../test/vectors/${file}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as GoldenStream;
}

/** The story of the first golden stream: everything that can happen to one record. */
function eventful(): Story {
  // As the first release wrote it: its policy asked for one approver, whatever was opened.
  const rules = ONE_APPROVER.rules.filter(({ id }) => id !== 'wide-scope');
  const policy = { ...ANY_REASON, id: 'built-in-1', rules };
  const grants = [
    { kind: 'role-assignment', target: '/subscriptions/1', subject: 'rivera@example.com' },
  ];
  const fields = { ...COMPLETE, grants };
  const claims = { status: 'Approved', approvals: [{ name: 'J. Chen', decision: 'approve' }] };
  return nothing(policy)
    .with({ type: 'DraftException', fields, claims })
    .after(DAY)
    .submitted()
    .with({ type: 'RequestChanges', reason: 'name the ticket' }, APPROVER)
    .with(
      { type: 'EditException', changes: { ticket_id: 'SEC-1421', category: 'network' } },
      EDITOR,
    )
    .submitted()
    .after(DAY)
    .approved()
    .confirmed()
    .with({ type: 'AddEvidence', links: ['https://example.com/pr/1'], note: 'first step' })
    .with({ type: 'RecordViolation', impact: 'degraded', description: 'used at night' }, EDITOR)
    .after(60 * DAY)
    .extensionTo(START + 100 * DAY)
    .with({ type: 'RejectException', reason: 'not so long', change: 'chg_1' }, APPROVER)
    .with({ ...extension(START + 95 * DAY), change_id: 'chg_2' })
    .with({ type: 'ApproveException', reason: 'go on', change: 'chg_2' }, APPROVER)
    .with({ type: 'LinkRenewal', renewal_id: 'EXC_2', takes_over_at: START + 95 * DAY })
    .with({ type: 'UnlinkRenewal', renewal_id: 'EXC_2' })
    .with({ type: 'CloseException', evidence: ALL_EVIDENCE, reason: 'OAuth is live' })
    .with({
      type: 'CloseException',
      evidence: [],
      removal: { statement: 'the role is gone', links: ['https://example.com/log'] },
    })
    .after(30 * DAY);
}

/** The story of the second: a chain that executive leadership decides on and that becomes permanent. */
function chained(): Story {
  const leader = personOf('executive-leadership');
  return inChain(4, { grants: GRANTS, services: ['webhook'] }, ANY_REASON)
    .submitted()
    .approved()
    .after(DAY)
    .confirmed()
    .after(31 * DAY)
    .with({ type: 'RequireRearchitecture', reason: 'it is rebuilt next year' }, leader)
    .with(PERMANENCE)
    .with({ type: 'RejectException', reason: 'rebuild it', change: 'permanence' }, APPROVER)
    .with({ ...PERMANENCE, change_id: 'chg_2' })
    .changeApproved()
    .after(340 * DAY)
    .with({ ...REVIEW, change_id: 'chg_3' })
    .changeApproved();
}

/** The story of the third: an emergency that is reviewed, whose risk rises, and that ends for it. */
function owing(): Story {
  const { adr_id: _, ...incomplete } = COMPLETE;
  const fields = { ...incomplete, services: ['webhook'], grants: GRANTS };
  const asked = askingFor([{ role: 'security' }, { role: 'domain-owner', step: 2 }]);
  const policy = { ...asked, reasons: ANY_REASON.reasons };
  return nothing(policy)
    .with({ type: 'DraftException', fields })
    .with(EMERGENCY)
    .with({ type: 'ApproveException', reason: 'go' }, personOf('domain-owner'))
    .confirmed()
    .after(HOUR)
    .with(
      { type: 'ApproveException', reason: 'rightly so', change: 'break-glass' },
      personOf('security'),
    )
    .with({ type: 'EditException', changes: { adr_id: 'ADR-0300' } })
    .after(HOUR)
    .with(REASSESSMENT, EDITOR)
    .with({ type: 'RejectException', reason: 'shut it', change: 'risk-change' }, APPROVER);
}

/** The story of the third: a record whose evidence was frozen, and what lay behind its links. */
function archived(): Story {
  const links = ['https://example.com/pr/1', 'https://example.com/gone', 'ADR-0217'];
  return given({}, ONE_APPROVER)
    .submitted()
    .approved()
    .confirmed()
    .with({ type: 'AddEvidence', links })
    .with({ type: 'CloseException', evidence: ALL_EVIDENCE })
    .with({ type: 'ArchiveException' })
    .after(60_000)
    .linksRead(
      [
        {
          link: 'https://example.com/pr/1',
          at: START + 60_000,
          digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          size: 4,
          type: 'text/plain',
          status: 200,
        },
        {
          link: 'https://example.com/gone',
          at: START + 60_000,
          reason: 'was answered with 404',
          status: 404,
          isFinal: true,
        },
        {
          link: 'https://example.com/pr/2',
          at: START + 60_000,
          reason: 'has a name that is not known (ENOTFOUND)',
          isFinal: false,
        },
      ],
      false,
    );
}

/** The story of the third: a request and a change that nobody decides at first. */
function escalated(): Story {
  return given({}, ANY_REASON)
    .submitted()
    .after(7 * DAY)
    .approved()
    .confirmed()
    .extensionTo(START + 100 * DAY)
    .after(3 * DAY);
}

/** The story of the third: what is approved for somebody else, and a renewal whose first approver has left. */
function delegated(): Story {
  const [ciso, dpo] = [personOf('ciso'), personOf('dpo')];
  const people = { approvers: [ciso, dpo], delegations: [delegation(ciso, dpo)] };
  const first_approvers = [{ role: 'security', id: 'gone', name: 'H. Gone' }];
  return nothing(askingFor([{ role: 'first-approver', fallback: 'ciso' }]))
    .among(people)
    .with({
      type: 'DraftRenewal',
      fields: { ...COMPLETE, ...RENEWAL },
      renews: 'EXC_0',
      renewal_number: 1,
      first_approvers,
    })
    .submitted()
    .with({ type: 'ApproveException', reason: 'the risk is contained', for: ciso.id }, dpo);
}

/** What was granted is seen gone, and the record closes with it. */
function removed(): Story {
  const running = given({ grants: GRANTS }, ONE_APPROVER).submitted().approved().confirmed();
  const ended = running.after(DAY).with({ type: 'RevokeException', reason: REASON });
  return ended.after(HOUR).with({ type: 'ConfirmRemoval', grants: removedGrants(ended.state) });
}

/** An approval that is signed, by somebody in a session. */
function signed(): Story {
  const approver: Actor = {
    ...APPROVER,
    signed_in: { method: 'oidc', issuer: 'https://id.example.com', subject: '7' },
  };
  const request = given({}, signedBy(ONE_APPROVER, 'approver')).submitted();
  return request.with(signedApproval(proposed(request, approver), START), approver);
}
