import { createHash, randomBytes } from 'node:crypto';
import { FULL_CLEARANCE } from '../../domain/access/clearance.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { ConnectionEvent, ConnectionSettings } from '../../domain/enforcement/connection.ts';
import { DomainError } from '../../domain/errors.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import type { MasterKey } from '../../platform/secrets/secrets.ts';
import {
  type ConnectionRow,
  connectionStream,
  lockConnection,
  readConnections,
  storeConnectionSecret,
} from './connection-store.ts';

interface Services {
  readonly db: Database;
  readonly master: MasterKey;
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
  /** The operator's own tenant, whom the server's identity belongs to. */
  readonly operatorsTenant: (tx: Transaction) => Promise<string | undefined>;
}

/** Keeps the ways to a tenant's clouds. */
export class ConnectionService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** The connections in use, by name. */
  async list(tenantId: string): Promise<readonly ConnectionRow[]> {
    const rows = await this.#services.db.inTenant(tenantId, (tx) =>
      readConnections(tx, [tenantId]),
    );
    return rows.filter(({ state }) => state.active);
  }

  /** Puts a connection in use, or changes one; its secret stays where none is given. */
  put(
    { tenantId, actor }: Principal,
    name: string,
    { secret, ...settings }: ConnectionSettings & { secret?: string | null | undefined },
    idempotency?: IdempotentRequest,
  ): Promise<ConnectionRow> {
    const { db, master, assertWritable, operatorsTenant } = this.#services;
    return db.inTenant(whole(tenantId), async (tx) => {
      const [again, before, operators] = await Promise.all([
        recall(tx, tenantId, idempotency),
        lockConnection(tx, tenantId, name),
        operatorsTenant(tx),
        assertWritable(tx, tenantId),
      ]);
      if (again && before) return before;
      if (tenantId !== operators) assertOwnCredential(settings as ConnectionSettings);
      if (secret !== undefined)
        storeConnectionSecret(tx, tenantId, name, { master, secret: secret ?? undefined });
      const events: ConnectionEvent[] = [
        { type: 'ConnectionPut', data: settings as ConnectionSettings },
      ];
      const at = await tx.now;
      const [change] = record(tx, connectionStream, [
        { tenantId, streamId: name, before, events, at, actor },
      ]);
      if (!change) throw new Error('a connection that was put has no event');
      wakeGrants(tx, tenantId, at);
      this.#remember(tx, tenantId, idempotency, change.version, name, at);
      return change;
    });
  }

  /** Takes a connection out of use: what only it reaches is for people to take away from then on. */
  async remove(
    { tenantId, actor }: Principal,
    name: string,
    idempotency?: IdempotentRequest,
  ): Promise<void> {
    const { db, master, assertWritable } = this.#services;
    await db.inTenant(whole(tenantId), async (tx) => {
      const [again, before] = await Promise.all([
        recall(tx, tenantId, idempotency),
        lockConnection(tx, tenantId, name),
        assertWritable(tx, tenantId),
      ]);
      if (again) return;
      if (!before) throw new DomainError('not-found', `there is no connection ${name}`);
      const at = await tx.now;
      this.#remember(tx, tenantId, idempotency, before.version, name, at);
      if (!before.state.active) return;
      storeConnectionSecret(tx, tenantId, name, { master, secret: undefined });
      const events: ConnectionEvent[] = [{ type: 'ConnectionRemoved', data: {} }];
      record(tx, connectionStream, [{ tenantId, streamId: name, before, events, at, actor }]);
      wakeGrants(tx, tenantId, at);
    });
  }

  /**
   * Makes the secret that the connection's cloud posts events with; an earlier one is good no more. It
   * is answered this once, and nowhere kept: a request that is repeated is answered without it.
   */
  async makeEventSecret(
    { tenantId, actor }: Principal,
    name: string,
    idempotency?: IdempotentRequest,
  ): Promise<string | undefined> {
    const { db, assertWritable } = this.#services;
    return db.inTenant(whole(tenantId), async (tx) => {
      const [again, before] = await Promise.all([
        recall(tx, tenantId, idempotency),
        lockConnection(tx, tenantId, name),
        assertWritable(tx, tenantId),
      ]);
      if (!before?.state.active)
        throw new DomainError('not-found', `there is no connection ${name}`);
      if (again) return undefined;
      if (before.state.settings.connector !== 'azure')
        throw new DomainError('wrong-state', `nothing posts events for ${name}: it is no azure`);
      const secret = `lapse-events_${tenantId}_${randomBytes(32).toString('base64url')}`;
      const secret_sha256 = createHash('sha256').update(secret).digest('hex');
      const events: ConnectionEvent[] = [{ type: 'EventSecretMade', data: { secret_sha256 } }];
      const at = await tx.now;
      const [change] = record(tx, connectionStream, [
        { tenantId, streamId: name, before, events, at, actor },
      ]);
      this.#remember(tx, tenantId, idempotency, change?.version ?? before.version, name, at);
      return secret;
    });
  }

  /** SHA-256 of the secret that a connection in use is posted events with. */
  async eventSecret(tenantId: string, name: string): Promise<Buffer | undefined> {
    const rows = await this.list(tenantId);
    const hash = rows.find(({ state }) => state.name === name)?.state.event_secret_sha256;
    return hash === undefined ? undefined : Buffer.from(hash, 'hex');
  }

  #remember(
    tx: Transaction,
    tenantId: string,
    idempotency: IdempotentRequest | undefined,
    version: number,
    id: string,
    at: number,
  ): void {
    remember(tx, tenantId, idempotency, {
      status: 200,
      reference: { type: 'connection', id, version },
      at,
    });
  }
}

/**
 * The server's identity reaches what the operator may reach. Another tenant that could use it would
 * reach all of that too, so it brings a credential of its own.
 */
function assertOwnCredential(settings: ConnectionSettings): void {
  if (settings.connector !== 'azure' || settings.cloud === 'simulated') return;
  if (settings.credential.kind === 'client-secret') return;
  throw new DomainError(
    'not-permitted',
    `credential ${settings.credential.kind} is the server's own, which the operator's tenant alone may use; give {"kind": "client-secret", "client_id": …} and the secret`,
    [{ path: 'credential', message: 'must be a client-secret of your own' }],
  );
}

/** What follows of itself for grants follows whoever changes a connection: clearance does not matter. */
function whole(tenantId: string) {
  return { tenantId, clearance: FULL_CLEARANCE };
}

/** Another way may reach what the earlier one did not: every grant that is not over is looked at anew. */
function wakeGrants(tx: Transaction, tenantId: string, at: number): void {
  tx.atCommit(
    `UPDATE lapse.grant_work w SET next_due_at = to_timestamp($2::double precision / 1000)
     WHERE w.tenant_id = $1 AND w.next_due_at > to_timestamp($2::double precision / 1000)
       AND NOT EXISTS (SELECT FROM lapse.grants g WHERE g.tenant_id = w.tenant_id
         AND g.grant_id = w.grant_id AND g.status = 'removed')`,
    [tenantId, at],
  );
}
