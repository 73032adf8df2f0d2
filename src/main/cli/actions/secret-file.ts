import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { usageFailure } from '../terminal/command-failure.ts';
import { unreadable } from '../terminal/system-reason.ts';

/**
 * The secret in a file, `-` standard input: never an argument, which the list of processes would show.
 * `undefined` where none is named; `option` is what named it.
 */
export async function readSecretFile(
  file: string | undefined,
  option: string,
): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const secret = (await contentOf(file)).trim();
  if (secret !== '') return secret;
  throw usageFailure(`there is no secret in ${file}`, `write it there, or leave ${option} out`);
}

async function contentOf(file: string): Promise<string> {
  if (file === '-') return textOf(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
}
