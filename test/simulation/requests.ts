import { IN_FORCE } from '../../src/domain/exception/status.ts';
import { wishForEpoch, wishForImport, wishForPolicy, wishForToken } from './administration.ts';
import { wishForAttestation, wishForConnection } from './connections.ts';
import { wishForDelegation } from './delegations.ts';
import { Intent, REPEATABLE_FOR, type Wish } from './intent.ts';
import { type FoundStream, Mirror } from './mirror.ts';
import { wishForChange, wishForRecord } from './people.ts';
import { send } from './processes.ts';
import type { Random } from './random.ts';
import { type Link, renewalsInTime } from './renewals.ts';
import type { SimulatedProcess } from './schedule.ts';
import { nameOf, type World } from './world.ts';

/** Records that an episode makes, at most, and one import more; with few of them, chains grow long. */
const RECORDS = [60, 60, 5];
/** Requests that may be sent once more: the newest. */
const RECENT = 12;

/** What people send, and send again. Each method answers what it was, in words. */
export class Requests {
  readonly #world: World;
  readonly #random: Random;
  readonly #records: number;
  #intents = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#records = random.pick(RECORDS);
  }

  /** Something new; nothing where there is nothing to do it with yet. */
  sendNew(server: SimulatedProcess): string | undefined {
    const wish = this.#wish();
    if (!wish) return undefined;
    const key = this.#random.inThousand(600) ? `key-${this.#intents + 1}` : undefined;
    return this.#dispatch(server, this.#intend({ ...wish, key }));
  }

  /** The same request once more: after its answer was lost, beside the first one, or for no reason. */
  sendAgain(server: SimulatedProcess): string | undefined {
    const recent = this.#recent.filter(({ wish }) => wish.key !== undefined);
    if (recent.length === 0) return undefined;
    const intent = this.#random.pick(recent);
    this.#world.count(intent.underWay > 0 ? 'repeats beside the first' : 'repeats');
    return this.#dispatch(server, intent);
  }

  /** Somebody's mistake: another request under a key that was used. */
  sendUnderForeignKey(server: SimulatedProcess): string | undefined {
    const used = this.#recent.filter(
      ({ wish, acknowledged }) => wish.key !== undefined && acknowledged,
    );
    if (used.length === 0) return undefined;
    const other = this.#random.pick(used);
    this.#world.count('keys used again for something else');
    return this.#dispatch(server, this.#intend({ ...other.wish, takesKeyOf: other }));
  }

  /** An administrator goes on with a ledger: of `tenantId`, or of any that has not diverged. */
  openEpoch(server: SimulatedProcess, tenantId: string): string {
    const key = this.#random.inThousand(600) ? `key-${this.#intents + 1}` : undefined;
    return this.#dispatch(server, this.#intend({ ...wishForEpoch(this.#random, tenantId), key }));
  }

  /** A token, which is an event that time has no part in. */
  issueToken(server: SimulatedProcess): string {
    const { tenants } = this.#world;
    return this.#dispatch(
      server,
      this.#intend(wishForToken(this.#random, this.#random.pick(tenants), [])),
    );
  }

  /** Asks again what nobody knows the end of; nothing where there is no such thing. */
  sendDoubtful(server: SimulatedProcess): string | undefined {
    const { intents, clock } = this.#world;
    const doubtful = [...intents.values()].find(
      ({ inDoubt, wish, acknowledged, refused, sentAt }) =>
        inDoubt > 0 && wish.key && !acknowledged && !refused && clock.now - sentAt < REPEATABLE_FOR,
    );
    return doubtful && this.#dispatch(server, doubtful);
  }

  get #recent(): Intent[] {
    return [...this.#world.intents.values()].slice(-RECENT);
  }

  #wish(): Wish | undefined {
    const random = this.#random;
    const { mirror, tenants, clock } = this.#world;
    const known = mirror.all;
    const tenantId = random.pick(tenants);
    const delegations = mirror.delegationsOf(tenantId).map(({ delegation }) => delegation);
    if (random.inThousand(20)) return wishForDelegation(random, tenantId, delegations, clock.now);
    if (random.inThousand(10)) return wishForPolicy(random, tenantId);
    if (random.inThousand(8)) return wishForConnection(random, tenantId);
    if (random.inThousand(20)) {
      const attests = wishForAttestation(random, tenantId, mirror.grants);
      if (attests) return attests;
    }
    if (random.inThousand(25)) return wishForToken(random, tenantId, mirror.tokensOf(tenantId));
    const made = known.filter((stream) => Mirror.stateOf(stream).renews === undefined).length;
    if (made < this.#records) {
      if (random.inThousand(this.#records < 60 ? 5 : 25)) return wishForImport(random, tenantId);
      if (random.inThousand(made < 5 ? 400 : 60))
        return wishForRecord(random, tenantId, clock.now, tenants.indexOf(tenantId) + 1);
    }
    if (known.length === 0) return undefined;
    const inTime = random.inThousand(700) ? random.pickAny(this.#renewalsInTime) : undefined;
    if (!inTime) return this.#wishForChange(this.#pickRecord());
    // What happens to a record once its renewal is approved must not be written over.
    const meddles = Mirror.stateOf(inTime.renewal).status === 'Approved' && random.inThousand(400);
    return meddles
      ? this.#wishForChange(inTime.predecessor, 'RecordViolation')
      : this.#wishForChange(inTime.renewal);
  }

  #wishForChange(stream: FoundStream, verb?: 'RecordViolation'): Wish {
    const { mirror, clock } = this.#world;
    const known = mirror.delegationsOf(stream.tenantId).map(({ delegation }) => delegation);
    return wishForChange(this.#random, stream, clock.now, known, verb);
  }

  get #renewalsInTime(): Link[] {
    const busy = this.#busy;
    return renewalsInTime(this.#world).filter(({ renewal }) => !busy.has(renewal.id));
  }

  /** Records with which a request has to do that is under way. */
  get #busy(): ReadonlySet<string | undefined> {
    const underWay = this.#recent.filter((intent) => intent.underWay > 0);
    return new Set(underWay.map(({ wish }) => wish.target));
  }

  /** Mostly one that is not over, and most of all one that is in force and that nobody renews yet. */
  #pickRecord(): FoundStream {
    const random = this.#random;
    const known = this.#world.mirror.all;
    const busy = this.#busy;
    const states = known.map(Mirror.stateOf);
    const renewed = new Set(states.map(({ renews, status }) => status !== 'Closed' && renews));
    const inForce = known.filter(
      (stream) =>
        IN_FORCE.includes(Mirror.stateOf(stream).status) &&
        !busy.has(stream.id) &&
        !renewed.has(stream.id),
    );
    if (inForce.length > 0 && random.inThousand(600)) return random.pick(inForce);
    const open = known.filter((stream) => !/Closed|Archived/.test(Mirror.stateOf(stream).status));
    return random.pick(open.length > 0 && random.inThousand(900) ? open : known);
  }

  #intend(wish: Wish): Intent {
    this.#intents += 1;
    const intent = new Intent(this.#intents, wish, this.#world.clock.now);
    this.#world.intents.set(intent.number, intent);
    return intent;
  }

  #dispatch(server: SimulatedProcess, intent: Intent): string {
    const { number, verb, wish } = intent;
    send(this.#world, server, intent);
    this.#world.count(`sent: ${verb}`);
    const again = intent.attempts > 1 ? ' again' : '';
    return `${wish.actor.id} sends #${number} ${verb} ${nameOf(this.#world, wish.target)}${again} to ${server.name}`;
  }
}
