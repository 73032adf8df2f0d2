import type { RequestTemplate } from '../../../domain/policy/policy.ts';
import { templatesInForce } from '../policy/templates-in-force.ts';
import { type Column, renderTable } from '../render/render-table.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, safeLine, terminalWidth } from '../terminal/output.ts';
import type { AnswerOptions } from './answer-record.ts';

const COLUMNS: readonly Column<RequestTemplate>[] = [
  { title: 'NAME', text: ({ name }) => safeLine(name) },
  { title: 'LASTS', text: ({ fields }) => fields.requested_duration },
  { title: 'FOR', text: ({ summary }) => safeLine(summary), least: 20 },
];

/** `lapse policy templates`: what new requests can begin from. */
export async function listTemplates({ json }: AnswerOptions): Promise<void> {
  const { items } = await templatesInForce(connect());
  if (json) printJson({ items });
  else if (items.length === 0) print('The policy in force has no templates.');
  else print(renderTable(items, COLUMNS, terminalWidth()));
}
