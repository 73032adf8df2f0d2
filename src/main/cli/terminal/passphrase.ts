import { readFile } from 'node:fs/promises';
import { CommandFailure, EXIT, usageFailure } from './command-failure.ts';
import { unreadable } from './system-reason.ts';

/** Where a passphrase may come from; never from an argument, which every process can read. */
export interface PassphraseOptions {
  readonly passphraseFile?: string;
}

/** So many characters, or guessing goes faster than a backup grows old. */
const LEAST_LENGTH = 12;
const VARIABLE = 'LAPSE_BACKUP_PASSPHRASE';

/** The passphrase for a new backup: long enough, and typed twice where it is typed. */
export async function newPassphrase(options: PassphraseOptions): Promise<string> {
  const given = await givenPassphrase(options);
  if (given !== undefined) {
    const problem = tooShort(given.text);
    if (problem) throw usageFailure(`the passphrase of ${given.place} ${problem}`, ADVICE);
    return given.text;
  }
  const text = await ask('Passphrase for the backup', tooShort);
  const again = await ask('The same again', (typed) =>
    typed === text ? undefined : 'That is not the same. Ctrl-C, if the first was mistyped.',
  );
  return again;
}

/** The passphrase that a backup was made with. */
export async function knownPassphrase(options: PassphraseOptions): Promise<string> {
  const given = await givenPassphrase(options);
  return given?.text ?? (await ask('Passphrase of the backup', () => undefined));
}

const ADVICE = `take at least ${LEAST_LENGTH} characters, for example five or six words that nobody would guess`;

function tooShort(text: string): string | undefined {
  const length = [...text].length;
  if (length >= LEAST_LENGTH) return undefined;
  return `has ${length} of at least ${LEAST_LENGTH} characters; nothing else protects the keys`;
}

async function givenPassphrase({
  passphraseFile: file,
}: PassphraseOptions): Promise<{ text: string; place: string } | undefined> {
  if (file !== undefined) return { text: await firstLine(file), place: file };
  const text = process.env[VARIABLE];
  return text ? { text, place: VARIABLE } : undefined;
}

async function firstLine(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(`the passphrase file ${file}`, error);
  }
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '') throw usageFailure(`the passphrase file ${file} begins with an empty line`);
  return line;
}

/** Asks on the terminal, showing nothing of what is typed; on standard error, as output may be the backup. */
async function ask(message: string, check: (typed: string) => string | undefined): Promise<string> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw usageFailure(
      'the backup needs a passphrase, and nobody is there to be asked',
      `set ${VARIABLE}, or name a file that holds it with --passphrase-file`,
    );
  }
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({
    message,
    mask: '',
    output: process.stderr,
    clearOnError: true,
    validate: (typed) => (check(typed ?? '') ? sentence(check(typed ?? '')) : undefined),
  });
  if (isCancel(answer)) {
    throw new CommandFailure('stopped before anything was done', { exitCode: EXIT.stopped });
  }
  return answer;
}

function sentence(problem: string | undefined): string | undefined {
  return problem?.startsWith('has ') ? `It ${problem}.` : problem;
}
