import type { Logger } from 'pino';
import type { CallOutcome, Connector, GrantOrder } from '../../domain/enforcement/connector.ts';
import { namesEveryAddress } from '../../domain/policy/breadth.ts';
import { dueBacklog } from '../../platform/due/due-backlog.ts';
import { BATCH_SIZE, type MeasuredWork } from '../../platform/due/due-loop.ts';
import { claimGrants, type Errand } from './claim-grants.ts';
import { confirmIfGone } from './confirm-removal.ts';
import type { EnforcementParts } from './enforcement-parts.ts';
import { handOver } from './hand-over.ts';
import { inBatches } from './in-batches.ts';
import { type Outcome, recordOutcomes } from './record-outcomes.ts';

/** How long a pass waits for the calls that it has begun; they go on after it. */
const PASS_MS = 1_000;
/** How long an errand may take from when its claim began; less than a claim lasts. */
const ERRAND_MS = 30_000;

/** Time that never runs back, in milliseconds. */
export interface Stopwatch {
  passed(): number;
  /** Aborts after so long. */
  limit(milliseconds: number): AbortSignal;
}

const REAL_TIME: Stopwatch = {
  passed: () => performance.now(),
  limit: (milliseconds) => AbortSignal.timeout(Math.ceil(milliseconds)),
};

/**
 * Brings every grant to where its record wants it, and reads it back (DESIGN section 2, "Transactions":
 * claim, call, record). Calls of many lanes are under way beside one another and outlast a pass, so that
 * one that hangs holds up no other; what comes of them is recorded together.
 */
export function grantEnforcement(
  parts: EnforcementParts,
  log: Logger,
  stopwatch = REAL_TIME,
): MeasuredWork {
  const { db } = parts;
  const underWay = new Set<Promise<void>>();
  let stopping = false;
  // What cannot be recorded is due again when its claim ends, and is then known as unanswered.
  const recorded = inBatches<Outcome>(
    (batch) => db.inSystem((tx) => recordOutcomes(tx, parts, batch)),
    ({ row }) => `${row.tenantId}/${row.grantId}`,
  );
  const run = async (errand: Errand, until: number): Promise<void> => {
    const { tenantId, exceptionId } = errand.outlook.row;
    try {
      if (errand.kind === 'confirm')
        await db.inSystem((tx) => confirmIfGone(tx, parts, { tenantId, exceptionId }));
      else if (errand.kind === 'hand-over')
        await db.inSystem((tx) => handOver(tx, parts, { ...errand, tenantId }));
      else {
        const left = until - stopwatch.passed();
        await recorded(
          left > 0 ? await perform(errand, parts, stopwatch.limit(left)) : late(errand),
        );
      }
    } catch (error) {
      log.error({ err: error, grant: errand.outlook.row.grantId }, 'a grant stays due');
    }
  };

  return {
    name: 'grants',
    backlog: () => dueBacklog(db, 'grant_work'),
    async runBatch() {
      if (stopping) return 0;
      const until = stopwatch.passed() + ERRAND_MS;
      const { rows, errands } = await db.inSystem((tx) => claimGrants(tx, parts));
      for (const errand of errands) {
        const running: Promise<void> = run(errand, until).finally(() => underWay.delete(running));
        underWay.add(running);
      }
      const isBusy = underWay.size > 0;
      await endOrPass([...underWay]);
      // Full, so that the next pass follows at once: calls have ended and their lanes have room.
      return isBusy ? BATCH_SIZE : rows;
    },
    stop() {
      stopping = true;
    },
    async drained() {
      await Promise.all(underWay);
    },
  };
}

/** Ends with all of what is under way, or after {@link PASS_MS}. */
async function endOrPass(underWay: readonly Promise<void>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PASS_MS);
    timer.unref();
  });
  await Promise.race([Promise.all(underWay), passed]);
  clearTimeout(timer);
}

type ConnectorErrand = Extract<Errand, { kind: 'call' | 'look' }>;

/** Claimed so long ago that it may be wanted no more, and that somebody else may have taken it up: it does not leave. */
function late(errand: ConnectorErrand): Outcome {
  return failure(errand, errand.outlook.row, 'it was held up too long before it could be asked');
}

async function perform(
  errand: ConnectorErrand,
  parts: EnforcementParts,
  signal: AbortSignal,
): Promise<Outcome> {
  const { outlook, state } = errand;
  const { row, connection, spec } = outlook;
  const found = connection && (await reachable(parts, connection, spec.kind));
  if (!found || found instanceof Error) {
    const why = found?.message ?? `no connector takes grants of the kind ${spec.kind}`;
    return failure(errand, row, `the connection cannot be used: ${why}`);
  }
  const order = orderFor(outlook, state);
  const isCall = errand.kind === 'call';
  const outcome = isCall
    ? await parts.lanes.run(row.lane, found.pace, () =>
        answer(found, errand.operation, order, signal),
      )
    : undefined;
  if (outcome?.kind === 'throttled') parts.lanes.pause(row.lane, outcome.retryAfter);
  const placed = outcome && 'placed' in outcome ? outcome.placed : order.placed;
  const looks = !outcome || outcome.kind === 'done';
  const look = looks
    ? await found.observe({ ...order, placed }, signal).catch(undecided)
    : undefined;
  if (look?.kind === 'throttled') parts.lanes.pause(row.lane, look.retryAfter);
  const { readsToConfirm } = found;
  return {
    row,
    call: outcome && isCall ? { callId: errand.callId, outcome } : undefined,
    look,
    readsToConfirm,
  };
}

async function answer(
  connector: Connector,
  operation: 'apply' | 'remove',
  order: GrantOrder,
  signal: AbortSignal,
): Promise<CallOutcome> {
  try {
    return await connector[operation](order, signal);
  } catch (error) {
    // Nobody knows how far it came.
    return { kind: 'unknown', message: messageOf(error) };
  }
}

async function reachable(
  { connectorFor }: EnforcementParts,
  connection: Parameters<EnforcementParts['connectorFor']>[0],
  kind: string,
): Promise<Connector | Error | undefined> {
  try {
    return await connectorFor(connection, kind);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function failure(errand: ConnectorErrand, row: Outcome['row'], message: string): Outcome {
  if (errand.kind === 'look')
    return { row, look: { kind: 'undecided', message }, readsToConfirm: 1 };
  const outcome: CallOutcome = { kind: 'retry', message };
  return { row, call: { callId: errand.callId, outcome }, readsToConfirm: 1 };
}

function orderFor(
  { row, record, spec, wanted }: Errand['outlook'],
  state: Errand['state'],
): GrantOrder {
  const { requestor } = record.fields;
  return {
    tenantId: row.tenantId,
    grantId: row.grantId,
    exceptionId: record.exception_id,
    spec,
    endsAt: wanted.presence === 'present' ? wanted.nativeEnd : record.expires_at,
    ticketId: record.fields.ticket_id,
    requestor: requestor?.email ?? requestor?.name,
    everyAddress: namesEveryAddress(record.fields),
    placed: state.placed,
  };
}

function undecided(error: unknown) {
  return { kind: 'undecided', message: messageOf(error) } as const;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
