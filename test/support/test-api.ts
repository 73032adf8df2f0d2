import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions, RouteOptions } from 'fastify';
import pg from 'pg';
import { type DestinationStream, pino } from 'pino';
import type { Rewriting } from '../../src/connectors/azure/azure-client.ts';
import { ALL_ROLES, CLOCK, type Role } from '../../src/domain/access/actor.ts';
import type { Permission } from '../../src/domain/access/permissions.ts';
import { formatInstant, type Instant, MINUTE } from '../../src/domain/schedule/instant.ts';
import type { ReadLink } from '../../src/features/evidence/read-link.ts';
import { issueToken } from '../../src/features/identity/token-service.ts';
import { createLedgerKey } from '../../src/journal/ledger-key.ts';
import { compose, type Lapse } from '../../src/main/compose.ts';
import { migrationsFolder } from '../../src/main/database-setup.ts';
import { createHttpApp } from '../../src/main/http-app.ts';
import { LAPSE_VERSION } from '../../src/main/version.ts';
import type { Config } from '../../src/platform/config/config.ts';
import type { S3Place } from '../../src/platform/config/s3-place.ts';
import { newestMigration } from '../../src/platform/db/migrate.ts';
import { newUlid } from '../../src/platform/ids.ts';
import { createLogger } from '../../src/platform/log/logger.ts';
import type { ListedHost } from '../../src/platform/outbound/ask-outside.ts';
import { loadMasterKey } from '../../src/platform/secrets/key-file.ts';
import { fastFolder } from './fast-folder.ts';
import { START } from './given.ts';
import { listedHost } from './listed-host.ts';
import { createTestRegister, type TestRegister } from './test-register.ts';

/** A route as it was added to the application. */
export interface TestRoute {
  readonly method: string;
  readonly url: string;
  readonly permission: Permission | undefined;
}

/** A tenant's tokens, one for each role and whoever else is named. */
export interface TestTenant {
  readonly tenantId: string;
  readonly tokens: Readonly<Record<Role | 'second-approver', string>>;
}

/** One request; `as` is a role of the first tenant, or a token. */
export interface TestRequest {
  readonly as?: Role | 'second-approver';
  readonly token?: string;
  readonly body?: unknown;
  /** Instead of `body`: sent as it is. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** The address that it comes from; loopback unless told. */
  readonly from?: string;
}

/** An answer; `body` is its JSON where it is JSON. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any;
}

/** The whole HTTP application on a database of its own, with tokens for every role. */
export interface TestApi extends TestTenant {
  readonly app: FastifyInstance;
  readonly lapse: Lapse;
  readonly register: TestRegister;
  /** Looks behind the roles, as superuser. */
  readonly admin: pg.Pool;
  /** What a server has as LAPSE_DATA; its checkpoints lie in it. */
  readonly dataDir: string;
  readonly routes: readonly TestRoute[];
  send(method: string, url: string, request?: TestRequest): Promise<TestAnswer>;
  /** Moves the domain's time and does what is then due. */
  moveTo(now: Instant): Promise<void>;
  /** Lets a provider on loopback be asked, as an operator does who lists its host. */
  listInside(issuer: string): void;
  /** Another tenant beside the first. */
  addTenant(): Promise<TestTenant>;
  close(): Promise<void>;
}

/** What differs from a server as it is started for tests. */
export interface TestApiOptions {
  readonly testClock?: boolean;
  readonly realNow?: () => number;
  readonly isDraining?: () => boolean;
  /** Where people reach it. */
  readonly publicUrl?: string;
  /** Where files of evidence lie; in the data folder unless given. */
  readonly s3?: S3Place;
  /** Whether the master key lies in the data folder, as it does where nobody sets it. */
  readonly hasKeyFile?: boolean;
  /** Reads links of evidence; none is read unless given. */
  readonly readLink?: ReadLink;
  /** Where a simulated cloud listens. */
  readonly simulatedCloud?: Rewriting;
  /** As configured; nobody comes too often unless told. */
  readonly config?: Partial<Pick<Config, 'limits' | 'trustedProxies' | 'publicUrl'>>;
  /** Where log lines go; nowhere unless given. */
  readonly logTo?: DestinationStream;
}

const UNLIMITED = { requests: 1e7, failures: 1e7, signIns: 1e7 };

