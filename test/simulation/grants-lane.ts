import type { HttpClient, PipelineRequest } from '@azure/core-rest-pipeline';
import type { Logger } from 'pino';
import { grantEnforcement, type Stopwatch } from '../../src/features/enforcement/grant-work.ts';
import { Lanes } from '../../src/features/enforcement/lanes.ts';
import { recordReader, removalConfirmer } from '../../src/features/exceptions/enforced-records.ts';
import type { TenantPolicies } from '../../src/features/exceptions/tenant-policies.ts';
import { connectorMaker } from '../../src/main/connectors.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import type { DueWork } from '../../src/platform/due/due-loop.ts';
import { newUlid } from '../../src/platform/ids.ts';
import { wrongChange, wrongRequest } from './cloud-rules.ts';
import { Activity, type SimulatedProcess } from './schedule.ts';
import { accessOf } from './simulated-cloud.ts';
import { tenantIn, type World } from './world.ts';

/** What the lane is made of. */
interface LaneParts {
  readonly process: SimulatedProcess;
  readonly policies: TenantPolicies;
  /** Steps of an activity. */
  readonly databaseFor: (activity: Activity) => Database;
  readonly log: Logger;
}

/**
 * The product's lane of grants at the simulated cloud. Its transactions and calls are under way beside
 * one another, so each is an activity of its own.
 */
export function grantsLane(
  world: World,
  { process, policies, databaseFor, log }: LaneParts,
): DueWork {
  const begin = () => new Activity(world.schedule, process, 'grants', `${process.name}, grants`);
  const apart = <T>(work: (db: Database) => Promise<T>): Promise<T> => {
    const activity = begin();
    return activity.run(() => work(databaseFor(activity)));
  };
  const db: Database = {
    ...databaseFor(begin()),
    inSystem: (work) => apart((own) => own.inSystem(work)),
    inTenant: (reach, work) => apart((own) => own.inTenant(reach, work)),
  };
  const ends = new WeakMap<object, number>();
  const stopwatch: Stopwatch = {
    passed: () => world.clock.passed,
    limit: (milliseconds) => {
      const { signal } = new AbortController();
      ends.set(signal, world.clock.passed + milliseconds);
      return signal;
    },
  };
  const connectorFor = connectorMaker({
    ...{ db, master: world.master, insideHosts: [] },
    simulated: steppingClient(world, begin, ends),
  });
  const parts = {
    db,
    recordsOf: recordReader(policies),
    confirmRemoval: removalConfirmer(policies),
    connectorFor: async (...asked: Parameters<typeof connectorFor>) => {
      const connector = await connectorFor(...asked);
      return connector && (world.faults?.connector?.(connector) ?? connector);
    },
    lanes: new Lanes(() => world.clock.now),
    newId: newUlid,
  };
  return grantEnforcement(parts, log, stopwatch);
}

/** Each request is a step; whoever dies after it does not hear of its answer. */
function steppingClient(
  world: World,
  begin: () => Activity,
  ends: WeakMap<object, number>,
): HttpClient {
  const { cloud } = world;
  return {
    sendRequest: (request) => {
      const activity = begin();
      const until = ends.get(request.abortSignal ?? request) ?? Number.POSITIVE_INFINITY;
      return activity.run(async () => {
        const words = inWords(world, request);
        await activity.reach('before a call', `asks ${words}`);
        if (world.clock.passed > until) throw new Error('the operation was aborted');
        world.count(`cloud: ${request.method} of Lapse`);
        const [answer] = await Promise.allSettled([asked(world, request)]);
        await activity.reach('after a call', `is answered ${words}`);
        if (answer.status === 'rejected') throw answer.reason;
        return answer.value;
      });
    },
  };

  async function asked({ problems }: World, request: PipelineRequest) {
    const assignment = cloud.concerns(request);
    const access = assignment && accessOf(assignment);
    if (access) problems.push(...wrongRequest(world, request.method, access));
    const before = access ? cloud.historyOf(access).changes.length : 0;
    try {
      return await cloud.ask(request);
    } finally {
      if (access && cloud.historyOf(access).changes.length > before)
        problems.push(...wrongChange(world, access));
    }
  }
}

/** A call without ids: which differ from run to run. */
function inWords(world: World, { method, url }: PipelineRequest): string {
  const path = decodeURIComponent(new URL(url).pathname);
  const { tenantId } = world.cloud.tenantOf(path);
  const [scope = '', name = ''] = path.split('/providers/Microsoft.Authorization/roleAssignments');
  return `${method} of ${tenantIn(world, tenantId)}: ${scope.split('/').at(-1)}${name.slice(0, 9)}`;
}
