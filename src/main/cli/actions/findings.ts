import { dataOf, type FindingList, type FindingQuery } from '@lapse/client';
import { renderFindings } from '../render/render-reconciliation.ts';
import { counted, timeText } from '../render/time-text.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, terminalWidth } from '../terminal/output.ts';
import { readEnd } from '../terminal/read-time.ts';
import { sayNext } from '../terminal/say.ts';
import { allItems } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

type Finding = FindingList['items'][number];

interface FindingOptions extends AnswerOptions {
  readonly state?: FindingQuery['state'];
  readonly kind?: FindingQuery['kind'];
  readonly all?: boolean;
}

/** `lapse findings`: the open ones unless told. */
export async function listFindings({ state, kind, all, json }: FindingOptions): Promise<void> {
  const client = connect();
  const wanted = all ? undefined : (state ?? 'open');
  const asked = { ...(wanted ? { state: wanted } : {}), ...(kind ? { kind } : {}) };
  const items = await allItems((page) =>
    dataOf(client.GET('/v1/findings', { params: { query: { ...asked, ...page } } })),
  );
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('no finding; lapse reconcile compares anew');
  print(renderFindings(items, terminalWidth()));
  remark(counted(items.length, 'finding'));
  if (items.some((one) => one.state === 'open'))
    sayNext('lapse findings adopt, remove or accept, each with an id');
}

/** `lapse findings adopt ID` */
export async function adoptFinding(id: string, { json }: AnswerOptions): Promise<void> {
  const params = { path: { id } };
  const finding = await dataOf(connect().POST('/v1/findings/{id}/adopt', { params }));
  if (json) return printJson(finding);
  const draft = finding.answer?.exception_id ?? '';
  print(`${id}  adopted into ${draft}`);
  sayNext(`lapse show ${draft}, complete it, then lapse submit ${draft}`);
}

/** `lapse findings remove ID` */
export async function removeFinding(
  id: string,
  { reason, json }: AnswerOptions & { readonly reason: string },
): Promise<void> {
  const params = { path: { id } };
  const finding = await dataOf(
    connect().POST('/v1/findings/{id}/remove', { params, body: { reason } }),
  );
  if (json) return printJson(finding);
  print(`${id}  ${removalText(finding)}`);
}

/** `lapse findings accept ID` */
export async function acceptFinding(
  id: string,
  { reason, until, json }: AnswerOptions & { readonly reason: string; readonly until: string },
): Promise<void> {
  const params = { path: { id } };
  const end = readEnd(until, '--until');
  const body = { reason, ...('at' in end ? { until: end.at } : end) };
  const finding = await dataOf(connect().POST('/v1/findings/{id}/accept', { params, body }));
  if (json) return printJson(finding);
  print(`${id}  accepted until ${timeText(finding.answer?.until ?? until)}`);
}

function removalText({ removal }: Finding): string {
  return removal?.by === 'person'
    ? 'is to be removed by a person: a task is open'
    : 'is being removed, and read back';
}
