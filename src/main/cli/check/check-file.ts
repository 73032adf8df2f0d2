import { type CheckContext, checkRecord } from '../../../domain/exception/check-record.ts';
import { CHECK_RULES, type CheckRule } from '../../../domain/exception/check-rules.ts';
import { formatInstant } from '../../../domain/schedule/instant.ts';
import { FileKeys } from '../../../features/imports/file-keys.ts';
import type { DocumentProblem } from '../../../platform/documents/document-problem.ts';
import type { ReadDocument } from '../../../platform/documents/read-chunk.ts';
import { readDocuments } from '../../../platform/documents/read-documents.ts';
import { kindOfText } from '../actions/file-kind.ts';
import type { CheckedFile, Finding, RecordReference } from './findings.ts';

/** Findings that are listed of one file; those beyond are counted. */
const LISTED = 1_000;
/** Keys and titles come from the file, and a hostile one must not make a report large. */
const SHOWN = 200;

/**
 * What an import of the file, and then a submit of its records, would say.
 *
 * @param isTold which findings are listed; all of them are counted
 */
export async function checkFile(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  context: CheckContext,
  isTold: (finding: Finding) => boolean = () => true,
): Promise<CheckedFile> {
  const counts = { error: 0, warning: 0, note: 0 };
  const findings: Finding[] = [];
  const keys = new FileKeys();
  let records = 0;
  let unlisted = 0;
  const add = (found: readonly Finding[]) => {
    for (const finding of found) counts[finding.level] += 1;
    const told = found.filter(isTold);
    const listed = told.slice(0, LISTED - findings.length);
    findings.push(...listed);
    unlisted += told.length - listed.length;
  };
  try {
    const { form, pieces } = await sniffed(bytes);
    for await (const result of readDocuments(pieces, {}, form)) {
      if ('problem' in result) add([unreadable(result.problem)]);
      else {
        add(checkDocument(result.document, context, keys));
        records = result.document.index + 1;
      }
    }
  } catch (error) {
    // Of the source itself: what a file holds gives problems.
    return { name, records, counts, findings, unlisted, unreadable: (error as Error).message };
  }
  return { name, records, counts, findings, unlisted };
}

/** One JSON object a line is no YAML: how the file begins tells. */
async function sniffed(bytes: AsyncIterable<Uint8Array>) {
  const source = bytes[Symbol.asyncIterator]();
  const first = await source.next();
  const text = first.done ? '' : Buffer.from(first.value).toString('utf8');
  async function* pieces() {
    if (first.done) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => source };
  }
  const form = kindOfText(text) === 'jsonl' ? ('lines' as const) : ('documents' as const);
  return { form, pieces: pieces() };
}

function unreadable({ position, message, limit }: DocumentProblem): Finding {
  return outsideOfFields(limit === undefined ? 'syntax' : 'limit', message, position);
}

function checkDocument(document: ReadDocument, context: CheckContext, keys: FileKeys): Finding[] {
  const { value, warnings } = document;
  const checked = checkRecord(value, context);
  const { line } = document.positionOf([]);
  const record: RecordReference = {
    line,
    title: titleOf(value),
    ...(checked.expiresAt === undefined ? {} : { expires_at: formatInstant(checked.expiresAt) }),
  };
  const place = ({ path, message }: { path: readonly (string | number)[]; message: string }) => ({
    ...document.positionOf(path),
    path: path.join('.').slice(0, SHOWN),
    message,
  });
  const duplicates = keys.add({ draft: { keys: checked.keys }, line, place });
  const found: Finding[] = [
    ...warnings.map(({ message, position }) => ({
      ...outsideOfFields('read-otherwise', message, position),
      record,
    })),
    ...checked.findings.map(({ rule, level, ...rest }) => ({
      ...place(rest),
      rule,
      level,
      record,
    })),
    ...duplicates.map((duplicate) => ({ ...duplicate, ...leveled('duplicate'), record })),
  ];
  return found.sort((one, other) => one.line - other.line || one.column - other.column);
}

function outsideOfFields(
  rule: CheckRule,
  message: string,
  { line, column }: DocumentProblem['position'],
): Finding {
  return { line, column, path: '', ...leveled(rule), message };
}

function leveled(rule: CheckRule) {
  return { rule, level: CHECK_RULES[rule].level };
}

function titleOf(value: unknown): string {
  const title = (value as { title?: unknown } | null)?.title;
  return typeof title === 'string' ? title.slice(0, SHOWN) : '';
}
