import { print, remark } from '../terminal/output.ts';
import { startFailure } from '../terminal/start-failure.ts';

/** `lapse migrate` */
export async function migrateDatabase(): Promise<void> {
  try {
    const [{ migrateGiven }, { readConfig }] = await Promise.all([
      import('../../database-setup.ts'),
      import('../../../platform/config/config.ts'),
    ]);
    const { config, secrets } = await readConfig(process.env, process.cwd());
    const { applied, version } = await migrateGiven(config, secrets, (text) =>
      remark(`lapse: ${text}`),
    );
    print(applied.length > 0 ? `applied ${applied.join(', ')}` : `already at ${version}`);
  } catch (error) {
    throw startFailure(error, process.env);
  }
}
