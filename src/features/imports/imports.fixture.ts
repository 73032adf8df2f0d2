import { readFileSync } from 'node:fs';
import pg from 'pg';
import { pino } from 'pino';
import { createTestRegister } from '../../../test/support/test-register.ts';
import { CLOCK, ROLES, type Role } from '../../domain/access/actor.ts';
import { compose } from '../../main/compose.ts';
import { createHttpApp } from '../../main/http-app.ts';
import { readConfig } from '../../platform/config/config.ts';
import { issueToken } from '../identity/token-service.ts';
import type { ImportAnswer, PlacedRemark } from './import-schemas.ts';

/** The template of 000 section 3.2, byte for byte. */
export const TEMPLATE = readFileSync('test/documents/register-template.yaml');

/** An answer to an import, whichever it was. */
export interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: ImportAnswer & {
    readonly code?: string;
    readonly detail?: string;
    readonly errors?: readonly PlacedRemark[];
  };
}

/** The whole application on a database of its own, called as a client would. */
export async function openImports() {
  const register = await createTestRegister();
  const { db, tenantId, master } = register;
  const log = pino({ level: 'silent' });
  const { config } = await readConfig({ LAPSE_DATA: '.lapse', LAPSE_LINKS: 'off' }, '.');
  const lapse = compose({ config, db, master, log });
  const options = { log, version: 'test', schemaVersion: '', testClock: false };
  const app = await createHttpApp(lapse, { ...options, isDraining: () => false });
  const admin = new pg.Client(register.admin);
  await admin.connect();

  // All of them first: tokens are events too, and tests count events.
  const tokens = new Map<Role, string>();
  for (const role of ROLES) {
    const issued = await db.inTenant(tenantId, async (tx) =>
      issueToken(tx, tenantId, CLOCK, { name: role, role }, Date.now()),
    );
    tokens.set(role, `Bearer ${issued.secret}`);
  }
  const tokenOf = (role: Role) => tokens.get(role) ?? '';
  const requestor = tokenOf('requestor');

  return {
    app,
    db,
    tenantId,
    /** The authorization of somebody with the role. */
    tokenOf,
    /** Sends a file; the type is application/yaml unless the headers say otherwise. */
    async send(
      payload: string | Uint8Array,
      query = '',
      headers: Record<string, string> = {},
    ): Promise<Sent> {
      const answer = await app.inject({
        method: 'POST',
        url: `/v1/imports${query}`,
        headers: { authorization: requestor, 'content-type': 'application/yaml', ...headers },
        payload: typeof payload === 'string' ? payload : Buffer.from(payload),
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
    },
    async get(path: string) {
      const headers = { authorization: requestor };
      return (await app.inject({ method: 'GET', url: `/v1${path}`, headers })).json();
    },
    /** As superuser, behind the application's back. */
    async sql(text: string): Promise<void> {
      await admin.query(text);
    },
    /** Rows of everything that an import may write. */
    async rows(): Promise<readonly number[]> {
      const tables = ['events', 'event_payloads', 'ledger_pending', 'exceptions', 'import_keys'];
      const counts = tables.map((name) => `(SELECT count(*)::int FROM lapse.${name}) AS ${name}`);
      const { rows } = await admin.query(`SELECT ${counts.join(', ')}`);
      return Object.values(rows[0]) as number[];
    },
    async close() {
      await app.close();
      await admin.end();
      await register.drop();
    },
  };
}

export type Imports = Awaited<ReturnType<typeof openImports>>;

/** Each problem of a refusal as `line:column path`. */
export function places({ body }: Sent): string[] {
  return (body.errors ?? []).map(({ line, column, path }) => `${line}:${column} ${path}`);
}
