import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CheckContext } from '../../../domain/exception/check-record.ts';
import { BUILT_IN_POLICY } from '../../../domain/policy/built-in-policy.ts';
import type { Policy } from '../../../domain/policy/policy.ts';
import { policyDigest } from '../../../domain/policy/policy-digest.ts';
import { formatInstant, parseInstant } from '../../../domain/schedule/instant.ts';
import { checkFile } from '../check/check-file.ts';
import type { CheckOptions } from '../check/check-options.ts';
import { addCounts, type CheckedFile, type CheckRun, type Finding } from '../check/findings.ts';
import { readSource } from '../check/read-source.ts';
import { CommandFailure, EXIT, usageFailure } from '../terminal/command-failure.ts';
import { print, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { systemReason } from '../terminal/system-reason.ts';

/** What is larger may take longer than a second. */
const LARGE_BYTES = 1024 ** 2;

/**
 * `lapse check FILE…`: what an import and a submit would say, without a server. Exit 1 where
 * something is wrong, 3 where a file could not be read to its end.
 */
export async function checkFiles(names: readonly string[], options: CheckOptions): Promise<void> {
  formatOf(options);
  const now = readAsOf(options.asOf);
  const policy = await policyOf(names, options);
  const files: CheckedFile[] = [];
  for (const name of eachOnce(names))
    files.push(await checkWithProgress(name, { now, policy }, options));
  await tellFindings({ files, asOf: formatInstant(now), ...policyNamed(policy) }, options);
}

/** The pack to check against: one from a file is loaded with what reads packs, the built-in one is there. */
async function policyOf(names: readonly string[], { policy: file }: CheckOptions): Promise<Policy> {
  if (file === undefined) return BUILT_IN_POLICY;
  if (file === '-' && names.includes('-')) {
    throw usageFailure(
      'the pack and the records cannot both come from standard input',
      'name one of them as a file',
    );
  }
  const { packOfFile } = await import('../policy/pack-of-file.ts');
  return packOfFile(file, EXIT.usage);
}

function policyNamed(policy: Policy) {
  const isNamedPolicy = policy !== BUILT_IN_POLICY;
  return { policy: policy.id, policyDigest: policyDigest(policy), isNamedPolicy };
}

/** Reports what was found in some files, and ends with 1 where something is wrong. */
export async function tellFindings(
  checked: Omit<CheckRun, 'records' | 'counts' | 'ok'>,
  options: CheckOptions,
): Promise<void> {
  const { files } = checked;
  const counts = addCounts(files.map((file) => file.counts));
  const ok = counts.error === 0 && counts.warning <= (options.maxWarnings ?? Infinity);
  const records = files.reduce((sum, file) => sum + file.records, 0);
  const text = await report({ ...checked, records, counts, ok }, formatOf(options));
  if (text !== '') print(text);
  if (!ok) process.exitCode = EXIT.refused;
  refuseUnread(files);
}

async function report(run: CheckRun, format: NonNullable<CheckOptions['format']>): Promise<string> {
  switch (format) {
    case 'text': {
      const { reportText } = await import('../check/report-text.ts');
      return reportText(run, process.stdout.isTTY ? terminalWidth() : undefined);
    }
    case 'json':
      return (await import('../check/report-json.ts')).reportJson(run);
    case 'sarif':
      return (await import('../check/report-sarif.ts')).reportSarif(run);
    case 'github':
      return (await import('../check/report-github.ts')).reportGithub(run);
    case 'junit':
      return (await import('../check/report-junit.ts')).reportJunit(run);
  }
}

function formatOf({ format, json }: CheckOptions): NonNullable<CheckOptions['format']> {
  if (json && format !== undefined && format !== 'json') {
    throw usageFailure(`--json and --format ${format} contradict each other`, 'give one of them');
  }
  return json ? 'json' : (format ?? 'text');
}

function readAsOf(text: string | undefined): number {
  if (text === undefined) return Date.now();
  const instant = parseInstant(text.trim());
  if (instant !== undefined) return instant;
  throw usageFailure(
    `--as-of is not an RFC 3339 instant: ${text}`,
    'write 2026-03-07T00:00:00Z, with the time and the offset',
  );
}

/** Names of files that are there, without those that name one of them again. */
export function eachOnce(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.filter((name) => {
    const key = name === '-' ? name : identityOf(name);
    if (seen.has(key)) remark(`${safeLine(name)} is named twice; it is checked once`);
    return !seen.has(key) && seen.add(key);
  });
}

function identityOf(name: string): string {
  try {
    const stat = statSync(name);
    if (!stat.isDirectory()) return `${stat.dev}:${stat.ino}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return resolve(name);
    throw usageFailure(
      `${name} cannot be checked: ${systemReason(error)}`,
      'name files that are there',
    );
  }
  throw usageFailure(`${name} is a folder`, `name the files in it: lapse check ${name}/*.yaml`);
}

async function checkWithProgress(
  name: string,
  context: CheckContext,
  { quiet = false }: CheckOptions,
): Promise<CheckedFile> {
  const shown = name === '-' ? 'stdin' : name;
  const isTold = ({ level }: Finding) => !quiet || level === 'error';
  if (!takesLong(name)) return checkFile(shown, readSource(name), context, isTold);
  const { progressLine } = await import('../terminal/progress-line.ts');
  const progress = progressLine();
  progress.follow((seconds) => `checking ${safeLine(shown)} (${seconds} s)`);
  try {
    return await checkFile(shown, readSource(name), context, isTold);
  } finally {
    progress.done();
  }
}

function takesLong(name: string): boolean {
  return name === '-' || (statSync(name, { throwIfNoEntry: false })?.size ?? 0) > LARGE_BYTES;
}

function refuseUnread(files: readonly CheckedFile[]): void {
  const unread = files.filter(({ unreadable }) => unreadable !== undefined);
  if (unread.length === 0) return;
  throw new CommandFailure('not everything could be read, so that nothing is known of the rest', {
    exitCode: EXIT.undecided,
    details: unread.map(({ name, unreadable = '' }) => ({ at: name, message: unreadable })),
    next: 'make it readable, and check again',
  });
}
