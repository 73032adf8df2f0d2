import { isAbsolute, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Log, Notification, ReportingDescriptor, Result } from 'sarif';
import { CHECK_RULES, type CheckRule } from '../../../domain/exception/check-rules.ts';
import { LAPSE_VERSION } from '../../version.ts';
import type { CheckedFile, CheckRun, Finding } from './findings.ts';

const RULES = Object.entries(CHECK_RULES) as [CheckRule, (typeof CHECK_RULES)[CheckRule]][];
const RULE_INDEX = new Map(RULES.map(([rule], index) => [rule, index]));

/**
 * The findings as SARIF 2.1.0, which code scanning reads. SARIF has no field for an end: a result
 * in a record that has one carries it as `expiryUtc`, as suppressions of other tools do. No result
 * is suppressed by what a file claims of its own approval.
 */
export function reportSarif({ files, asOf, policy, policyDigest, ok }: CheckRun): string {
  const unread = files.flatMap(notification);
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'lapse', version: LAPSE_VERSION, rules: RULES.map(descriptor) },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: unread.length === 0,
            toolExecutionNotifications: unread,
            properties: { ok, asOf, policy, policyDigest },
          },
        ],
        results: files.flatMap((file) => file.findings.map((finding) => result(file, finding))),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptor([id, { level, summary, help }]: (typeof RULES)[number]): ReportingDescriptor {
  return {
    id,
    shortDescription: { text: summary },
    fullDescription: { text: help },
    help: { text: help },
    defaultConfiguration: { level },
  };
}

function result({ name }: CheckedFile, finding: Finding): Result {
  const { line, column, path, rule, level, message, record } = finding;
  return {
    ruleId: rule,
    ruleIndex: RULE_INDEX.get(rule) ?? -1,
    level,
    message: { text: path === '' ? message : `${path}: ${message}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(name) },
          region: { startLine: line, startColumn: column },
        },
        ...(path === ''
          ? {}
          : { logicalLocations: [{ fullyQualifiedName: path, kind: 'property' }] }),
      },
    ],
    ...(record?.expires_at === undefined ? {} : { properties: { expiryUtc: record.expires_at } }),
  };
}

function notification({ name, unreadable }: CheckedFile): Notification[] {
  if (unreadable === undefined) return [];
  const locations = [{ physicalLocation: { artifactLocation: { uri: uriOf(name) } } }];
  return [{ level: 'error', message: { text: unreadable }, locations }];
}

/** A relative name stays one, since the repository is what it is relative to. */
function uriOf(name: string): string {
  if (isAbsolute(name)) return pathToFileURL(name).href;
  return name
    .split(sep)
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join('/');
}
