import { print, remark } from '../terminal/output.ts';
import { startFailure } from '../terminal/start-failure.ts';

/** `lapse token sign-in-link`: reaches the database itself, so that it works for who is locked out. */
export async function printLink(options: { email?: string; tenant?: string }): Promise<void> {
  try {
    const [{ signInLink }, { readConfig }] = await Promise.all([
      import('../../sign-in-link.ts'),
      import('../../../platform/config/config.ts'),
    ]);
    const { config, secrets } = await readConfig(process.env, process.cwd());
    const progress = (text: string) => remark(`lapse: ${text}`);
    const { email, tenant } = options;
    print(await signInLink({ config, secrets, email, tenant, progress }));
    remark('It works once, within 15 minutes, where the server runs.');
  } catch (error) {
    throw startFailure(error, process.env);
  }
}
