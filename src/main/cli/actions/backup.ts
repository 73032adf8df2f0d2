import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { WrittenBackup } from '../../backup.ts';
import { megabytesText } from '../render/size-text.ts';
import { counted } from '../render/time-text.ts';
import { errorColours } from '../terminal/colours.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { print, remark, safeLine } from '../terminal/output.ts';
import { newPassphrase, type PassphraseOptions } from '../terminal/passphrase.ts';
import { barText, progressLine } from '../terminal/progress-line.ts';
import { abortSignal } from '../terminal/stop-signal.ts';
import { systemReason } from '../terminal/system-reason.ts';
import { backupFailure } from './backup-failure.ts';

/** `lapse backup FILE`, and `lapse tenant export` of one; `-` is standard output. */
export async function backUpTo(
  file: string,
  options: PassphraseOptions,
  tenant?: string,
): Promise<void> {
  const path = file === '-' ? undefined : file;
  if (path === undefined) assertPiped();
  else await assertWritable(path);
  const passphrase = await newPassphrase(options);
  const signal = abortSignal();
  const line = progressLine();
  try {
    const [{ backUp }, { readConfig }] = await Promise.all([
      import('../../backup.ts'),
      import('../../../platform/config/config.ts'),
    ]);
    const folder = process.cwd();
    const { config, secrets } = await readConfig(process.env, folder);
    const written = await backUp({
      ...{ config, secrets, folder, path, passphrase, signal, tenant },
      progress: (text) => remark(`${errorColours.dim('lapse:')} ${text}`),
      onRows: ({ table, rows, total }) =>
        line.update(`${barText(rows, total)}  ${counted(rows, 'row')}, at ${table}`),
    });
    line.done();
    announce(written);
  } catch (error) {
    line.done();
    throw backupFailure(error, { file, verb: 'written', signal });
  }
}

function announce({ path, bytes, manifest, lostFiles }: WrittenBackup): void {
  const { tenants } = manifest;
  const events = tenants.reduce((sum, tenant) => sum + tenant.events, 0);
  const names = tenants.length === 1 ? ` (${safeLine(tenants[0]?.name ?? '')})` : '';
  const text = `backed up ${counted(tenants.length, 'tenant')}${names}, ${counted(events, 'entry', 'entries')}, in ${megabytesText(bytes)}`;
  if (path === undefined) remark(text);
  else print(`${text} to ${path}`);
  if (lostFiles.length > 0) {
    remark(
      `${errorColours.yellow('warning:')} ${counted(lostFiles.length, 'file')} of evidence could not be carried, gone or altered in the data folder: ${lostFiles.join(', ')}`,
    );
  }
  remark(
    errorColours.dim('Without its passphrase nobody can restore it: keep that, and not beside it.'),
  );
}

function assertPiped(): void {
  if (process.stdout.isTTY !== true) return;
  throw usageFailure('a backup is no text for a terminal', 'name a file, or pipe it somewhere');
}

/** Told before anybody types a passphrase. */
async function assertWritable(file: string): Promise<void> {
  const place = resolve(file);
  const found = await stat(place).catch(() => undefined);
  if (found && !found.isFile()) {
    const what = found.isDirectory() ? 'a folder' : 'no ordinary file';
    throw usageFailure(`${file} is ${what}`, 'name a file; `-` writes to standard output');
  }
  try {
    await access(dirname(place), constants.W_OK);
  } catch (error) {
    throw usageFailure(
      `${file} cannot be written: ${systemReason(error, 'there is no such folder')}`,
    );
  }
}
