import type { PackFinding } from '../../../domain/policy/check-policy.ts';
import type { Policy } from '../../../domain/policy/policy.ts';
import { readPack } from '../../../domain/policy/read-pack.ts';
import type { DocumentProblem } from '../../../platform/documents/document-problem.ts';
import type { ReadDocument } from '../../../platform/documents/read-chunk.ts';
import { readDocuments } from '../../../platform/documents/read-documents.ts';
import type { CheckedFile, Finding } from '../check/findings.ts';

/** A file as it was read: the pack in it, or what is wrong. */
export interface PackFile {
  readonly checked: CheckedFile;
  /** Absent where anything is wrong with it. */
  readonly policy?: Policy;
}

/** Reads the one pack that a YAML or JSON file holds, with the place of everything that is wrong. */
export async function readPackFile(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<PackFile> {
  const findings: Finding[] = [];
  let policy: Policy | undefined;
  let records = 0;
  let unreadable: string | undefined;
  try {
    for await (const result of readDocuments(bytes, { maxRecords: 2 })) {
      if ('problem' in result) {
        findings.push(problemFinding(result.problem));
        continue;
      }
      const { document } = result;
      records += 1;
      if (records > 1) findings.push(shapeFinding('a file holds one pack', document));
      else policy = readDocument(document, findings);
    }
  } catch (error) {
    // Of the source itself: what a file holds gives findings.
    unreadable = (error as Error).message;
  }
  const counts = { error: findings.length, warning: 0, note: 0 };
  const checked = { name, records, counts, findings, unlisted: 0 };
  if (unreadable !== undefined) return { checked: { ...checked, unreadable } };
  return findings.length > 0 || !policy ? { checked } : { checked, policy };
}

function readDocument(document: ReadDocument, findings: Finding[]): Policy | undefined {
  const reading = readPack(document.value);
  if ('policy' in reading) return reading.policy;
  const found = reading.findings.map((finding) => packFinding(finding, document));
  findings.push(...found.sort((a, b) => a.line - b.line || a.column - b.column));
  return undefined;
}

function packFinding({ check, rule, path, message }: PackFinding, document: ReadDocument): Finding {
  const { line } = document.positionOf(path.slice(0, 2));
  return {
    ...document.positionOf(path),
    path: pathText(path, rule),
    rule: check,
    level: 'error',
    message,
    ...(rule === '' ? {} : { record: { line, title: rule } }),
  };
}

/** A rule by its id, where it has one: nobody counts rules. */
function pathText(path: PackFinding['path'], rule: string): string {
  return path.map((part, at) => (at === 1 && rule !== '' ? rule : part)).join('.');
}

function problemFinding({ position, message, limit }: DocumentProblem): Finding {
  const rule = limit === undefined ? 'syntax' : 'limit';
  return { ...position, path: '', rule, level: 'error', message };
}

function shapeFinding(message: string, document: ReadDocument): Finding {
  return { ...document.positionOf([]), path: '', rule: 'pack-shape', level: 'error', message };
}
