import type { CheckLevel } from '../../../domain/exception/check-rules.ts';
import { counted } from '../render/time-text.ts';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { padTo, wrapTo } from '../terminal/text-layout.ts';
import type { CheckedFile, CheckRun, Finding } from './findings.ts';

const STYLES: Readonly<Record<CheckLevel, (text: string) => string>> = {
  error: colours.red,
  warning: colours.yellow,
  note: colours.cyan,
};
const LEVEL_WIDTH = 'warning'.length;

/**
 * The findings for people: below their records on a terminal of so many columns; elsewhere, for
 * programs, one line each as compilers write them. Ends with a summary.
 */
export function reportText(run: CheckRun, columns: number | undefined): string {
  const blocks = run.files.flatMap((file) => [
    ...(columns === undefined
      ? file.findings.map((each) => line(file, each))
      : layOut(file, columns)),
    ...more(file),
  ]);
  return [...blocks, summary(run), ''].join('\n');
}

function line(
  { name }: CheckedFile,
  { line, column, level, path, message, rule }: Finding,
): string {
  const place = `${name}:${line}:${column}`;
  return `${safeLine(place)}: ${STYLES[level](level)}: ${safeLine(said(path, message))} (${rule})`;
}

/** Each record with a heading, and what was found in it below, indented. */
function layOut({ name, findings }: CheckedFile, columns: number): string[] {
  const widest = Math.max(0, ...findings.map(({ line, column }) => `${line}:${column}`.length));
  const indent = 2 + widest + 2 + LEVEL_WIDTH + 2;
  let heading = '';
  const lines: string[] = [];
  for (const finding of gathered(findings)) {
    const next = headingOf(name, finding);
    if (next !== heading) lines.push(...(heading === '' ? [] : ['']), next);
    heading = next;
    const { line, column, level, path, message, rule } = finding;
    const place = `${line}:${column}`.padStart(widest);
    const text = `${safeLine(said(path, message))} ${colours.dim(`(${rule})`)}`;
    const [first = '', ...rest] = wrapTo(text, columns - indent);
    lines.push(
      `  ${colours.dim(place)}  ${STYLES[level](padTo(level, LEVEL_WIDTH))}  ${first}`,
      ...rest.map((each) => ' '.repeat(indent) + each),
    );
  }
  return heading === '' ? [] : [...lines, ''];
}

/** What a record lacks at one place in one line: a screen full of missing fields hides the rest. */
function gathered(findings: readonly Finding[]): Finding[] {
  const result: Finding[] = [];
  for (const finding of findings) {
    const last = result.at(-1);
    const isMore =
      finding.rule === 'incomplete' &&
      last?.rule === 'incomplete' &&
      last.line === finding.line &&
      last.column === finding.column;
    if (isMore) {
      const path = `${last.path}, ${finding.path}`;
      result.splice(-1, 1, { ...last, path, message: 'are required for a request' });
    } else result.push(finding);
  }
  return result;
}

function headingOf(name: string, { record }: Finding): string {
  const place = record ? `${safeLine(name)}:${record.line}` : safeLine(name);
  return [colours.bold(place), safeLine(record?.title ?? '')].join('  ').trimEnd();
}

function said(path: string, message: string): string {
  return path === '' ? message : `${path}: ${message}`;
}

function more({ name, unlisted }: CheckedFile): string[] {
  if (unlisted === 0) return [];
  return [`${safeLine(name)}: and ${counted(unlisted, 'finding')} more, not listed`];
}

/** What it was checked against, where that is not what everybody has. */
function by({ policy, policyDigest, isNamedPolicy }: CheckRun): string {
  return isNamedPolicy ? `\n  checked against ${safeLine(policy)}, ${policyDigest}` : '';
}

/** `3 errors, 1 warning in 12 records of 2 files`. */
function summary(run: CheckRun): string {
  const { files, records, noun = 'record', nouns, counts, ok } = run;
  const found = (['error', 'warning', 'note'] as const)
    .filter((level) => counts[level] > 0)
    .map((level) => counted(counts[level], level));
  const where = `${counted(records, noun, nouns)} of ${counted(files.length, 'file')}`;
  const text = `${found.length > 0 ? found.join(', ') : 'nothing wrong'} in ${where}${by(run)}`;
  return ok ? `${colours.green('✓')} ${text}` : `${colours.red('✗')} ${text}`;
}
