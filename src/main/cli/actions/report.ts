import { dataOf, type LapseClient, type Report, type ReportName } from '@lapse/client';
import { renderChart } from '../render/render-chart.ts';
import { renderMarkdownTable } from '../render/render-markdown-table.ts';
import { chartOf } from '../render/report-charts.ts';
import { REPORT_NAMES } from '../render/report-names.ts';
import { timeText } from '../render/time-text.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, terminalWidth } from '../terminal/output.ts';

interface ReportOptions {
  readonly format?: 'charts' | 'md';
  readonly json?: boolean;
}

/** `lapse report`: one report, or all of them. */
export async function report(
  name: string | undefined,
  { format, json }: ReportOptions,
): Promise<void> {
  const names = name === undefined ? REPORT_NAMES : [knownName(name)];
  const client = connect();
  const answers = await Promise.all(names.map((each) => read(client, each)));
  if (json) {
    const [only] = answers;
    return printJson(
      name === undefined ? Object.fromEntries(names.map((each, at) => [each, answers[at]])) : only,
    );
  }
  const charts = names.map((each, at) => chartOf(each, answers[at] as Report<typeof each>));
  const since = `as of ${timeText(answers[0]?.now ?? '')}`;
  if (format === 'md') {
    print([...charts.map(renderMarkdownTable), `_${since}_`].join('\n\n'));
  } else {
    print(charts.map((chart) => renderChart(chart, terminalWidth())).join('\n\n'));
    remark(since);
  }
}

function knownName(name: string): ReportName {
  const known = REPORT_NAMES.find((each) => each === name);
  if (known) return known;
  throw usageFailure(
    `there is no report ${name}`,
    `there are ${REPORT_NAMES.join(', ')}; without a name all of them`,
  );
}

function read(client: LapseClient, name: ReportName): Promise<Report<ReportName>> {
  return dataOf<Report<ReportName>>(client.GET(`/v1/reports/${name}`));
}
