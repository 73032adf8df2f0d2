import { stateAt } from '../../domain/exception/catch-up.ts';
import type { ExceptionEvent } from '../../domain/exception/events.ts';
import { evolve } from '../../domain/exception/evolve.ts';
import type { RegisterCounts } from '../../domain/exception/register-counts.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { BUILT_IN_POLICY } from '../../domain/policy/built-in-policy.ts';
import { readStream } from '../../journal/read-stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { countRegister } from './exception-count-views.ts';

/** Counters in a form that can be compared: how many of what, without zeros, in order. */
export type Recount = Readonly<Record<string, number>>;

/** What the counters say. */
export async function counted(tx: Transaction, tenantId: string): Promise<Recount> {
  return asRecount(await countRegister(tx, tenantId));
}

function asRecount({ facets, ages }: RegisterCounts): Recount {
  return inOrder([
    ...facets.map(
      (row) => [`${row.facet} ${row.value} ${row.status} ${row.severity}`, row.count] as const,
    ),
    ...ages.map((row) => [`age ${row.bucket} ${row.severity}`, row.count] as const),
  ]);
}

/** What they have to say: every stream read from its events, brought to now, and counted one by one. */
export async function recounted(tx: Transaction, tenantId: string): Promise<Recount> {
  const now = await tx.now;
  const streams = await tx.query<{ stream_id: string }>(
    "SELECT DISTINCT stream_id FROM lapse.event_payloads WHERE tenant_id = $1 AND stream_type = 'exception'",
    [tenantId],
  );
  const states = await Promise.all(
    streams.map(({ stream_id: id }) => foldStream(tx, tenantId, id)),
  );
  return recount(
    states.map((state) => stateAt(state, Math.max(now, state.updated_at), BUILT_IN_POLICY)),
    now,
  );
}

async function foldStream(tx: Transaction, tenantId: string, id: string): Promise<ExceptionState> {
  let state: ExceptionState | undefined;
  for (const { type, data, at, actor } of await readStream(tx, tenantId, 'exception', id)) {
    state = evolve(state, { type, data } as ExceptionEvent, { exceptionId: id, at, actor });
  }
  if (!state) throw new Error(`${id} has no events`);
  return state;
}

const MILLIS_A_DAY = 86_400_000;

/**
 * What records as they stand at `now`, in epoch milliseconds, have to be counted as. Written out
 * anew, in none of the terms of what it checks.
 */
export function recount(states: readonly ExceptionState[], now: number): Recount {
  return inOrder(states.flatMap((state) => partsOf(state, now).map((part) => [part, 1] as const)));
}

function partsOf(state: ExceptionState, now: number): string[] {
  const { fields, status, ended } = state;
  const score = fields.risk_score ?? scoreOf(fields.likelihood, fields.impact);
  const severity = score === 0 ? 'unrated' : score > 5 ? 'High' : score > 2 ? 'Medium' : 'Low';
  const parts = [
    `category ${fields.category ?? 'none'} ${status} ${severity}`,
    `environment ${fields.environment ?? 'none'} ${status} ${severity}`,
    `renewal ${Math.min(state.renewal_number, 10)} ${status} ${severity}`,
  ];
  if (!['Active', 'Expiring', 'Extended', 'Expired'].includes(status)) return parts;
  const proven = (ended?.evidence ?? []).map(({ criterion }) => criterion);
  const criteria = fields.remediation_plan?.closure_criteria ?? [];
  if (ended?.reason !== 'revoked' && criteria.some(({ id }) => !proven.includes(id)))
    parts.push(`evidence missing ${status} ${severity}`);
  const days = Math.floor((now - (state.activated_at ?? Number.NaN)) / MILLIS_A_DAY);
  if (days <= 30) parts.push(`age days_0_30 ${severity}`);
  else if (days <= 60) parts.push(`age days_31_60 ${severity}`);
  else parts.push(days <= 90 ? `age days_61_90 ${severity}` : `age days_over_90 ${severity}`);
  return parts;
}

function scoreOf(likelihood: string | undefined, impact: string | undefined): number {
  const row = ['Low', 'Medium', 'High'].indexOf(likelihood ?? '') + 1;
  const column = ['Low', 'Medium', 'High', 'Critical'].indexOf(impact ?? '') + 1;
  return Math.min(9, row * column);
}

function inOrder(parts: readonly (readonly [string, number])[]): Recount {
  const sums = new Map<string, number>();
  for (const [part, count] of parts) sums.set(part, (sums.get(part) ?? 0) + count);
  return Object.fromEntries([...sums].filter(([, count]) => count !== 0).sort());
}
