import type { SecretsCommand } from '../../rotate-secrets.ts';
import { counted } from '../render/time-text.ts';
import { errorColours } from '../terminal/colours.ts';
import { print, remark } from '../terminal/output.ts';
import { barText, progressLine } from '../terminal/progress-line.ts';
import { startFailure } from '../terminal/start-failure.ts';
import { abortSignal } from '../terminal/stop-signal.ts';

/** `lapse secrets rotate`: on the server's own machine; no key is ever shown, or taken as an argument. */
export async function rotate(): Promise<void> {
  const { rotateSecrets } = await import('../../rotate-secrets.ts');
  const { keyId, isNew, sealed, previous } = await run(rotateSecrets);
  const made = isNew ? 'a new master key' : 'the present master key';
  print(`${counted(sealed, 'secret')} sealed anew under ${made} (${keyId})`);
  if (previous.length === 0) return;
  remark(
    `The ${counted(previous.length, 'key')} before it (${previous.join(', ')}) can still be used.`,
  );
  remark('Make a backup, see that `lapse doctor` is content, then: lapse secrets retire');
}

/** `lapse secrets retire` */
export async function retire(): Promise<void> {
  const { retireKeys } = await import('../../rotate-secrets.ts');
  const gone = await run(retireKeys);
  if (gone.length === 0)
    return print('there is one master key alone, and everything rests under it');
  print(`retired ${counted(gone.length, 'master key')}: ${gone.join(', ')}`);
  remark('Backups that were made before still open: each carries its own keys.');
}

async function run<T>(work: (command: SecretsCommand) => Promise<T>): Promise<T> {
  const line = progressLine();
  try {
    const { readConfig } = await import('../../../platform/config/config.ts');
    const { config, secrets } = await readConfig(process.env, process.cwd());
    const result = await work({
      ...{ config, secrets, signal: abortSignal() },
      progress: (text) => remark(`${errorColours.dim('lapse:')} ${text}`),
      onSealed: (done, total) => line.update(`${barText(done, total)}  ${counted(done, 'secret')}`),
    });
    line.done();
    return result;
  } catch (error) {
    line.done();
    throw startFailure(error, process.env);
  }
}
