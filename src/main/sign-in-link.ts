import { makeSignInLink } from '../features/identity/sign-in-link.ts';
import { type Config, type ConfigSecrets, ConfigurationError } from '../platform/config/config.ts';
import { WholeTransaction } from '../platform/db/whole-transaction.ts';
import { reachForBackup } from './administered-database.ts';

/** What `lapse token sign-in-link` is told. */
export interface LinkCommand {
  readonly config: Config;
  readonly secrets: ConfigSecrets;
  readonly email: string | undefined;
  /** The tenant, by id; needed where there are several. */
  readonly tenant: string | undefined;
  readonly progress: (text: string) => void;
}

/** Makes a one-time link to sign in with; whoever reaches the database itself may. */
export async function signInLink(command: LinkCommand): Promise<string> {
  const { config, secrets, email, progress } = command;
  const database = await reachForBackup(config, secrets, progress);
  try {
    const options = { name: 'lapse-sign-in-link', begin: 'BEGIN' };
    const tx = await WholeTransaction.begin(database.connection, options);
    try {
      const tenantId = await chooseTenant(tx, command.tenant);
      const path = await makeSignInLink(tx, tenantId, { email, now: Date.now() });
      await tx.commit();
      return `${config.publicUrl}${path}`;
    } finally {
      await tx.close();
    }
  } finally {
    await database.close();
  }
}

async function chooseTenant(tx: WholeTransaction, wanted: string | undefined): Promise<string> {
  const tenants = await tx.query<{ tenant_id: string; name: string }>(
    'SELECT tenant_id, name FROM lapse.tenants ORDER BY created_at, tenant_id',
  );
  const chosen = tenants.filter(({ tenant_id: id }) => wanted === undefined || id === wanted);
  const [only, another] = chosen;
  if (only && !another) return only.tenant_id;
  const known = tenants.map(({ tenant_id: id, name }) => `${id} (${name})`).join(', ');
  throw new ConfigurationError(
    only
      ? `there are several tenants; --tenant says which: ${known}`
      : `there is no such tenant; there is ${known || 'none'}`,
  );
}
