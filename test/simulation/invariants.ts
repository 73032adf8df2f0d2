import { approvalInvariants } from './invariants-approvals.ts';
import { chainInvariants } from './invariants-chains.ts';
import { commandInvariants } from './invariants-commands.ts';
import { escalationInvariants } from './invariants-escalation.ts';
import { grantInvariants } from './invariants-grants.ts';
import { ledgerInvariants } from './invariants-ledger.ts';
import { readInvariants } from './invariants-reads.ts';
import { streamInvariants } from './invariants-streams.ts';
import type { World } from './world.ts';

/**
 * When an invariant is looked at: `disturbance` is a crash, a copy that was put back, or a clock that
 * was moved; at `rest` those that are alive have done what there is to do.
 */
export type Moment = 'commit' | 'disturbance' | 'rest';

/** Something that must hold at every moment of its kind, and of those after it in {@link Moment}. */
export interface Invariant {
  readonly name: string;
  /** The cheap ones after each commit, the dear ones after disturbances, the rest once all is done. */
  readonly from: Moment;
  /** It looks at what is stored and not at the time: without a commit since, it holds as it did. */
  readonly timeless?: true;
  /** What does not hold, in words; nothing where all is well. Reads, and never waits for a step. */
  check(world: World): readonly string[] | Promise<readonly string[]>;
}

/** Every invariant. A new one is added here, or to one of the lists that stand here. */
const INVARIANTS: readonly Invariant[] = [
  ...streamInvariants,
  ...chainInvariants,
  ...approvalInvariants,
  ...commandInvariants,
  ...escalationInvariants,
  ...grantInvariants,
  ...readInvariants,
  ...ledgerInvariants,
];

const ORDER: readonly Moment[] = ['commit', 'disturbance', 'rest'];

/** Looks at everything that has to hold now; answers what does not, each with its invariant's name. */
export async function brokenInvariants(world: World, moment: Moment): Promise<string[]> {
  await world.mirror.read();
  const broken = world.problems.splice(0);
  for (const { name, from, timeless, check } of INVARIANTS) {
    const { lookedAt, commits } = world;
    if (ORDER.indexOf(from) > ORDER.indexOf(moment)) continue;
    if (timeless && lookedAt.get(name) === commits.count) continue;
    const problems = await check(world);
    broken.push(...problems.map((problem) => `${name}: ${problem}`));
    lookedAt.set(name, commits.count);
  }
  return broken;
}
