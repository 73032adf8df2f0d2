import type { HttpClient, PipelineRequest } from '@azure/core-rest-pipeline';
import type { FakeAnswer } from '../../src/connectors/azure/fake/fake-call.ts';
import { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { inProcess } from '../../src/connectors/azure/fake/in-process.ts';
import {
  type Access,
  accessesAt,
  bystandersOf,
  DIRECTORY,
  keyOfAccess,
  subscriptionsOf,
} from './cloud-places.ts';
import type { SimulatedClock } from './simulated-database.ts';

/** A role assignment as the fake holds it. */
export interface Assignment {
  readonly id: string;
  readonly properties: {
    readonly scope: string;
    readonly principalId: string;
    readonly roleDefinitionId: string;
    readonly description?: string;
  };
}

/** What became of an access, by whom, and when by the time that never runs back. */
export interface CloudChange {
  readonly kind: 'put' | 'taken';
  readonly byLapse: boolean;
  /** Lapse's mark, where it has one. */
  readonly mark: string | undefined;
  readonly at: number;
}

/** What was seen of one access from outside. */
export interface AccessHistory {
  /** The newest last. */
  readonly changes: CloudChange[];
  /** When looks of Lapse did not find it; by how much reads lagged then is taken off. */
  readonly absences: number[];
  /** Calls of Lapse to put it in place, those that changed nothing included. */
  puts: number;
  /** Deletions by Lapse that had an effect. */
  takings: number;
}

const ASSIGNMENTS = 'providers/Microsoft.Authorization/roleAssignments';
const QUERY = new URLSearchParams('api-version=2022-04-01');

/**
 * The fake cloud that all simulated processes share, and what can be seen of it from outside: who put
 * there what, who took it away, and what Lapse could know of it.
 */
export class SimulatedCloud {
  readonly fake: FakeCloud;
  readonly #tenants: readonly string[];
  readonly #http: HttpClient;
  readonly #histories = new Map<string, AccessHistory>();
  #byHand = 0;

  constructor(clock: SimulatedClock, tenants: readonly string[]) {
    this.#tenants = tenants;
    this.fake = new FakeCloud({ now: () => clock.passed, throttles: true });
    this.#http = inProcess(this.fake);
    for (const principal of DIRECTORY) this.fake.addPrincipal(principal);
    tenants.forEach((_, index) => {
      for (const id of subscriptionsOf(index + 1)) this.fake.addSubscription(id);
      for (const access of bystandersOf(index + 1)) this.assign(access);
    });
  }

  /** What became of an access. */
  historyOf(access: Access): AccessHistory {
    const key = keyOfAccess(access);
    const known = this.#histories.get(key) ?? { changes: [], absences: [], puts: 0, takings: 0 };
    this.#histories.set(key, known);
    return known;
  }

  /** What stands there now, whether or not it can be reached. */
  get standing(): Assignment[] {
    return this.fake.store.list('assignment:').map(([, value]) => value as Assignment);
  }

  /** The tenant, and its number from 1, in whose subscription something lies. */
  tenantOf(path: string): { readonly tenantId: string; readonly number: number } {
    const number = this.#tenants.findIndex((_, index) =>
      subscriptionsOf(index + 1).some((id) => path.toLowerCase().includes(id)),
    );
    return { tenantId: this.#tenants[number] ?? '', number: number + 1 };
  }

  /** Somebody puts it there past Lapse; false where it stands already, or cannot stand there. */
  assign({ target, subject, permission }: Access): boolean {
    this.#byHand += 1;
    const name = `bbbbbbbb-0000-4000-8000-${String(this.#byHand).padStart(12, '0')}`;
    const body = { properties: { principalId: subject, roleDefinitionId: permission } };
    return this.#doByHand('PUT', `${target}/${ASSIGNMENTS}/${name}`, body)?.status === 201;
  }

  /** Somebody takes it away past Lapse. */
  take({ id }: Assignment): boolean {
    return this.#doByHand('DELETE', id)?.status === 200;
  }

  /** A scope is deleted with all that stands in it, or is there again, with nothing in it. */
  putScope(scope: string, isThere: boolean): void {
    const { store } = this.fake;
    const inIt = this.standing.filter(({ id }) => id.startsWith(`${scope}/`));
    for (const assignment of isThere ? [] : inIt) {
      store.put(
        `assignment:${assignment.id.replace(`/${ASSIGNMENTS}`, '')}`.toLowerCase(),
        undefined,
        this.fake.now,
      );
      this.#note('taken', false, assignment);
    }
    store.put(`gone:${scope.toLowerCase()}`, isThere ? undefined : true, this.fake.now);
  }

  /** Nothing below it can be deleted, or can again. */
  lock(scope: string, isLocked: boolean): void {
    this.fake.store.put(`lock:${scope.toLowerCase()}`, isLocked || undefined, this.fake.now);
  }

  /** A subscription is out of reach with all that stands in it, or comes back. */
  putSubscription(id: string, isThere: boolean): void {
    this.fake.store.put(`subscription:${id}`, isThere ? { id } : undefined, this.fake.now);
  }

  /** A tenant's rows were put back: what Lapse has put there since may be unknown to it. */
  rewind(tenantId: string): void {
    for (const assignment of this.standing) {
      if (this.tenantOf(assignment.id).tenantId === tenantId) this.#note('put', false, assignment);
    }
    for (const [key, history] of this.#histories) {
      if (this.tenantOf(key).tenantId !== tenantId) continue;
      history.puts = 0;
      history.takings = 0;
    }
  }

  /** The assignment that a call is about to put there or to take away; `undefined` where there is none. */
  concerns({ method, url, body }: PipelineRequest): Assignment | undefined {
    const id = decodeURIComponent(new URL(url).pathname);
    const [scope = ''] = id.split(`/${ASSIGNMENTS}`);
    if (method === 'PUT') {
      const { properties } = JSON.parse(String(body)) as Assignment;
      return { id, properties: { ...properties, scope } };
    }
    if (method !== 'DELETE') return undefined;
    return this.standing.find((one) => one.id.toLowerCase() === id.toLowerCase());
  }

  /** Lapse asks, and what becomes of it is noted. */
  async ask(request: PipelineRequest): ReturnType<HttpClient['sendRequest']> {
    const assignment = this.concerns(request);
    try {
      return await this.#http.sendRequest(request);
    } finally {
      const call = this.fake.log.at(-1);
      if (assignment) {
        const history = this.historyOf(accessOf(assignment));
        if (request.method === 'PUT') history.puts += 1;
        if (call && call.changes.length > 0) {
          if (request.method === 'DELETE') history.takings += 1;
          this.#note(request.method === 'PUT' ? 'put' : 'taken', true, assignment);
        }
      }
      this.#noteAbsences(request, call?.status ?? 0);
    }
  }

  /** What a look could not find, and what is gone with its scope. */
  #noteAbsences({ method, url }: PipelineRequest, status: number): void {
    if (method !== 'GET' && status !== 404) return;
    const { pathname, searchParams } = new URL(url);
    const [scope = ''] = decodeURIComponent(pathname).split(`/${ASSIGNMENTS}`);
    const { store, now, lag } = this.fake;
    const isGone = status === 404 && store.get(`gone:${scope.toLowerCase()}`) === true;
    if (status !== 200 && !isGone) return;
    const principal = /principalId eq '([^']*)'/.exec(searchParams.get('$filter') ?? '')?.[1];
    const readAt = now - lag;
    const found = store
      .list('assignment:', readAt)
      .map(([, value]) => keyOfAccess(accessOf(value as Assignment)));
    for (const access of accessesAt(scope)) {
      const isAsked = isGone || access.subject === principal;
      if (isAsked && !found.includes(keyOfAccess(access)))
        this.historyOf(access).absences.push(isGone ? now : readAt);
    }
  }

  #doByHand(method: 'PUT' | 'DELETE', path: string, body?: unknown): FakeAnswer | undefined {
    const place = { host: 'management.azure.com', path, query: QUERY, caller: 'somebody' } as const;
    const answer = this.fake.answer({ method, ...place, body });
    if (this.fake.log.at(-1)?.changes.length)
      this.#note(method === 'PUT' ? 'put' : 'taken', false, answer?.body as Assignment);
    return answer;
  }

  #note(kind: CloudChange['kind'], byLapse: boolean, assignment: Assignment): void {
    const mark = assignment.properties.description?.replace(/^Lapse /, '');
    this.historyOf(accessOf(assignment)).changes.push({ kind, byLapse, mark, at: this.fake.now });
  }
}

/** The access that an assignment gives. */
export function accessOf({ properties }: Assignment): Access {
  const { scope: target, principalId: subject, roleDefinitionId: permission } = properties;
  return { target, subject, permission };
}
