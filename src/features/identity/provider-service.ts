import { createHash } from 'node:crypto';
import { assertMayGive } from '../../domain/access/clearance.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import type { MasterKey } from '../../platform/secrets/secrets.ts';
import type { ProviderClient } from './oidc-client.ts';
import type { ProviderEvent, ProviderSettings } from './provider-events.ts';
import {
  getProvider,
  lockProvider,
  type ProviderRow,
  providerStream,
  readClientSecret,
  readProviders,
  storeClientSecret,
} from './provider-store.ts';

interface Services {
  readonly db: Database;
  readonly master: MasterKey;
  readonly realNow: () => number;
}

/** Keeps the providers through which people of a tenant sign in. */
export class ProviderService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** The providers in use, by name. */
  list(tenantId: string): Promise<ProviderRow[]> {
    return this.#services.db.inTenant(tenantId, (tx) => readProviders(tx, tenantId));
  }

  /** A provider with its client secret; refuses with `not-found`. */
  client(tenantId: string, name: string): Promise<ProviderClient> {
    const { db, master } = this.#services;
    return db.inTenant(tenantId, async (tx) => {
      const [{ state, version }, secret] = await Promise.all([
        getProvider(tx, tenantId, name),
        readClientSecret(tx, tenantId, name, master),
      ]);
      const secretVersion = createHash('sha256')
        .update(secret ?? '')
        .digest('base64');
      const key = `${tenantId}/${name}/${version}/${secretVersion}`;
      return { settings: state.settings, secret, version: key };
    });
  }

  /** Puts a provider in use, or changes one; the client secret stays where none is given. */
  put(
    { tenantId, actor, clearance }: Principal,
    name: string,
    { client_secret: secret, ...settings }: ProviderSettings & { client_secret?: string | null },
    idempotency?: IdempotentRequest,
  ): Promise<ProviderRow> {
    const { db, master, realNow } = this.#services;
    assertMayGive(clearance, [settings.default_clearance, ...Object.values(settings.clearances)]);
    return db.inTenant(tenantId, async (tx) => {
      const [again, before] = await Promise.all([
        recall(tx, tenantId, idempotency),
        lockProvider(tx, tenantId, name),
      ]);
      if (again && before) return before;
      if (secret !== undefined)
        storeClientSecret(tx, tenantId, name, { master, secret: secret ?? undefined });
      const events: ProviderEvent[] = [{ type: 'ProviderPut', data: settings }];
      const at = realNow();
      const [change] = record(tx, providerStream, [
        { tenantId, streamId: name, before, events, at, actor },
      ]);
      if (!change) throw new Error('a provider that was put has no event');
      await this.#remember(tx, tenantId, idempotency, change.version, name);
      return change;
    });
  }

  /** Takes a provider out of use; sessions that began through it go on until they end. */
  async remove(
    { tenantId, actor }: Principal,
    name: string,
    idempotency?: IdempotentRequest,
  ): Promise<void> {
    const { db, master, realNow } = this.#services;
    await db.inTenant(tenantId, async (tx) => {
      const [again, before] = await Promise.all([
        recall(tx, tenantId, idempotency),
        lockProvider(tx, tenantId, name),
      ]);
      if (again) return;
      if (!before) throw new DomainError('not-found', `there is no provider ${name}`);
      await this.#remember(tx, tenantId, idempotency, before.version, name);
      if (!before.state.active) return;
      storeClientSecret(tx, tenantId, name, { master, secret: undefined });
      const events: ProviderEvent[] = [{ type: 'ProviderRemoved', data: {} }];
      record(tx, providerStream, [
        { tenantId, streamId: name, before, events, at: realNow(), actor },
      ]);
    });
  }

  async #remember(
    tx: Transaction,
    tenantId: string,
    idempotency: IdempotentRequest | undefined,
    version: number,
    id: string,
  ): Promise<void> {
    const reference = { type: 'provider', id, version };
    remember(tx, tenantId, idempotency, { status: 200, reference, at: await tx.now });
  }
}
