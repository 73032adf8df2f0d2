import { FakeCloud, type FakeCloudOptions } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { serveFakeCloud } from '../../src/connectors/azure/fake/serve-fake-cloud.ts';
import type { ExceptionFields } from '../../src/domain/exception/fields.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { approveAll, command } from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';

export const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
export const DIRECTORY = '99999999-2222-4333-8444-555555555555';
export const PERSON = 'aaaaaaaa-2222-4333-8444-555555555555';
export const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
export const SCOPE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/shop`;

export const ROLE = {
  kind: 'role-assignment',
  target: SCOPE,
  subject: PERSON,
  permission: READER,
} as const;

/** A register beside a fake cloud that it reaches. */
export interface CloudLab {
  readonly api: TestApi;
  readonly cloud: FakeCloud;
  /** Puts the connection `azure` in use; whatever its grants lie in unless told. */
  connect(mode: 'observe' | 'remove' | 'manage', subscriptions?: readonly string[]): Promise<void>;
  /** A record in force from now on, for so many days; answers its id. */
  inForce(
    grants: ExceptionFields['grants'],
    days?: number,
    fields?: Partial<ExceptionFields>,
  ): Promise<string>;
  /** The grants of a record, as they are answered. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  grantsOf(id: string): Promise<any[]>;
  /** Role assignments that stand in the cloud. */
  assignments(): number;
  /** Changes that calls of Lapse have brought about, as `<operation> <resource>`. */
  changes(): string[];
  /** The domain's time. */
  now(): number;
  /** Moves the domain's time on, and does what is then due. */
  moveOn(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Makes one. Call `close` in `afterAll`. */
export async function createCloudLab(options: FakeCloudOptions = {}): Promise<CloudLab> {
  const cloud = new FakeCloud(options);
  cloud.addSubscription(SUBSCRIPTION);
  cloud.addPrincipal(PERSON);
  const served = await serveFakeCloud(cloud);
  const api = await createTestApi({ simulatedCloud: served.rewrite });
  let now = START;
  let made = 0;
  return {
    api,
    cloud,
    async connect(mode, subscriptions = []) {
      const reached = { cloud: 'simulated', directory_id: DIRECTORY, subscriptions };
      const body = { connector: 'azure', ...reached, mode };
      const put = await api.send('PUT', '/v1/connections/azure', { as: 'administrator', body });
      if (put.status !== 200) throw new Error(put.text);
    },
    async inForce(grants, days = 10, others = {}) {
      made += 1;
      const fields = {
        ...COMPLETE,
        control: 'rbac-tier-1',
        grants,
        services: [`service-${made}`],
        effective_from: formatInstant(now),
        expires_at: formatInstant(now + days * DAY),
        ...others,
      };
      const drafted = await api.send('POST', '/v1/exceptions?submit=true', {
        as: 'requestor',
        body: fields,
      });
      if (drafted.status !== 201) throw new Error(drafted.text);
      const id = drafted.body.exception_id;
      const approved = await approveAll(api, id);
      if (approved.status !== 200) throw new Error(approved.text);
      const active = await command(api, id, 'activate');
      if (active.body.status !== 'Active') throw new Error(active.text);
      return id;
    },
    async grantsOf(id) {
      const { body } = await api.send('GET', `/v1/grants?exception_id=${id}`, { as: 'requestor' });
      return body.items;
    },
    assignments: () => cloud.store.list('assignment:').length,
    changes: () =>
      cloud.log.flatMap(({ changes }) => changes.map(({ operation, id }) => `${operation} ${id}`)),
    now: () => now,
    async moveOn(milliseconds) {
      now += milliseconds;
      await api.moveTo(now);
    },
    async close() {
      await api.close();
      await served.close();
    },
  };
}
