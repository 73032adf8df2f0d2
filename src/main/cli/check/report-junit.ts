import type { CheckedFile, CheckRun, Finding } from './findings.ts';

/**
 * The findings as JUnit XML, which most CI systems show: a suite for each file, and in it a case
 * for each finding. Errors are failures; the rest passes and says what it says. A file in which
 * nothing was found is one case that passes, and one that could not be read is an error.
 */
export function reportJunit({ files }: CheckRun): string {
  const unread = files.filter(({ unreadable }) => unreadable !== undefined).length;
  const suites = files.map(suite);
  const tests = files.reduce((sum, file) => sum + casesOf(file).length, 0);
  const listed = files.reduce((sum, file) => sum + failuresOf(file), 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="lapse check" tests="${tests}" failures="${listed}" errors="${unread}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(file: CheckedFile): string {
  const cases = casesOf(file);
  const errors = file.unreadable === undefined ? 0 : 1;
  const head = `name=${attribute(file.name)} tests="${cases.length}" failures="${failuresOf(file)}" errors="${errors}"`;
  const { unlisted } = file;
  const rest = unlisted > 0 ? [`    <system-out>${unlisted} more are not listed</system-out>`] : [];
  return [`  <testsuite ${head}>`, ...cases, ...rest, '  </testsuite>'].join('\n');
}

function casesOf(file: CheckedFile): string[] {
  const { name, findings, unreadable } = file;
  const cases = findings.map((finding) => testCase(name, finding));
  if (unreadable !== undefined) {
    const error = `<error type="unreadable" message=${attribute(unreadable)}/>`;
    cases.push(`    <testcase name="reading" classname=${attribute(name)}>${error}</testcase>`);
  }
  return cases.length > 0 ? cases : [`    <testcase name="records" classname=${attribute(name)}/>`];
}

function failuresOf({ findings }: CheckedFile): number {
  return findings.filter(({ level }) => level === 'error').length;
}

function testCase(file: string, finding: Finding): string {
  const { line, column, level, rule, path, message, record } = finding;
  const name = [rule, path, record?.title ?? ''].filter((part) => part !== '').join(' · ');
  const head = `name=${attribute(name)} classname=${attribute(file)} file=${attribute(file)} line="${line}"`;
  const place = `${file}:${line}:${column}`;
  const body =
    level === 'error'
      ? `<failure type="${rule}" message=${attribute(message)}>${escapeXml(`${place}: ${path === '' ? '' : `${path}: `}${message}`)}</failure>`
      : `<system-out>${escapeXml(`${place}: ${level}: ${message}`)}</system-out>`;
  return `    <testcase ${head}>${body}</testcase>`;
}

/** Also line breaks, which a reader would otherwise turn into blanks. */
function attribute(text: string): string {
  const value = escapeXml(text).replaceAll(/[\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `"${value}"`;
}

/** What XML 1.0 section 2.2 allows nowhere, escaped or not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(ILLEGAL, '\ufffd')
    .replaceAll(/[&<>"]/g, (char) => ENTITIES[char] ?? char);
}
