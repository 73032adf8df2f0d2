import { dataOf, type LapseClient, LapseProblem } from '@lapse/client';
import { allItems } from '../actions/all-items.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { accessKey, type KnownGrant, type KnownRecord, type Register } from './cover-access.ts';

/** Everything but what is gone: that covers nothing any more. */
const STANDING = ['planned', 'applying', 'in-place', 'removing', 'failed', 'manual'] as const;
const WAITING = ['Approved', 'Under-Review', 'Draft'] as const;
/** Records that wait, the newest first: a hint, and not what decides. */
const HINTS = 200;

type OneRecord = Readonly<{
  exception_id: string;
  status: string;
  in_force: boolean;
  expires_at?: string | undefined;
  grants?: readonly KnownGrant['spec'][] | undefined;
}>;

/**
 * What the register says of the access that a plan gives, by its keys: grants of records that were in
 * force, and the records of those that fit. What waits for a decision is read where something is not
 * covered.
 *
 * @throws CommandFailure with exit code 3 where it cannot be asked: nothing is then decided
 */
export async function readRegister(
  client: LapseClient,
  keys: ReadonlySet<string>,
): Promise<Register> {
  try {
    const standing = await standingGrants(client);
    const fitting = standing.filter(({ spec }) => keys.has(accessKey(spec)));
    const read = await recordsOf(client, new Set(fitting.map(({ exceptionId }) => exceptionId)));
    const covered = new Set(
      fitting
        .filter(({ exceptionId }) => read.get(exceptionId)?.inForce)
        .map(({ spec }) => accessKey(spec)),
    );
    if ([...keys].every((key) => covered.has(key))) return { grants: standing, records: read };
    const waiting = await waitingRecords(client);
    const records = new Map([...waiting.map(known), ...read]);
    return { grants: [...standing, ...waiting.flatMap(grantsOf)], records };
  } catch (error) {
    throw error instanceof LapseProblem ? undecided(error) : error;
  }
}

function undecided({ detail }: LapseProblem): CommandFailure {
  return new CommandFailure(
    `the register could not be asked, so that nothing is decided: ${detail}`,
    {
      exitCode: EXIT.undecided,
      next: 'use a token that may exception:read and grant:read; `lapse whoami` shows what this one may',
    },
  );
}

async function standingGrants(client: LapseClient): Promise<KnownGrant[]> {
  const items = await allItems((page) =>
    dataOf(client.GET('/v1/grants', { params: { query: { status: [...STANDING], ...page } } })),
  );
  return items.map(({ exception_id: exceptionId, grant: spec }) => ({ exceptionId, spec }));
}

async function recordsOf(
  client: LapseClient,
  ids: ReadonlySet<string>,
): Promise<Map<string, KnownRecord>> {
  const records = new Map<string, KnownRecord>();
  for (const id of ids) {
    const answer = client.GET('/v1/exceptions/{id}', { params: { path: { id } } });
    records.set(...known(await dataOf(answer)));
  }
  return records;
}

async function waitingRecords(client: LapseClient): Promise<OneRecord[]> {
  const query = { status: [...WAITING], sort: '-updated_at', limit: HINTS };
  const { items } = await dataOf(client.GET('/v1/exceptions', { params: { query } }));
  return items.filter(({ grants }) => grants?.length);
}

function known(record: OneRecord): [string, KnownRecord] {
  const { exception_id, status, in_force: inForce, expires_at: expiresAt } = record;
  return [exception_id, { status, inForce, expiresAt }];
}

function grantsOf({ exception_id: exceptionId, grants = [] }: OneRecord): KnownGrant[] {
  return grants.map((spec) => ({ exceptionId, spec }));
}
