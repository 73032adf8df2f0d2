import { dataOf } from '@lapse/client';
import type { Policy } from '../../../domain/policy/policy.ts';
import type {
  AffectedRecord,
  ComparisonCounts,
} from '../../../features/exceptions/compare-policies.ts';
import { packInForce } from '../policy/pack-in-force.ts';
import { packOfFile } from '../policy/pack-of-file.ts';
import { counted } from '../render/time-text.ts';
import { colours } from '../terminal/colours.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine } from '../terminal/output.ts';
import { progressLine } from '../terminal/progress-line.ts';
import type { AnswerOptions } from './answer-record.ts';
import { assertConfirmed } from './assert-confirmed.ts';
import { streamedResult } from './streamed-result.ts';

/** A line of `POST /v1/policy/diff`. */
interface ComparisonLine {
  readonly record?: AffectedRecord;
  readonly progress?: ComparisonCounts;
  readonly result?: ComparisonCounts;
  /** It could not be completed: nothing is known of the rest. */
  readonly error?: { readonly detail: string };
}

type Tell = (record: AffectedRecord) => void;

/** `lapse policy diff FILE`: what a pack would ask of every request and open record. */
export async function diffPack(path: string, { json }: AnswerOptions): Promise<void> {
  const policy = await packOfFile(path);
  // One JSON object a line, so that no number of records has to be held.
  const tell: Tell = json ? (record) => print(JSON.stringify({ record })) : tellRecord;
  const result = await compare(policy, tell);
  print(json ? JSON.stringify({ result }) : countsText(result));
}

interface PutOptions extends AnswerOptions {
  /** What it changes was looked at before: do not ask. */
  readonly yes?: boolean;
}

/** `lapse policy put FILE`: says what it would change, asks, and puts it in force. */
export async function putPack(path: string, { yes, json }: PutOptions): Promise<void> {
  const policy = await packOfFile(path);
  const client = connect();
  // Read first: what somebody else puts in force meanwhile was not compared.
  const { version } = await packInForce(client);
  const result = await compare(policy, (record) => remark(recordText(record)));
  remark(countsText(result));
  if (!yes) {
    await assertConfirmed({
      message: 'Put this pack in force?',
      why: 'a pack decides every request from then on',
      lookAt: 'what it changes',
      refused: 'nothing was put in force',
    });
  }
  const put = await dataOf(
    client.PUT('/v1/policy', {
      params: { header: { 'If-Match': `"${version}"` } },
      body: policy,
    }),
  );
  if (json) return printJson(put);
  print(`${safeLine(put.pack.id)} is in force, as version ${put.version} (${put.digest})`);
  remark('What was asked of requests before stands; the next submit goes by this pack.');
}

async function compare(policy: Policy, tell: Tell): Promise<ComparisonCounts> {
  const response = await connect().send('/v1/policy/diff', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: () => JSON.stringify(policy),
  });
  const progress = progressLine();
  return streamedResult<ComparisonCounts, ComparisonLine>(response, {
    what: 'the comparison',
    onLine: ({ record, progress: read }) => {
      if (record) {
        progress.done();
        tell(record);
      }
      if (read) progress.update(`${counted(read.records, 'record')} compared`);
    },
    done: progress.done,
  });
}

function tellRecord(record: AffectedRecord): void {
  print(recordText(record));
}

function recordText({ exception_id, status, title, effects }: AffectedRecord): string {
  const head = `${colours.bold(exception_id)}  ${status}  ${safeLine(title)}`;
  const lines = effects.map(({ message }) => `  ${colours.yellow('!')} ${safeLine(message)}`);
  return [head, ...lines].join('\n');
}

function countsText({ records, affected, effects }: ComparisonCounts): string {
  const whole = counted(records, 'request or open record', 'requests and open records');
  if (affected === 0) return `${colours.green('✓')} it asks for nothing more of ${whole}`;
  const kinds = Object.entries(effects).filter(([, count]) => count > 0);
  const named = kinds.map(([kind, count]) => `${WORDS[kind as keyof typeof WORDS]} ${count}`);
  return `${affected.toLocaleString('en')} of ${whole} would be asked for more: ${named.join(', ')}`;
}

const WORDS = {
  approvals: 'more approvals',
  maximum: 'beyond a maximum',
  artifact: 'an artifact is missing',
  field: 'a field is missing',
  reminder: 'a reminder is missed',
} as const;
