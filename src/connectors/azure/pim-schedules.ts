import type { CallOutcome, GrantOrder } from '../../domain/enforcement/connector.ts';
import { type Instant, SECOND } from '../../domain/schedule/instant.ts';
import { type AzureAnswer, type AzureClient, errorCode, UnexpectedAnswer } from './azure-client.ts';
import { endText, instantOf, isEnd } from './ends.ts';
import { markFor, markIn } from './mark.ts';
import { nameByKey } from './name-by-key.ts';
import { failureOf } from './outcomes.ts';
import { type AskedRole, filterOf, isRole, type RoleProperties, roleKey } from './role-spec.ts';
import { withoutSlash } from './scopes.ts';

const API = 'api-version=2020-10-01';
const REQUESTS = 'providers/Microsoft.Authorization/roleAssignmentScheduleRequests';
const SCHEDULES = 'providers/Microsoft.Authorization/roleAssignmentSchedules';
/** When a request that is worked on is looked at again. */
const PENDING = 10 * SECOND;

const DONE: ReadonlySet<string> = new Set(['Provisioned', 'ScheduleCreated', 'Revoked']);
const PASSING: ReadonlySet<string> = new Set(['FailedAsResourceIsLocked', 'TimedOut']);
const OVER: ReadonlySet<string> = new Set([
  ...['Denied', 'AdminDenied', 'Canceled', 'Failed', 'Invalid'],
  ...DONE,
  ...PASSING,
]);

type RequestType = 'AdminAssign' | 'AdminExtend' | 'AdminUpdate' | 'AdminRemove';

/** A request to PIM as Resource Manager answers it; only what is used. */
interface ScheduleRequest {
  readonly id: string;
  readonly properties: RoleProperties & {
    readonly requestType: string;
    readonly status: string;
    readonly justification?: string | null;
  };
}

/** What PIM has given, or is to give. */
interface Schedule {
  readonly id: string;
  readonly properties: RoleProperties & {
    readonly assignmentType?: string;
    readonly memberType?: string;
    readonly endDateTime?: string | null;
  };
}

/** What PIM has of one role of one principal. */
export interface PimStanding {
  /** What it works on, and what this leads to. */
  readonly giving: readonly ScheduleRequest[];
  readonly taking: readonly ScheduleRequest[];
  /** Requests there have ever been. */
  readonly asked: number;
  readonly schedule: Schedule | undefined;
  readonly mark: PimMark;
}

/** What PIM knows of an assignment besides. */
export interface PimMark {
  /** Epoch milliseconds; absent where it has no end. */
  readonly endsAt?: Instant | undefined;
  /** The grant it was asked for, where Lapse asked. */
  readonly markedFor?: string | undefined;
}

/**
 * Role assignments with an end of their own, by PIM (reference/azure.md, PIM time-boxed assignment). PIM
 * is asked by requests that it works on afterwards; each has a name of its own, made of how many there
 * were before, so that asking twice is one request.
 */
export class PimSchedules {
  readonly #azure: AzureClient;

  constructor(azure: AzureClient) {
    this.#azure = azure;
  }

  /** Has the role given until the order's end, or the end moved. Throws where nothing was answered. */
  async apply(order: GrantOrder, role: AskedRole, signal: AbortSignal): Promise<CallOutcome> {
    const { endsAt } = order;
    if (endsAt === undefined) throw new Error('PIM is asked for a role without an end');
    const { giving, taking, schedule, asked } = await this.standing(role, signal);
    if (giving.length > 0) return { kind: 'pending', retryAfter: PENDING };
    if (taking.length > 0)
      return { kind: 'retry', retryAfter: PENDING, message: 'PIM is still taking it away' };
    const { endDateTime } = schedule?.properties ?? {};
    // It is there without an end, and not by us: the removal alone ends it.
    if (schedule && !endDateTime) return { kind: 'done' };
    if (isEnd(endDateTime, endsAt)) return { kind: 'done' };
    const isLater = (instantOf(endDateTime) ?? endsAt) < endsAt;
    const type = !schedule ? 'AdminAssign' : isLater ? 'AdminExtend' : 'AdminUpdate';
    const answer = await this.#ask(order, role, { type, asked, schedule }, signal);
    const code = errorCode(answer);
    if (code === 'RoleAssignmentExists') return { kind: 'done' };
    if (code === 'PendingRoleAssignmentRequest') return { kind: 'pending', retryAfter: PENDING };
    return outcomeOf(answer);
  }

