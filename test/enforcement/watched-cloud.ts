import { MINUTE } from '../../src/domain/schedule/instant.ts';
import { START } from '../support/given.ts';
import { type CloudLab, createCloudLab } from './cloud-lab.ts';

/** How late the audit logs of the watched cloud show what was done. */
const AUDIT_DELAY = 15 * MINUTE;

/** A cloud whose logs are read, and whose time, like the server's, goes with the domain's. */
export interface WatchedCloud extends CloudLab {
  /** Adds somebody to the register; answers their id. */
  addPerson(name: string, email: string): Promise<string>;
  /** The strikes of somebody that nobody has lifted. */
  strikes(personId: string): Promise<number>;
  /** The alerts about access of a principal, the newest first. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  alertsOf(subject: string): Promise<any[]>;
  /** The id of the role assignment that a principal has; the empty text where there is none. */
  assignmentOf(subject: string): string;
}

/** Makes one, in the mode `remove`. Call `close` in `afterAll`. */
export async function createWatchedCloud(): Promise<WatchedCloud> {
  let now = START;
  const clock = () => now;
  const lab = await createCloudLab({ now: clock, auditDelay: AUDIT_DELAY }, clock);
  await lab.connect('remove');
  return {
    ...lab,
    get now() {
      return now;
    },
    async moveOn(milliseconds) {
      now += milliseconds;
      await lab.moveOn(milliseconds);
    },
    async addPerson(name, email) {
      const body = { name, email };
      const added = await lab.api.send('POST', '/v1/people', { as: 'administrator', body });
      return added.body.person_id;
    },
    async strikes(personId) {
      const { body } = await lab.api.send('GET', `/v1/people/${personId}`, { as: 'auditor' });
      return body.strikes.length;
    },
    async alertsOf(subject) {
      const { body } = await lab.api.send('GET', '/v1/alerts?limit=200', { as: 'security' });
      return body.items.filter(
        ({ access }: { access: { subject?: string } | null }) => access?.subject === subject,
      );
    },
    assignmentOf(subject) {
      const found = lab.cloud.store
        .list('assignment:')
        .map(([, value]) => value as { id: string; properties: { principalId: string } })
        .find(({ properties }) => properties.principalId === subject);
      return found?.id ?? '';
    },
  };
}
