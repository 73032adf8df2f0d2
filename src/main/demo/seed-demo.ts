import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { CLOCK } from '../../domain/access/actor.ts';
import { DAY, formatInstant } from '../../domain/schedule/instant.ts';
import { noLinkReader } from '../../features/evidence/read-link.ts';
import { issueToken } from '../../features/identity/token-service.ts';
import { createTenant } from '../../features/tenants/tenant-service.ts';
import type { Config } from '../../platform/config/config.ts';
import type { Database } from '../../platform/db/transaction.ts';
import type { MasterKey } from '../../platform/secrets/secrets.ts';
import { compose } from '../compose.ts';
import { createHttpApp } from '../http-app.ts';
import type { SimulatedCloud } from '../simulated-cloud.ts';
import { setTestClock } from '../test-clock.ts';
import { LAPSE_VERSION } from '../version.ts';
import { connectDemoCloud, fillDemoCloud } from './demo-cloud.ts';
import { PEOPLE, type PersonName, ROLE_OF } from './demo-people.ts';
import { playDemo } from './play-demo.ts';

/** What the demonstration is made with. */
export interface DemoParts {
  readonly config: Config;
  /** Opened with the test clock: the demonstration's half year is played on it. */
  readonly db: Database;
  readonly master: MasterKey;
  /** Any tenant there is: the test clock is one for all of them. */
  readonly firstTenantId: string;
  readonly schemaVersion: string;
  /** The cloud in which its grants stand. */
  readonly simulated: SimulatedCloud;
  readonly onProgress: (done: number, total: number) => void;
}

const readLink = noLinkReader('was not read: the demonstration asks nobody');
const TENANT_NAME = 'Demonstration';
/** A person of each role, whose token is kept for whoever tries the demonstration. */
const SHOWN: Readonly<Record<string, PersonName>> = {
  administrator: 'admin',
  approver: 'chen',
  ciso: 'almeida',
  requestor: 'rivera',
  platform: 'vasquez',
  auditor: 'haddad',
};

/**
 * Adds the demonstration's tenant with half a year of exceptions, unless this data folder has one
 * already, and answers the folder of its tokens (0600, one for each role). Everything in it was made
 * by ordinary requests, so that its ledger verifies like any other. One that was broken off is
 * left alone, and another is made.
 */
export async function seedDemo(parts: DemoParts): Promise<string> {
  const folder = join(parts.config.dataDir, 'demo');
  if (await isSeeded(folder)) return folder;
  const { config, db, master, simulated } = parts;
  const log = pino({ level: 'silent' });
  const simulatedCloud = simulated.rewrite;
  const lapse = compose({ config, db, master, log, readLink, simulatedCloud });
  const app = await createHttpApp(lapse, {
    log,
    version: LAPSE_VERSION,
    schemaVersion: parts.schemaVersion,
    testClock: true,
    isDraining: () => false,
  });
  const moveTo = async (now: number | undefined) => {
    await db.inTenant(parts.firstTenantId, (tx) => setTestClock(tx, now));
    await lapse.loop.settle();
  };
  try {
    // One that was broken off may have left the time in the past.
    await moveTo(undefined);
    const tenantId = await db.inSystem((tx) =>
      createTenant(tx, TENANT_NAME, { publicUrl: config.publicUrl, master }),
    );
    const tokens = await issueTokens(db, tenantId);
    fillDemoCloud(simulated.cloud);
    await connectDemoCloud(app, tokens.admin);
    await playDemo({ app, tokens, today: Date.now(), moveTo, onProgress: parts.onProgress });
    await keepTokens(folder, tokens);
  } finally {
    await moveTo(undefined);
    await app.close();
  }
  return folder;
}

async function isSeeded(folder: string): Promise<boolean> {
  try {
    return (await readFile(join(folder, 'auditor-token'), 'utf8')).startsWith('lapse_');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function issueTokens(db: Database, tenantId: string): Promise<Record<PersonName, string>> {
  const now = Date.now();
  const expires_at = formatInstant(now + 365 * DAY);
  return db.inTenant(tenantId, async (tx) => {
    const issued = (Object.keys(PEOPLE) as PersonName[]).map((person) => {
      const { name, email } = PEOPLE[person];
      const wanted = { name, email, role: ROLE_OF[person], expires_at };
      return [person, issueToken(tx, tenantId, CLOCK, wanted, now).secret ?? ''] as const;
    });
    return Object.fromEntries(issued) as Record<PersonName, string>;
  });
}

/** Last of all, the auditor's at the end: where it stands, the demonstration is whole. */
async function keepTokens(folder: string, tokens: Record<PersonName, string>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [role, person] of Object.entries(SHOWN)) {
    const file = join(folder, `${role}-token`);
    await writeFile(file, `${tokens[person]}\n`, { mode: 0o600 });
    await chmod(file, 0o600);
  }
}
