import { type AuditEvent, type AuditQuery, dataOf } from '@lapse/client';
import { renderAudit } from '../render/render-audit.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark } from '../terminal/output.ts';
import { readInstant } from '../terminal/read-time.ts';
import { eachPage, MOST_A_PAGE } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

interface AuditOptions extends AnswerOptions {
  readonly actor?: string;
  readonly type?: string[];
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
}

/** Newest events that are shown unless told. */
const SHOWN = 50;

/** `lapse audit`: who signed in, who was refused, and what was administered. */
export async function audit(options: AuditOptions): Promise<void> {
  const { actor, type, from, to, limit = SHOWN, json } = options;
  const wanted: AuditQuery = {
    ...(actor === undefined ? {} : { actor }),
    ...(type === undefined ? {} : { type }),
    ...(from === undefined ? {} : { from: readInstant(from, '--from') }),
    ...(to === undefined ? {} : { to: readInstant(to, '--to') }),
  };
  const { items, next_cursor } = await newest(wanted, limit);
  if (json) return printJson({ items, next_cursor });
  if (items.length === 0) return remark('nothing of the kind happened');
  print(renderAudit(items));
  if (next_cursor !== null) remark(`there are older ones; --limit ${limit * 2} shows more`);
}

async function newest(wanted: AuditQuery, limit: number) {
  const client = connect();
  const items: AuditEvent[] = [];
  const read = (page: AuditQuery) => {
    const query = { ...wanted, ...page, limit: Math.min(MOST_A_PAGE, limit - items.length) };
    return dataOf(client.GET('/v1/audit', { params: { query } }));
  };
  for await (const page of eachPage(read)) {
    items.push(...page.items);
    if (items.length >= limit) return { items, next_cursor: page.next_cursor };
  }
  return { items, next_cursor: null };
}
