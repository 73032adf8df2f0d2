import { isDeepStrictEqual } from 'node:util';
import { isSamePerson } from '../../src/domain/access/actor.ts';
import type { ExceptionEvent } from '../../src/domain/exception/events.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import { IMPORTED } from './administration.ts';
import { plain } from './answers.ts';
import type { Intent } from './intent.ts';
import type { Invariant } from './invariants.ts';
import type { FoundEvent, FoundStream } from './mirror.ts';
import type { World } from './world.ts';

/** Written out a second time: what is done to a record by those alone whose it is. */
const OF_THE_CONCERNED: ReadonlySet<ExceptionEvent['type']> = new Set<ExceptionEvent['type']>([
  'ExceptionEdited',
  'ExceptionSubmitted',
  'ControlsConfirmed',
  'ExtensionRequested',
  'ExceptionArchived',
  'EvidenceAdded',
]);

/** Of what people have asked for, and been told. */
export const commandInvariants: readonly Invariant[] = [
  {
    name: 'no command counts twice',
    from: 'commit',
    check: (world) =>
      freshByIntent(world).flatMap(({ intent, stream }) => {
        const mine = stream.events.filter((event) => event.intent === intent.number);
        const types = new Set(mine.map(({ event }) => event.type));
        const twice =
          types.size < mine.length &&
          (intent.attempts === 1 || intent.isRemembered(world.clock.now));
        return twice
          ? [`#${intent.number} ${intent.verb}, sent ${intent.attempts} times, on ${stream.name}`]
          : [];
      }),
  },
  {
    name: 'no token and no epoch counts twice',
    from: 'commit',
    timeless: true,
    check: ({ mirror, intents, clock }) => {
      const all = [...mirror.others.values()].flatMap((other) => other.intents);
      return [...new Set(all)].flatMap((number) => {
        const intent = number === undefined ? undefined : intents.get(number);
        if (!intent || all.filter((each) => each === number).length === 1) return [];
        const isSafe = intent.attempts === 1 || intent.isRemembered(clock.now);
        return isSafe ? [`#${number} ${intent.verb}, sent ${intent.attempts} times`] : [];
      });
    },
  },
  {
    name: 'no record is imported twice',
    from: 'commit',
    timeless: true,
    check: ({ mirror: { all }, tenants }) =>
      tenants.flatMap((tenant) => {
        const imported = all.filter(
          ({ tenantId, states }) => tenantId === tenant && isImported(states[0]),
        );
        const titles = imported.map(({ states }) => titleOf(states[0]));
        return titles.filter((title, index) => titles.indexOf(title) !== index);
      }),
  },
  {
    name: 'no record is made twice',
    from: 'commit',
    check: (world) =>
      freshByIntent(world).flatMap(({ intent, stream }) => {
        if (intent.wish.request.type === 'import') return [];
        const makes = (event: FoundEvent | undefined) =>
          event?.event.type === 'ExceptionDrafted' && event.intent === intent.number;
        if (!makes(stream.events[0]) || !intent.isRemembered(world.clock.now)) return [];
        const made = world.mirror.all.filter(({ events }) => makes(events[0]));
        return made.length > 1
          ? [`#${intent.number} made ${made.map(({ name }) => name).join(' and ')}`]
          : [];
      }),
  },
  {
    name: 'a stale revision changes nothing',
    from: 'commit',
    check: (world) =>
      freshByIntent(world).flatMap(({ intent, stream, first }) => {
        const { expected, target } = intent.wish;
        if (expected === undefined || target !== stream.id) return [];
        // What time had brought about stands before the command's own events.
        const before = stream.events.slice(0, first.version - 1);
        const clock =
          before.length -
          before.findLastIndex(({ intent, at }) => intent !== undefined || at < first.at) -
          1;
        const seen = first.version - 1;
        return expected <= seen && expected >= seen - clock
          ? []
          : [`#${intent.number} expected ${expected} and came after ${seen} on ${stream.name}`];
      }),
  },
  {
    name: 'nobody changes a record that is not theirs, nor of anybody whom they act for',
    from: 'commit',
    check: (world) =>
      freshByIntent(world).flatMap(({ intent, stream, first }) => {
        const { actor } = intent.wish;
        const before = stream.states[first.version - 2];
        if (!before || !OF_THE_CONCERNED.has(first.event.type)) return [];
        const { created_by, fields } = before;
        const theirs = [created_by, fields.requestor ?? {}, ...(fields.owners ?? [])];
        const isTheirs = (person: { id?: string; email?: string }) =>
          theirs.some((one) => isSamePerson(one, person));
        // When it was read does not matter here: only whether there ever was one.
        const acts = world.mirror
          .delegationsOf(stream.tenantId)
          .some(({ delegation: { from, to } }) => isSamePerson(to, actor) && isTheirs(from));
        return isTheirs(actor) || acts || actor.role === 'administrator'
          ? []
          : [`${actor.id} has ${first.event.type} on ${stream.name}`];
      }),
  },
  {
    name: 'what is acknowledged is in the journal',
    from: 'disturbance',
    check: ({ intents, mirror }) =>
      [...intents.values()].flatMap(({ number, verb, acknowledged }) => {
        if (!acknowledged) return [];
        return acknowledged.streams.flatMap(({ id, version, state }) => {
          if (mirror.versionOf(id) < version)
            return [`#${number} ${verb} was answered with a version that is not there`];
          const stored = mirror.streams.get(id)?.states[version - 1];
          return state === undefined || isDeepStrictEqual(plain(stored), plain(state))
            ? []
            : [`#${number} ${verb} was answered with another state than its events give`];
        });
      }),
  },
  {
    name: 'what is refused changes nothing',
    from: 'disturbance',
    check: ({ intents, mirror }) => {
      return [...intents.values()]
        .filter((intent) => intent.refused && !intent.acknowledged && intent.inDoubt === 0)
        .filter((intent) => intent.underWay === 0 && mirror.hasEventOf(intent.number))
        .map(({ number, verb, refused }) => `#${number} ${verb} was refused with ${refused}`);
    },
  },
];

/** A renewal has its predecessor's title, and is another record. */
function isImported(state: ExceptionState | undefined): boolean {
  return state?.renews === undefined && IMPORTED.test(titleOf(state));
}

function titleOf(state: ExceptionState | undefined): string {
  return state?.fields.title ?? '';
}

interface Fresh {
  readonly intent: Intent;
  readonly stream: FoundStream;
  /** The first event of the intent in the stream. */
  readonly first: FoundEvent;
}

/** What the last reading has brought of people's commands. */
function freshByIntent({ mirror, intents }: World): Fresh[] {
  return mirror.fresh.flatMap((stream) => {
    const numbers = new Set(stream.events.slice(-stream.fresh).map(({ intent }) => intent));
    return [...numbers].flatMap((number) => {
      const intent = number === undefined ? undefined : intents.get(number);
      const first = stream.events.find((event) => event.intent === number);
      return intent && first ? [{ intent, stream, first }] : [];
    });
  });
}