  /** Has the role taken away; `undefined` where PIM has nothing to do with it. Throws as `apply` does. */
  async remove(
    order: GrantOrder,
    role: AskedRole,
    signal: AbortSignal,
  ): Promise<CallOutcome | undefined> {
    const { giving, taking, schedule, asked } = await this.standing(role, signal);
    // What is given later would stand past its end.
    for (const { id } of giving) {
      const answer = await this.#azure.manage(
        { method: 'POST', path: `${id}/cancel?${API}` },
        signal,
      );
      const failure = failureOf(answer);
      if (failure) return failure.kind === 'refused' ? retried(failure.message) : failure;
    }
    if (taking.length > 0) return { kind: 'pending', retryAfter: PENDING };
    if (!schedule?.properties.endDateTime) return undefined;
    const answer = await this.#ask(order, role, { type: 'AdminRemove', asked, schedule }, signal);
    if (errorCode(answer) === 'RoleAssignmentDoesNotExist') return undefined;
    return outcomeOf(answer);
  }

  /** Reads what PIM has of a role. Throws where it cannot be read. */
  async standing(role: AskedRole, signal: AbortSignal): Promise<PimStanding> {
    const query = `${API}&${filterOf(role)}`;
    const requests = (await this.#requests(role.scope, query, signal)).filter(isOf(role));
    const schedules = await this.#schedules(role.scope, query, signal);
    const schedule = schedules.find(isOf(role));
    // What people ask for themselves, to activate a role, is theirs.
    const open = requests.filter(
      ({ properties: { status, requestType } }) => !OVER.has(status) && /^Admin/.test(requestType),
    );
    const isTaking = ({ properties }: ScheduleRequest) => properties.requestType === 'AdminRemove';
    return {
      giving: open.filter((request) => !isTaking(request)),
      taking: open.filter(isTaking),
      asked: requests.length,
      schedule,
      mark: markOf(schedule, requests),
    };
  }

  /** What PIM knows of the assignments below a scope, by `roleKey`; nothing where there is no PIM. */
  async marks(scope: string, signal: AbortSignal): Promise<ReadonlyMap<string, PimMark>> {
    try {
      const schedules = await this.#schedules(scope, API, signal);
      if (schedules.length === 0) return new Map();
      const requests = Map.groupBy(await this.#requests(scope, API, signal), ({ properties }) =>
        roleKey(properties),
      );
      return new Map(
        schedules.map((schedule) => {
          const key = roleKey(schedule.properties);
          return [key, markOf(schedule, requests.get(key) ?? [])];
        }),
      );
    } catch (error) {
      // Without a licence for it, or the right to read it, there is nothing that could be known.
      const isRefused =
        error instanceof UnexpectedAnswer && [400, 403].includes(error.answer.status);
      if (isRefused) return new Map();
      throw error;
    }
  }

  #requests(scope: string, query: string, signal: AbortSignal): Promise<ScheduleRequest[]> {
    return this.#all(`${withoutSlash(scope)}/${REQUESTS}?${query}`, signal);
  }

  /** Those that were assigned directly: what people activate themselves is no grant. */
  async #schedules(scope: string, query: string, signal: AbortSignal): Promise<Schedule[]> {
    const path = `${withoutSlash(scope)}/${SCHEDULES}?${query}`;
    const found = await this.#all<Schedule>(path, signal);
    return found.filter(
      ({ properties: { assignmentType = 'Assigned', memberType = 'Direct' } }) =>
        assignmentType === 'Assigned' && memberType === 'Direct',
    );
  }

  async #all<T>(path: string, signal: AbortSignal): Promise<T[]> {
    const found: T[] = [];
    for await (const page of this.#azure.values('resource-manager', path, signal))
      found.push(...(page as T[]));
    return found;
  }

  #ask(
    { spec, grantId, exceptionId, endsAt, ticketId }: GrantOrder,
    { scope, principalId, roleDefinitionId }: AskedRole,
    what: {
      readonly type: RequestType;
      readonly asked: number;
      readonly schedule: Schedule | undefined;
    },
    signal: AbortSignal,
  ): Promise<AzureAnswer> {
    const { type, asked, schedule } = what;
    const ends = type === 'AdminRemove' || endsAt === undefined ? undefined : endText(endsAt);
    const expiration = { type: 'AfterDateTime', endDateTime: ends };
    const properties = {
      principalId,
      roleDefinitionId,
      requestType: type,
      ...(ends === undefined ? {} : { scheduleInfo: { expiration } }),
      ...(schedule ? { targetRoleAssignmentScheduleId: schedule.id } : {}),
      justification: `${markFor(grantId)}${ticketId === undefined ? '' : ` ${ticketId}`}`,
      ticketInfo: { ticketNumber: exceptionId, ticketSystem: 'Lapse' },
    };
    const name = nameByKey(spec, type, ends ?? '', String(asked));
    const path = `${scope}/${REQUESTS}/${name}?${API}`;
    return this.#azure.manage({ method: 'PUT', path, body: { properties } }, signal);
  }
}

function isOf(role: AskedRole) {
  return ({ properties }: { readonly properties: RoleProperties }) => isRole(properties, role);
}

function markOf(schedule: Schedule | undefined, requests: readonly ScheduleRequest[]): PimMark {
  const texts = requests.map(({ properties }) => markIn(properties.justification));
  return {
    endsAt: instantOf(schedule?.properties.endDateTime),
    markedFor: schedule && texts.findLast((mark) => mark !== undefined),
  };
}

function outcomeOf(answer: AzureAnswer): CallOutcome {
  const failure = failureOf(answer);
  if (failure) return failure;
  const { status } = (answer.body as ScheduleRequest).properties;
  if (DONE.has(status)) return { kind: 'done' };
  const message = `PIM has answered the request with ${status}`;
  if (PASSING.has(status)) return retried(message);
  if (OVER.has(status)) return { kind: 'refused', message };
  return { kind: 'pending', retryAfter: PENDING };
}

/** What is decided meanwhile shows when it is read again. */
function retried(message: string): CallOutcome {
  return { kind: 'retry', message };
}
