import { pino } from 'pino';
import { DomainError } from '../../src/domain/errors.ts';
import { exceptionCounts } from '../../src/features/exceptions/exception-count-work.ts';
import { exceptionDeadlines } from '../../src/features/exceptions/exception-work.ts';
import { ledgerSequencing } from '../../src/features/ledger/ledger-work.ts';
import { PolicyStore } from '../../src/features/policy/policy-store.ts';
import { markDiverged } from '../../src/features/tenants/tenant-service.ts';
import { sequence } from '../../src/journal/sequencer.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { DueLoop, type DueWork } from '../../src/platform/due/due-loop.ts';
import { housekeeping } from '../../src/platform/due/housekeeping.ts';
import { checkAnswer, checkRefusal } from './answers.ts';
import { grantsLane } from './grants-lane.ts';
import type { Intent } from './intent.ts';
import { perform, type Server } from './perform.ts';
import { Activity, type Kind, ProcessDied, SimulatedProcess } from './schedule.ts';
import { simulatedDatabase } from './simulated-database.ts';
import { nameOf, type World } from './world.ts';

/** A `lapse work`: its process and its loop. */
export interface Worker {
  readonly process: SimulatedProcess;
  readonly loop: DueLoop;
}

/** Starts a worker with the product's own loop and all of its lanes. */
export function startWorker(world: World, name: string): Worker {
  const process = new SimulatedProcess(name);
  const lane = (kind: Kind, make: (db: Database, activity: Activity) => DueWork): DueWork => {
    const activity = new Activity(world.schedule, process, kind, `${name}, ${kind}`);
    const work = make(databaseFor(world, activity), activity);
    return { name: work.name, runBatch: () => activity.run(() => work.runBatch()) };
  };
  const loop = new DueLoop(
    [
      lane('deadlines', (db) => exceptionDeadlines(db, policiesOf(world, process))),
      lane('ledger', (db, activity) => ledgerSequencing(db, sequencing(world, db, activity))),
      lane('counts', (db) => exceptionCounts(db)),
      grantsLane(world, {
        ...{ process, policies: policiesOf(world, process), log: failuresTo(world, name) },
        databaseFor: (activity) => databaseFor(world, activity),
      }),
      lane('housekeeping', (db) => housekeeping(db, name, () => world.clock.now)),
    ],
    failuresTo(world, name),
  );
  loop.start();
  return { process, loop };
}

/** The packs that a process knows, for as long as it lives. */
function policiesOf({ policy }: World, process: SimulatedProcess): PolicyStore {
  const known = stores.get(process) ?? new PolicyStore(policy);
  stores.set(process, known);
  return known;
}

const stores = new WeakMap<SimulatedProcess, PolicyStore>();

/** Ends a worker where it stands. */
export function killWorker({ process, loop }: Worker): void {
  process.die();
  void loop.stop();
}

/** Sends what somebody wants to a `lapse serve`. */
export function send(world: World, process: SimulatedProcess, intent: Intent): void {
  const { number, verb, wish } = intent;
  const words = `${process.name}, #${number} ${verb} ${nameOf(world, wish.target)} by ${wish.actor.id}`;
  const kind = wish.request.type === 'open-epoch' ? 'epoch' : 'command';
  const activity = new Activity(world.schedule, process, kind, words);
  const db = databaseFor(world, activity);
  const checkpoints = world.outside.storeFor(activity);
  intent.attempts += 1;
  intent.underWay += 1;
  void activity.run(async () => {
    try {
      await attempt(world, { db, checkpoints, policies: policiesOf(world, process) }, intent);
    } catch (error) {
      if (error instanceof ProcessDied) intent.inDoubt += 1;
      else world.problems.push(`#${number} ${verb} failed: ${(error as Error).stack}`);
    } finally {
      intent.underWay -= 1;
      intent.lastSeenAt = Math.max(intent.lastSeenAt, world.clock.now);
    }
  });
}

async function attempt(world: World, server: Server, intent: Intent): Promise<void> {
  try {
    const answer = await perform(world, server, intent);
    checkAnswer(world, intent, answer);
    world.count(intent.acknowledged ? 'answers repeated' : 'commands accepted');
    intent.acknowledged ??= answer;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    checkRefusal(world, intent, error.code);
    world.count('commands refused');
    world.count(`refused: ${error.code}`);
    intent.refused = error.code;
  }
}

/** What a proof, an export or a verification does first: the sequencer, run by a `lapse serve`. */
export function sequenceFrom(world: World, process: SimulatedProcess, tenantId: string): void {
  const words = `${process.name}, sequences for a proof`;
  const activity = new Activity(world.schedule, process, 'proof', words);
  void activity.run(async () => {
    try {
      await sequence(sequencing(world, databaseFor(world, activity), activity), tenantId);
    } catch (error) {
      if (error instanceof ProcessDied) return;
      world.problems.push(`${words}: ${(error as Error).stack}`);
    }
  });
}

function sequencing(world: World, db: Database, activity: Activity) {
  const checkpoints = world.outside.storeFor(activity);
  return { db, master: world.master, checkpoints, onDiverged: markDiverged(db) };
}

function databaseFor(world: World, activity: Activity): Database {
  const { base, clock, commits, faults } = world;
  const { alter } = faults ?? {};
  const onCommit = () => {
    commits.count += 1;
  };
  return simulatedDatabase({ base, clock, activity, onCommit, ...(alter ? { alter } : {}) });
}

/** The loop goes on after a failure, as it has to; for the simulation each one is a problem. */
function failuresTo(world: World, name: string) {
  const write = (line: string) => {
    const { err, work = 'grants' } = JSON.parse(line) as {
      err: { message: string };
      work?: string;
    };
    if (err.message === new ProcessDied().message) return;
    world.problems.push(`${name}, ${work} failed: ${err.message}`);
  };
  return pino({ level: 'error' }, { write });
}
