import { OPERATOR } from '../domain/access/actor.ts';
import { DAY, formatInstant } from '../domain/schedule/instant.ts';
import { issueToken } from '../features/identity/token-service.ts';
import { scheduleDeletion } from '../features/tenants/schedule-deletion.ts';
import { assertManageable } from '../features/tenants/tenant-administration.ts';
import { lockTenant } from '../features/tenants/tenant-service.ts';
import { readStanding } from '../features/tenants/tenant-stream.ts';
import { operatorsTenant, type TenantView, viewTenant } from '../features/tenants/tenant-views.ts';
import { type Config, type ConfigSecrets, ConfigurationError } from '../platform/config/config.ts';
import { WholeTransaction } from '../platform/db/whole-transaction.ts';
import { reachForBackup } from './administered-database.ts';
import {
  ADMIN_TOKEN_FILE,
  issueAdministratorToken,
  type WrittenToken,
  writeToken,
} from './administrator-token.ts';

/** What the commands are told that whoever has the server's own machine in hand may run. */
export interface ServerCommand {
  readonly config: Config;
  readonly secrets: ConfigSecrets;
  readonly progress: (text: string) => void;
}

/** Where the operator's token lies, for the commands on tenants. */
const OPERATOR_TOKEN_FILE = 'operator-token';

/** Makes an operator's token, which lasts a year, and puts it into the data folder (0600). */
export function makeOperatorToken(command: ServerCommand, name: string): Promise<string> {
  return inDatabase(command, async (tx, operatorsId) => {
    const now = Date.now();
    const wanted = { name, role: 'operator' as const, expires_at: formatInstant(now + 365 * DAY) };
    const { secret = '' } = issueToken(tx, operatorsId, OPERATOR, wanted, now);
    return writeToken(command.config.dataDir, OPERATOR_TOKEN_FILE, secret);
  });
}

/** Makes the token of the first tenant's administrator anew, in place of the one that has ended. */
export function makeAdministratorToken(command: ServerCommand): Promise<WrittenToken> {
  return inDatabase(command, async (tx, firstTenant) => {
    const { secret, endsAt } = issueAdministratorToken(tx, firstTenant, OPERATOR, Date.now());
    return { file: await writeToken(command.config.dataDir, ADMIN_TOKEN_FILE, secret), endsAt };
  });
}

/** Has a tenant deleted in 30 days, whatever its policy has kept. */
export function deleteBeforeRetention(
  command: ServerCommand,
  tenantId: string,
  reason: string,
): Promise<TenantView> {
  return inDatabase(command, async (tx, operatorsId) => {
    await lockTenant(tx, tenantId);
    const before = await readStanding(tx, tenantId, tenantId);
    const gone = await readStanding(tx, operatorsId, tenantId);
    assertManageable('delete', tenantId === operatorsId, gone);
    if (!before?.state.deletion) {
      const at = await tx.now;
      const wish = { tenantId, actor: OPERATOR, reason, at, beforeRetention: true };
      scheduleDeletion(tx, before, wish);
      await tx.flush();
    }
    return viewTenant(tx, operatorsId, tenantId);
  });
}

async function inDatabase<T>(
  { config, secrets, progress }: ServerCommand,
  work: (tx: WholeTransaction, operatorsId: string) => Promise<T>,
): Promise<T> {
  const database = await reachForBackup(config, secrets, progress);
  try {
    const options = { name: 'lapse-operator', begin: 'BEGIN' };
    const tx = await WholeTransaction.begin(database.connection, options);
    try {
      const operatorsId = await operatorsTenant(tx);
      if (operatorsId === undefined)
        throw new ConfigurationError('there is no tenant yet: start the server once');
      const result = await work(tx, operatorsId);
      await tx.commit();
      return result;
    } finally {
      await tx.close();
    }
  } finally {
    await database.close();
  }
}
