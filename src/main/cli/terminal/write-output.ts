import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CommandFailure, EXIT, usageFailure } from './command-failure.ts';
import { systemReason } from './system-reason.ts';

/**
 * Writes a file so that it is there whole or not at all: beside the place where it belongs, and
 * moved there once the disk has it. Whatever stood there stays until then, and stays where writing
 * fails. A new file can be read by its owner alone; one that is replaced keeps its mode.
 *
 * @param write takes each piece to the file; resolves when it is written
 * @throws CommandFailure that says what happened and what was left
 */
export async function writeWholeFile(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const target = await findTarget(path);
  // A pipe or a terminal takes what comes; there is nothing to keep whole.
  if (target.mode === undefined) return writeTo(target.path, 'w', 0o600, pieces, path);
  const folder = dirname(target.path);
  const beside = join(folder, `.${basename(target.path)}.${randomBytes(6).toString('hex')}.part`);
  try {
    await writeTo(beside, 'wx', target.mode, pieces, path);
    await rename(beside, target.path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Whether it is written whole or not at all: a pipe or a terminal takes what comes. */
export async function isKeptWhole(path: string): Promise<boolean> {
  return (await findTarget(path)).mode !== undefined;
}

async function findTarget(path: string): Promise<{ path: string; mode: number | undefined }> {
  try {
    const real = await realpath(path);
    const found = await stat(real);
    if (found.isDirectory()) {
      throw usageFailure(`${path} is a folder`, 'name the file to write, inside of it');
    }
    return { path: real, mode: found.isFile() ? found.mode & 0o777 : undefined };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { path, mode: 0o600 };
    throw error instanceof CommandFailure ? error : writeFailure(path, error);
  }
}

async function writeTo(
  path: string,
  flags: string,
  mode: number,
  pieces: AsyncIterable<Uint8Array>,
  shown: string,
): Promise<void> {
  const file = await open(path, flags, mode).catch((error: unknown) => {
    throw writeFailure(shown, error);
  });
  try {
    for await (const piece of pieces) {
      await file.writeFile(piece).catch((error: unknown) => {
        throw writeFailure(shown, error);
      });
    }
    // A disk may find out only now that it has no room.
    if (flags === 'wx') {
      await file.chmod(mode);
      await file.sync();
    }
  } catch (error) {
    throw isSystemError(error) ? writeFailure(shown, error) : error;
  } finally {
    await file.close();
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && !(error instanceof CommandFailure);
}

function writeFailure(path: string, error: unknown): CommandFailure {
  return new CommandFailure(
    `${path} was not written: ${systemReason(error, 'there is no such folder')}`,
    {
      exitCode: EXIT.undecided,
      next: 'what stood there before is untouched; make room or name another place with --output',
    },
  );
}
