import { formatInstant } from '../../domain/schedule/instant.ts';
import { inTable, inText, minute } from '../../platform/documents/markdown-text.ts';
import type { ExceptionAnswer } from './exception-schemas.ts';
import { recordSection } from './export-markdown-record.ts';
import type { RegisterSnapshot } from './register-export.ts';

const HEAD = ['ID', 'Status', 'Risk', 'Environment', 'Starts', 'Ends', 'Owners', 'Title'];

/**
 * The register for people (000 section 3): a table that shows all of it at a glance, each line
 * leading to the section where the record stands whole. Both are read from the same snapshot.
 */
export async function* markdownDocument(register: RegisterSnapshot): AsyncGenerator<string, void> {
  yield `# Security exception register\n\nTenant ${inText(register.tenantId)}, as of ${formatInstant(register.now)}. Times are UTC.\n\n`;
  let total = 0;
  for await (const records of register.records()) {
    if (total === 0) yield `${row(HEAD)}${row(HEAD.map(() => '---'))}`;
    yield records.map(tableRow).join('');
    total += records.length;
  }
  yield total === 0
    ? 'No exception matches.\n'
    : `\n${total} ${total === 1 ? 'exception' : 'exceptions'}.\n`;
  if (total === 0) return;
  for await (const records of register.records()) yield records.map(recordSection).join('');
}

function tableRow(record: ExceptionAnswer): string {
  const { exception_id: id, effective_from, expires_at, owners, requestor } = record;
  const people = owners ?? (requestor ? [requestor] : []);
  return row([
    // Headings become anchors in lower case on the hosts that show Markdown.
    `[${inTable(id)}](#${id.toLowerCase()})`,
    record.overdue ? `**${record.status}**` : record.status,
    record.severity ? `${record.severity} (${record.risk_score})` : '',
    record.environment ?? '',
    effective_from ? minute(effective_from) : '',
    expires_at ? minute(expires_at) : '',
    inTable(people.map(({ name }) => name).join(', ')),
    inTable(record.title),
  ]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}
