import type { FastifyInstance } from 'fastify';
import { DAY, formatInstant, HOUR, type Instant } from '../../domain/schedule/instant.ts';
import type { ExceptionAnswer } from '../../features/exceptions/exception-schemas.ts';
import { nextApproval } from './demo-approvals.ts';
import { CLOSE, type DemoStep } from './demo-lives.ts';
import type { PersonName } from './demo-people.ts';
import { type DemoRecord, fieldsOf } from './demo-record.ts';
import { AI_RECORDS } from './records-ai.ts';
import { AUTHZ_RECORDS } from './records-authz.ts';
import { DATA_RECORDS } from './records-data.ts';
import { NETWORK_RECORDS } from './records-network.ts';
import { RELEASE_RECORDS } from './records-release.ts';
import { OTHER_RECORDS, VENDOR_RECORDS } from './records-vendor.ts';

/** What playing the demonstration needs: the ordinary HTTP application, and somebody who moves the time. */
export interface DemoStage {
  readonly app: FastifyInstance;
  readonly tokens: Readonly<Record<PersonName, string>>;
  /** The moment that all of it leads up to, epoch milliseconds. */
  readonly today: Instant;
  /** Moves the domain's time forward, and does what is then due. */
  readonly moveTo: (now: Instant) => Promise<void>;
  readonly onProgress: (done: number, total: number) => void;
}

const CATEGORIES = {
  authz: AUTHZ_RECORDS,
  network: NETWORK_RECORDS,
  data: DATA_RECORDS,
  ai: AI_RECORDS,
  release: RELEASE_RECORDS,
  vendor: VENDOR_RECORDS,
  other: OTHER_RECORDS,
} as const;

/** A record as it goes through its life; a renewal takes the place of what it renews. */
interface Played {
  readonly record: DemoRecord;
  readonly fields: ReturnType<typeof fieldsOf>;
  /** As it was answered last; nothing before it is drafted. */
  answer?: ExceptionAnswer;
}

/** An ordinary request. */
interface DemoRequest {
  readonly by: PersonName;
  readonly method: 'POST' | 'PATCH';
  /** Below `/v1/exceptions`. */
  readonly path: string;
  readonly body: object;
}

/**
 * Plays half a year of a register: every step is an ordinary request at its own time, in the order
 * in which people would have made it. Throws where one is refused, since then the story is wrong.
 */
export async function playDemo(stage: DemoStage): Promise<void> {
  const steps = timeline();
  for (const [index, { step, played }] of steps.entries()) {
    stage.onProgress(index, steps.length);
    const request = requestOf(stage, played, step);
    if (!request) continue;
    await stage.moveTo(stage.today - Math.round(step.ago * DAY));
    const answer = await send(stage, request, played);
    // A comment is answered with itself, not with the record.
    if ('requirements' in answer) played.answer = answer;
  }
  await stage.moveTo(stage.today);
  stage.onProgress(steps.length, steps.length);
}

function timeline(): { step: DemoStep; played: Played }[] {
  let number = 0;
  const all = Object.entries(CATEGORIES).flatMap(([category, records]) =>
    records.map((record): Played => {
      number += 1;
      return {
        record,
        fields: fieldsOf(record, category as keyof typeof CATEGORIES, number),
      };
    }),
  );
  return all
    .flatMap((played) => played.record.life.steps.map((step) => ({ step, played })))
    .sort((a, b) => b.step.ago - a.step.ago);
}

/** What a step sends; nothing where it is a round of approvals and nobody is asked any more. */
function requestOf(stage: DemoStage, played: Played, step: DemoStep): DemoRequest | undefined {
  const { record, answer } = played;
  const path = `/${answer?.exception_id}`;
  if (typeof step.by === 'object') {
    const approval = answer && nextApproval(answer, record, step.by);
    return approval && { ...approval, method: 'POST', path: `${path}/approve` };
  }
  const by = step.by === 'requestor' ? record.by : step.by;
  const body = bodyOf(stage, played, step);
  const begun = record.template === undefined ? '' : `?template=${record.template}`;
  if (step.does === 'draft') return { by, method: 'POST', path: begun, body };
  if (step.does === 'edit') return { by, method: 'PATCH', path, body };
  return { by, method: 'POST', path: `${path}/${step.does}`, body };
}

function bodyOf({ today }: DemoStage, { record, fields }: Played, { does, body, ago }: DemoStep) {
  if (does === 'draft') {
    const start = record.life.startsIn === undefined ? -ago : record.life.startsIn;
    return { ...fields, effective_from: formatInstant(today + Math.round(start * DAY)) };
  }
  if (does === CLOSE) {
    const evidence = record.done.map((_, index) => ({
      criterion: `c${index + 1}`,
      link: `https://git.example.com/pr/${4_000 + Math.round(ago) * 10 + index}`,
    }));
    return { ...body, evidence };
  }
  if (does === 'request-extension') {
    const { days_from_now, ...rest } = body;
    return { ...rest, expires_at: formatInstant(today + Number(days_from_now) * DAY - HOUR) };
  }
  return body;
}

async function send(
  { app, tokens }: DemoStage,
  { by, method, path, body }: DemoRequest,
  { record, answer: known }: Played,
): Promise<ExceptionAnswer> {
  const answer = await app.inject({
    method,
    url: `/v1/exceptions${path}`,
    headers: {
      authorization: `Bearer ${tokens[by]}`,
      'content-type': 'application/json',
      ...(method === 'PATCH' ? { 'if-match': `"${known?.revision}"` } : {}),
    },
    payload: JSON.stringify(body),
  });
  if (answer.statusCode >= 300)
    throw new Error(
      `"${record.title}", ${path || 'draft'} by ${by}: ${answer.statusCode} ${answer.body}`,
    );
  return answer.json();
}
