import { constants, createReadStream, openSync } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import type { RestoreProgress } from '../../../features/backup/restore-backup.ts';
import type { RestoredBackup } from '../../restore.ts';
import { renderRestore } from '../render/render-restore.ts';
import { counted } from '../render/time-text.ts';
import { errorColours } from '../terminal/colours.ts';
import { CommandFailure, usageFailure } from '../terminal/command-failure.ts';
import { print, remark, safeLine } from '../terminal/output.ts';
import { knownPassphrase, type PassphraseOptions } from '../terminal/passphrase.ts';
import { barText, progressLine } from '../terminal/progress-line.ts';
import { abortSignal } from '../terminal/stop-signal.ts';
import { unreadable } from '../terminal/system-reason.ts';
import { backupFailure } from './backup-failure.ts';

interface RestoreOptions extends PassphraseOptions {
  readonly checkpoint?: readonly string[];
}

/** `lapse restore FILE`; `-` is standard input. */
export async function restoreFrom(file: string, options: RestoreOptions): Promise<void> {
  const checkpoints = await Promise.all((options.checkpoint ?? []).map(readCheckpoint));
  if (file !== '-') await assertReadable(file);
  const line = progressLine();
  const signal = abortSignal();
  try {
    const [{ restore }, { openBackup }, { readConfig }] = await Promise.all([
      import('../../restore.ts'),
      import('../../../features/backup/read-backup.ts'),
      import('../../../platform/config/config.ts'),
    ]);
    const folder = process.cwd();
    const { config, secrets } = await readConfig(process.env, folder);
    // A read that waits for somebody to write has to end too.
    const content = addAbortSignal(signal, await openContent(file));
    const backup = await openBackup(content, () => knownPassphrase(options));
    let restored: RestoredBackup;
    try {
      restored = await restore({
        ...{ config, secrets, folder, backup, checkpoints, signal },
        progress: (text) => remark(`${errorColours.dim('lapse:')} ${text}`),
        onProgress: (progress) => line.update(progressText(progress)),
      });
    } finally {
      await backup.close();
    }
    line.done();
    print(renderRestore(backup.manifest, restored));
  } catch (error) {
    line.done();
    throw backupFailure(error, { file, verb: 'restored', signal });
  }
}

function progressText(progress: RestoreProgress): string {
  if (progress.step === 'load') {
    const { rows, total, table } = progress;
    return `${barText(rows, total)}  1/3 loading: ${counted(rows, 'row')}, at ${table}`;
  }
  const { entries, total, step, tenant } = progress;
  const what = `${step === 'rebuild' ? '2/3 folding' : '3/3 verifying'} ${safeLine(tenant)}`;
  return `${barText(entries, total)}  ${what}: ${entries.toLocaleString('en')} of ${counted(total, 'entry', 'entries')}`;
}

async function readCheckpoint(path: string): Promise<{ name: string; note: string }> {
  try {
    return { name: path, note: await readFile(path, 'utf8') };
  } catch (error) {
    throw unreadable(`the checkpoint ${path}`, error);
  }
}

/** A named pipe is opened and read without a thread that nobody could call back from it. */
async function openContent(file: string): Promise<Readable> {
  if (file === '-') return process.stdin;
  if (!(await stat(file)).isFIFO()) return createReadStream(file);
  remark(`${errorColours.dim('lapse:')} waits for somebody who writes into ${safeLine(file)}`);
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

async function assertReadable(file: string): Promise<void> {
  try {
    if ((await stat(file)).isDirectory()) throw usageFailure(`${file} is a folder`, 'name a file');
    await access(file, constants.R_OK);
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw unreadable(file, error);
  }
}