/** Makes the application; its clock starts at {@link START}. Call `close` in `afterAll`. */
export async function createTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const register = await createTestRegister();
  const admin = new pg.Pool({ ...register.admin, max: 2 });
  // The database is dropped under whoever is still connected.
  admin.on('error', () => {});
  const folder = mkdtempSync(join(fastFolder(), 'lapse-api-'));
  const keyFile = join(folder, 'master-key');
  if (options.hasKeyFile)
    writeFileSync(keyFile, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  const master = options.hasKeyFile ? await loadMasterKey(undefined, keyFile) : register.master;
  const log = options.logTo ? createLogger('debug', options.logTo) : pino({ level: 'silent' });
  const insideHosts: ListedHost[] = [];
  const lapse = compose({
    config: {
      host: '127.0.0.1',
      port: 0,
      dataDir: folder,
      publicUrl: options.publicUrl ?? 'http://localhost:7400',
      tenantName: 'Test',
      undecidedAfter: undefined,
      archiveAfter: undefined,
      connections: 6,
      workPort: undefined,
      s3: options.s3,
      areLinksRead: false,
      insideHosts,
      logLevel: 'debug',
      limits: UNLIMITED,
      freshSignIn: 15 * MINUTE,
      trustedProxies: [],
      ...options.config,
    },
    db: register.db,
    master,
    log,
    ...(options.realNow ? { realNow: options.realNow } : {}),
    ...(options.readLink ? { readLink: options.readLink } : {}),
    ...(options.simulatedCloud ? { simulatedCloud: options.simulatedCloud } : {}),
  });
  const { app, routes } = await collectRoutes(async () =>
    createHttpApp(lapse, {
      log,
      version: LAPSE_VERSION,
      schemaVersion: await newestMigration(migrationsFolder()),
      testClock: options.testClock ?? true,
      isDraining: options.isDraining ?? (() => false),
    }),
  );
  const setClock = (now: Instant) =>
    admin.query(
      `UPDATE lapse.test_clock
       SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
      [now],
    );
  await setClock(START);
  const realNow = options.realNow ?? Date.now;
  const first = await issueTokens(register, register.tenantId, realNow());
  return {
    ...first,
    app,
    lapse,
    register,
    admin,
    dataDir: folder,
    routes,
    send: (method, url, request) => send(app, first, method, url, request ?? {}),
    async moveTo(now) {
      await setClock(now);
      await lapse.loop.settle();
    },
    listInside: (issuer) => void insideHosts.push(listedHost(issuer)),
    addTenant: () => addTenant(register, realNow()),
    async close() {
      await app.close();
      await admin.end();
      await register.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Listens in on routes from the application's very first, which no hook added afterwards can. */
async function collectRoutes(make: () => Promise<FastifyInstance>) {
  const routes: TestRoute[] = [];
  const onMade = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url, config }: RouteOptions) => {
      for (const name of [method].flat())
        routes.push({ method: name, url, permission: config?.permission });
    });
  };
  subscribe('fastify.initialization', onMade);
  try {
    return { app: await make(), routes };
  } finally {
    unsubscribe('fastify.initialization', onMade);
  }
}

async function issueTokens(
  register: TestRegister,
  tenantId: string,
  now: number,
): Promise<TestTenant> {
  const holders = [
    ...ALL_ROLES.map((role) => [role, role] as const),
    ['second-approver', 'approver'] as const,
  ];
  const tokens = await register.db.inTenant(tenantId, async (tx) =>
    holders.map(([name, role]) => {
      const wanted = { name, email: `${name}@lapse.test`, role };
      return [name, issueToken(tx, tenantId, CLOCK, wanted, now).secret ?? ''];
    }),
  );
  return { tenantId, tokens: Object.fromEntries(tokens) };
}

async function addTenant(register: TestRegister, now: number): Promise<TestTenant> {
  const tenantId = newUlid();
  await register.db.inSystem(async (tx) => {
    const at = formatInstant(await tx.now);
    tx.atCommit('INSERT INTO lapse.tenants (tenant_id, name, created_at) VALUES ($1, $2, $3)', [
      tenantId,
      'Other',
      at,
    ]);
    createLedgerKey(tx, tenantId, `localhost:7400/ledger/${tenantId}`, register.master, at);
  });
  return issueTokens(register, tenantId, now);
}

async function send(
  app: FastifyInstance,
  { tokens }: TestTenant,
  method: string,
  url: string,
  { as, token = as && tokens[as], body, raw, headers, from }: TestRequest,
): Promise<TestAnswer> {
  const answer = await app.inject({
    method: method as NonNullable<InjectOptions['method']>,
    url,
    ...(from === undefined ? {} : { remoteAddress: from }),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined && raw === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined && raw === undefined ? {} : { payload: raw ?? JSON.stringify(body) }),
  });
  const isJson = /[/+]json\b/.test(String(answer.headers['content-type'])) && answer.payload !== '';
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: answer.payload,
    body: isJson ? JSON.parse(answer.payload) : undefined,
  };
}
