import { azureError, type FakeAnswer } from '../../src/connectors/azure/fake/fake-call.ts';
import { DAY, HOUR, MINUTE } from '../../src/domain/schedule/instant.ts';
import type { Action } from './action.ts';
import { type Access, anyAccess, groupsOf, subscriptionsOf } from './cloud-places.ts';
import type { Random } from './random.ts';
import { accessOf } from './simulated-cloud.ts';
import type { World } from './world.ts';

/** Something goes wrong in the cloud, or what went wrong is mended. */
export function changeWeather(world: World, random: Random): Action {
  const words = random.weighted<() => string>([
    [() => mend(world), 3],
    [() => fall(world, random, 'the cloud is down', DOWN, random.int(1, 7 * 24) * HOUR), 1],
    [
      () =>
        fall(
          world,
          random,
          'calls are refused for their number',
          throttled(random),
          random.int(1, 180) * MINUTE,
        ),
      2,
    ],
    [
      () => fall(world, random, 'the credentials have expired', EXPIRED, random.int(1, 48) * HOUR),
      1,
    ],
    [() => fall(world, random, 'answers are 5xx', BROKEN, DAY, random.int(1, 4)), 2],
    [
      () => fall(world, random, 'connections close before the call', 'drop', DAY, random.int(1, 4)),
      2,
    ],
    [
      () =>
        fall(
          world,
          random,
          'connections close after the effect',
          'drop-after',
          DAY,
          random.int(1, 4),
        ),
      4,
    ],
    [() => lag(world, random), 3],
    [() => changeGround(world, random), 8],
  ])();
  world.count(`cloud: ${words}`);
  return { words, moment: undefined };
}

/** Somebody does something in the cloud past Lapse. */
export function actByHand(world: World, random: Random): Action {
  const { cloud, tenants } = world;
  const assigns = random.inThousand(600);
  const access = anyListed(world, random) ?? anyAccess(random, random.int(1, tenants.length));
  const standing = cloud.standing.find((one) => sameAccess(accessOf(one), access));
  const did = assigns ? cloud.assign(access) : standing !== undefined && cloud.take(standing);
  const words = `somebody ${assigns ? 'assigns' : 'deletes'} a role by hand${did ? '' : ', in vain'}`;
  world.count(`cloud: ${words}`);
  return { words, moment: undefined };
}

const DOWN = azureError(503, 'ServerUnavailable', 'The server is unavailable.');
const EXPIRED = azureError(401, 'ExpiredAuthenticationToken', 'The access token has expired.');
const BROKEN = azureError(500, 'InternalServerError', 'Something went wrong.');

function throttled(random: Random): FakeAnswer {
  const answer = azureError(429, 'SubscriptionRequestsThrottled', 'Too many requests.');
  return { ...answer, headers: { 'retry-after': String(random.int(1, 300)) } };
}

/** Goes wrong with what Lapse asks, until so much time has passed or so many calls have met it. */
function fall(
  { cloud: { fake } }: World,
  random: Random,
  words: string,
  does: FakeAnswer | 'drop' | 'drop-after',
  lasts: number,
  times = Number.POSITIVE_INFINITY,
): string {
  const until = fake.now + lasts;
  const onlyChanges = random.inThousand(500);
  fake.fail({
    fits: ({ caller, at, method }) =>
      caller !== 'somebody' && at < until && !(onlyChanges && method === 'GET'),
    ...{ times, does },
  });
  return words;
}

function lag({ cloud: { fake } }: World, random: Random): string {
  fake.lag = random.pick([0, 5_000, MINUTE, 10 * MINUTE]);
  return fake.lag > 0 ? 'reads lag behind' : 'reads lag no more';
}

function mend(world: World): string {
  const { cloud, tenants } = world;
  cloud.fake.mend();
  cloud.fake.lag = 0;
  tenants.forEach((_, index) => {
    for (const id of subscriptionsOf(index + 1)) cloud.putSubscription(id, true);
    for (const scope of groupsOf(index + 1)) {
      cloud.putScope(scope, true);
      cloud.lock(scope, false);
    }
  });
  return 'everything is mended';
}

function changeGround({ cloud, tenants }: World, random: Random): string {
  const tenant = random.int(1, tenants.length);
  const scope = random.pick(groupsOf(tenant));
  const subscription = random.pick(subscriptionsOf(tenant));
  return random.weighted<() => string>([
    [
      () => {
        cloud.lock(scope, true);
        return 'a scope is locked';
      },
      3,
    ],
    [
      () => {
        cloud.putScope(scope, false);
        return 'a scope is deleted';
      },
      1,
    ],
    [
      () => {
        cloud.putSubscription(subscription, false);
        return 'a subscription disappears';
      },
      8,
    ],
  ])();
}

/** An access that a record lists, or did. */
function anyListed({ mirror }: World, random: Random): Access | undefined {
  const grant = random.pickAny(mirror.grants.all);
  if (!grant || random.inThousand(100)) return undefined;
  const { target, subject = '', permission = '' } = grant.state.spec;
  return { target, subject, permission };
}

function sameAccess(one: Access, other: Access): boolean {
  return (
    one.target === other.target &&
    one.subject === other.subject &&
    one.permission.split('/').at(-1) === other.permission
  );
}
