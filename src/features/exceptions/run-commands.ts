import { type Actor, CLOCK } from '../../domain/access/actor.ts';
import { FULL_CLEARANCE } from '../../domain/access/clearance.ts';
import type { Barred } from '../../domain/circumvention/strikes.ts';
import type { People } from '../../domain/delegation/people.ts';
import { catchUp, stateAt } from '../../domain/exception/catch-up.ts';
import type { ExceptionCommand } from '../../domain/exception/commands.ts';
import { decide } from '../../domain/exception/decide.ts';
import { type DecisionContext, isRefusal } from '../../domain/exception/decision.ts';
import type { ExceptionEvent } from '../../domain/exception/events.ts';
import { evolve } from '../../domain/exception/evolve.ts';
import { chainCommand } from '../../domain/exception/renewal.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { IN_FORCE } from '../../domain/exception/status.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { record } from '../../journal/journal.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { exceptionStream, loadForUpdate } from './exception-store.ts';
import type { TenantPolicies } from './tenant-policies.ts';

/** What commands are decided with. */
export interface Deciding {
  readonly tx: Transaction;
  /** Who gives them, for which tenant. */
  readonly caller: { readonly tenantId: string; readonly actor: Actor };
  readonly policy: Policy;
  readonly policies: Pick<TenantPolicies, 'keep'>;
  readonly people?: People | undefined;
  readonly barred?: readonly Barred[] | undefined;
}

export type Commands = readonly [ExceptionCommand, ...ExceptionCommand[]];

/**
 * Brings a record to `now`, decides commands on it in turn, and records what follows. Throws the refusal
 * of the first that is refused, with nothing recorded.
 */
export function runCommands(
  { tx, caller, policy, policies, people, barred }: Deciding,
  exceptionId: string,
  before: StreamState<ExceptionState> | undefined,
  commands: Commands,
  now: number,
): StreamState<ExceptionState> {
  const { tenantId, actor } = caller;
  const context: DecisionContext = { now, actor, policy, tenantId, people, barred };
  const timely = before ? catchUp(before.state, now, policy) : [];
  const events: ExceptionEvent[] = [...timely];
  let state = before?.state;
  for (const event of timely) state = evolve(state, event, { exceptionId, at: now, actor: CLOCK });
  for (const command of commands) {
    const decision = decide(state, command, context);
    if (isRefusal(decision)) throw decision;
    for (const event of decision) state = evolve(state, event, { exceptionId, at: now, actor });
    events.push(...decision);
  }
  const clockEvents = new Set(timely);
  const actorOf = (event: ExceptionEvent) => (clockEvents.has(event) ? CLOCK : actor);
  const append = { tenantId, streamId: exceptionId, before, events, at: now, actor: actorOf };
  const [change] = record(tx, exceptionStream, [append]);
  // A request names the pack that decided it, so that pack has to be there for as long.
  if (events.some(({ type }) => type === 'ExceptionSubmitted')) policies.keep(tx, tenantId, policy);
  const after = change ?? before;
  if (!after) throw new Error('a new record has no events');
  return after;
}

/** Keeps a renewal's predecessor informed of whether it will be taken over from. */
export async function informPredecessor(
  deciding: Deciding,
  before: ExceptionState,
  after: ExceptionState,
  time: number,
): Promise<void> {
  const { tx, caller, policy } = deciding;
  if (!after.renews || before === after) return;
  // What follows of itself from a command follows whoever gave it: their clearance does not matter.
  const [, predecessor] = await Promise.all([
    tx.query(`SET LOCAL lapse.clearance = '${FULL_CLEARANCE}'`),
    loadForUpdate(tx, caller.tenantId, after.renews),
  ]);
  if (!predecessor) return;
  // Something may have happened to it since this transaction has read the time.
  const now = Math.max(time, predecessor.state.updated_at);
  const state = stateAt(predecessor.state, now, policy);
  const command = chainCommand(before, after, state);
  // One that is over already hands over nothing.
  if (command && IN_FORCE.includes(state.status)) {
    runCommands(deciding, after.renews, predecessor, [command], now);
  }
}
