import { isDeepStrictEqual } from 'node:util';
import { nextDeadline } from '../../src/domain/exception/advance.ts';
import type { ExceptionEventType } from '../../src/domain/exception/events.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import { plain } from './answers.ts';
import type { Invariant } from './invariants.ts';
import { type FoundStream, Mirror } from './mirror.ts';

/** What happens to a record at most once, whoever and whatever brings it about. */
const ONCE: readonly ExceptionEventType[] = [
  'ExceptionDrafted',
  'ExceptionActivated',
  'ExceptionExpiring',
  'ExceptionExtended',
  'ExceptionExpired',
  'ExceptionClosed',
  'ExceptionArchived',
];

/** Of the journal and the register that follows from it. */
export const streamInvariants: readonly Invariant[] = [
  {
    name: 'versions have no gap',
    from: 'commit',
    check: ({ mirror }) =>
      mirror.fresh
        .filter(({ events }) => events.some(({ version }, index) => version !== index + 1))
        .map(({ name, events }) => `${name} has ${events.map(({ version }) => version).join(' ')}`),
  },
  {
    name: 'no event is lost',
    from: 'commit',
    check: ({ mirror: { counts } }) =>
      counts.known === counts.stored
        ? []
        : [`${counts.known} were found so far, and there are ${counts.stored}`],
  },
  {
    name: 'no event happens twice',
    from: 'commit',
    check: ({ mirror }) =>
      mirror.fresh.flatMap(({ name, events }) =>
        ONCE.filter((type) => events.filter(({ event }) => event.type === type).length > 1).map(
          (type) => `${name} has more than one ${type}`,
        ),
      ),
  },
  {
    name: 'time never runs back in a stream',
    from: 'commit',
    check: ({ mirror }) =>
      mirror.fresh.flatMap(({ name, events }) =>
        events
          .filter(({ at }, index) => at < (events[index - 1]?.at ?? 0))
          .map(({ version, event }) => `${name}, version ${version}, ${event.type}`),
      ),
  },
  {
    name: 'what was due comes before what people do',
    from: 'commit',
    check: ({ mirror }) =>
      mirror.fresh.flatMap(({ name, events, states }) =>
        events
          .filter(({ intent, at }, index) => {
            const before = states[index - 1];
            // Of what one command gives, the first.
            if (!before || intent === undefined || events[index - 1]?.intent === intent)
              return false;
            return (nextDeadline(before) ?? Number.POSITIVE_INFINITY) <= at;
          })
          .map(({ version, event }) => `${name}, version ${version}, ${event.type}`),
      ),
  },
  {
    name: 'the register is what folding gives',
    from: 'commit',
    check: ({ mirror }) =>
      mirror.fresh.flatMap((stream) => {
        const { row, events, name } = stream;
        const version = events.at(-1)?.version;
        if (!row || row.version !== version)
          return [`${name} has ${version} events, and the register is at ${row?.version}`];
        const state = Mirror.stateOf(stream);
        if (row.status !== state.status)
          return [`${name} is ${state.status}, and the register says ${row.status}`];
        return isDeepStrictEqual(plain(row.state), plain(state))
          ? []
          : [`${name} is stored otherwise`];
      }),
  },
  {
    name: 'nothing is Closed without what its reason asks for',
    from: 'commit',
    check: ({ mirror }) => mirror.fresh.flatMap(closedWithout),
  },
  {
    name: 'reminders lie between activation and end',
    from: 'commit',
    check: ({ mirror }) =>
      mirror.fresh.flatMap((stream) => {
        const { activated_at, reminders, original_expires_at, extended_at, ended, expires_at } =
          Mirror.stateOf(stream);
        if (activated_at === undefined || ended) return [];
        const from = extended_at ?? activated_at;
        const to = (extended_at === undefined ? original_expires_at : expires_at) ?? 0;
        const sorted = reminders.every(
          (at, index) => at > (reminders[index - 1] ?? from) && at < to,
        );
        return sorted ? [] : [`${stream.name} has ${reminders.join(' ')} in ${from} to ${to}`];
      }),
  },
];

function closedWithout(stream: FoundStream): string[] {
  const closing = stream.events.find(({ event }) => event.type === 'ExceptionClosed');
  if (closing?.event.type !== 'ExceptionClosed') return [];
  const { reason, evidence = [], removal } = closing.event.data;
  const before = stream.states[closing.version - 2];
  if (!before) return [`${stream.name} is Closed from its beginning`];
  // Lapse has seen that all of it is gone: nobody has to show it (invariants-grants.ts looks at that).
  if (before.removal) return [];
  const wasInForce = before.activated_at !== undefined;
  const problem = (what: string) => [`${stream.name}, ${reason}: ${what}`];
  switch (reason) {
    case 'rejected':
    case 'withdrawn':
    case 'lapsed':
      return wasInForce ? problem('it was in force') : [];
    case 'renewed':
      return before.renewed_by ? [] : problem('nothing renews it');
    case 'revoked':
      return !wasInForce || proves(before, removal) ? [] : problem('no removal is attested');
    case 'remediated':
    case 'expired': {
      const shown = new Set(evidence.map(({ criterion }) => criterion));
      const criteria = before.fields.remediation_plan?.closure_criteria ?? [];
      const open = criteria.filter(({ id }) => !shown.has(id));
      if (open.length > 0) return problem(`no evidence for ${open.map(({ id }) => id).join(', ')}`);
      return proves(before, removal) ? [] : problem('no removal is attested');
    }
  }
}

/** What was granted needs somebody's word that it is gone. */
function proves({ fields }: ExceptionState, removal: object | undefined): boolean {
  return (fields.grants?.length ?? 0) === 0 || removal !== undefined;
}
