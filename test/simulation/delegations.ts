import { type Actor, isSamePerson } from '../../src/domain/access/actor.ts';
import { type Delegation, isActive } from '../../src/domain/delegation/delegation.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { APPROVER, personOf } from '../support/given.ts';
import { ADMINISTRATOR, APPROVERS, AUDITOR, REQUESTOR_AS_APPROVER } from './cast.ts';
import type { Wish } from './intent.ts';
import type { Random } from './random.ts';

/** Whose approval most requests need, and who requests: where they delegate, it matters. */
const USUAL = [personOf('security'), personOf('domain-owner'), personOf('ciso'), APPROVER];

/** Somebody goes on leave, or comes back; mostly soon, since nobody decides for a requestor's delegate. */
export function wishForDelegation(
  random: Random,
  tenantId: string,
  known: readonly Delegation[],
  now: number,
): Wish {
  const open = known.filter(({ ended, until }) => !ended && until > now);
  if (open.length > 3 || (open.length > 0 && random.inThousand(400))) {
    const { delegation_id, from, to } = random.pick(open);
    const parties = APPROVERS.filter((one) => isSamePerson(one, from) || isSamePerson(one, to));
    const actor = random.pick([...parties, ADMINISTRATOR, AUDITOR]);
    return { tenantId, actor, target: delegation_id, request: { type: 'end-delegation' } };
  }
  const somebody = () => random.pick(random.inThousand(700) ? USUAL : APPROVERS);
  const actor = random.inThousand(300) ? REQUESTOR_AS_APPROVER : somebody();
  const { id, email = id } = somebody();
  const from = random.inThousand(200) ? now + random.int(0, 5) * DAY : undefined;
  const days = random.weighted([
    [random.int(1, 10), 9],
    [random.int(-2, 100), 1],
  ]);
  const wanted = {
    to: random.pick([id, email]),
    from,
    until: (from ?? now) + days * DAY,
    reason: 'on leave',
    ...(random.inThousand(100) ? { roles: ['ciso'] } : {}),
  };
  return { tenantId, actor, request: { type: 'delegate', wanted } };
}

/** Who acts for somebody, mostly, where anybody does; with whom they act for. */
export function delegateOf(
  random: Random,
  person: Actor,
  known: readonly Delegation[],
  now: number,
): { readonly actor: Actor; readonly for?: string } {
  const acting = known.filter((one) => isActive(one, now) && isSamePerson(one.from, person));
  if (acting.length === 0 || random.inThousand(400)) return { actor: person };
  const { to, from } = random.pick(acting);
  const actor = APPROVERS.find((one) => isSamePerson(one, to)) ?? person;
  return random.inThousand(500) ? { actor } : { actor, for: from.id };
}
