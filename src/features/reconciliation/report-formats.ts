import { guardFormula } from '../../domain/exception/formula-guard.ts';
import { inTable, minute } from '../../platform/documents/markdown-text.ts';
import { csvRecord } from '../../platform/documents/write-csv.ts';
import { type FindingAnswerBody, toFindingAnswer } from './finding-wire.ts';
import type { ReportedFinding } from './reconciliation-views.ts';
import type { ReportAnswer } from './reconciliation-wire.ts';

/** A report with its findings, some at a time. */
export interface ReportSource {
  readonly report: ReportAnswer;
  /** From the beginning, each time that it is called. */
  readonly findings: () => AsyncIterable<readonly ReportedFinding[]>;
}

/** One way to write a report as a file. */
export interface ReportFormat {
  readonly mediaType: string;
  readonly write: (source: ReportSource) => AsyncGenerator<string, void>;
}

/** The ways to write a report, by the end of its path. */
export const REPORT_FORMATS = {
  json: { mediaType: 'application/json', write: jsonDocument },
  csv: { mediaType: 'text/csv; charset=utf-8', write: csvDocument },
  md: { mediaType: 'text/markdown; charset=utf-8', write: markdownDocument },
} as const satisfies Record<string, ReportFormat>;

const COLUMNS: readonly (readonly [
  string,
  (finding: FindingAnswerBody, standing: string) => string | null,
])[] = [
  ['finding_id', ({ finding_id }) => finding_id],
  ['standing', (_, standing) => standing],
  ['kind', ({ kind }) => kind],
  ['state', ({ state }) => state],
  ['connection', ({ connection }) => connection],
  ['scope', ({ scope }) => scope],
  ['grant_kind', ({ grant }) => grant.kind],
  ['target', ({ grant }) => grant.target],
  ['subject', ({ grant }) => grant.subject ?? null],
  ['permission', ({ grant }) => grant.permission ?? null],
  ['details', ({ details }) => details.join('; ')],
  ['owner', ({ owner }) => owner],
  ['exception_id', ({ exception_id }) => exception_id],
  ['created_by', ({ created_by }) => created_by],
  ['opened_at', ({ opened_at }) => opened_at],
  ['due_at', ({ due_at }) => due_at],
  ['answer', ({ answer }) => answer?.kind ?? null],
];

async function* csvDocument({ findings }: ReportSource): AsyncGenerator<string, void> {
  yield csvRecord(COLUMNS.map(([name]) => name));
  for await (const page of findings())
    yield page.map(({ standing, finding }) => csvRow(toFindingAnswer(finding), standing)).join('');
}

function csvRow(finding: FindingAnswerBody, standing: string): string {
  return csvRecord(COLUMNS.map(([, cell]) => guardFormula(cell(finding, standing) ?? '')));
}

async function* jsonDocument({ report, findings }: ReportSource): AsyncGenerator<string, void> {
  yield `{"reconciliation":${JSON.stringify(report)},"findings":[`;
  let between = '';
  for await (const page of findings()) {
    const items = page.map(({ standing, finding }) =>
      JSON.stringify({ standing, ...toFindingAnswer(finding) }),
    );
    yield `${between}${items.join(',\n')}`;
    between = ',\n';
  }
  yield ']}\n';
}

async function* markdownDocument({ report, findings }: ReportSource): AsyncGenerator<string, void> {
  yield head(report);
  for (const standing of ['new', 'open', 'solved'] as const) {
    if (report.findings[standing] === 0) continue;
    yield `\n## ${TITLES[standing]}\n\n${row(['Kind', 'What', 'Where', 'Owner', 'Due', 'ID'])}${row(
      Array(6).fill('---'),
    )}`;
    for await (const page of findings())
      yield page
        .filter((one) => one.standing === standing)
        .map(({ finding }) => markdownRow(toFindingAnswer(finding)))
        .join('');
  }
}

const TITLES = { new: 'New', open: 'Still open', solved: 'Solved' } as const;

function head(report: ReportAnswer): string {
  const { removals, findings, finished_at, complete } = report;
  const share =
    removals.share === null
      ? 'none came to its end'
      : `${removals.failed} of ${removals.ended} failed (${(removals.share * 100).toFixed(1)} %; usual are fewer than ${removals.most * 100} %)`;
  const lines = [
    `# Reconciliation ${report.reconciliation_id}`,
    '',
    `Began ${minute(report.started_at)}, ${finished_at ? `ended ${minute(finished_at)}` : 'still running'}. Times are UTC.`,
    ...(complete === false
      ? ['', '**Incomplete**: nothing is said of what could not be read.']
      : []),
    '',
    `${report.checked} grants checked: ${findings.new} new, ${findings.open} still open, ${findings.solved} solved.`,
    `Removals by Lapse since the report before: ${share}.`,
    '',
  ];
  const scopes = report.scopes.map(
    ({ connection, scope, state, checked, message, findings: own }) =>
      row([
        inTable(connection),
        inTable(scope),
        message === null ? state : `${state}: ${inTable(message)}`,
        ...[checked, own.new, own.open, own.solved].map(String),
      ]),
  );
  const titles = ['Connection', 'Scope', 'State', 'Checked', 'New', 'Still open', 'Solved'];
  return `${lines.join('\n')}\n${row(titles)}${row(titles.map(() => '---'))}${scopes.join('')}`;
}

function markdownRow({
  kind,
  details,
  grant,
  owner,
  due_at,
  finding_id,
}: FindingAnswerBody): string {
  const what = [grant.kind, grant.subject, grant.permission].filter(Boolean).join(' ');
  return row([
    kind,
    inTable(`${what}: ${details.join('; ')}`),
    inTable(grant.target),
    inTable(owner),
    minute(due_at),
    finding_id,
  ]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}
