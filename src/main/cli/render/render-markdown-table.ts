import type { Chart } from './render-chart.ts';

/** The numbers of a chart as a table of GitHub's Markdown. */
export function renderMarkdownTable({ title, heading, columns, rows, note }: Chart): string {
  return [
    `## ${escaped(title)}`,
    '',
    line([heading, ...columns]),
    line([':---', ...columns.map(() => '---:')]),
    ...rows.map(({ label, numbers }) =>
      line([escaped(label), ...numbers.map((number) => number.toLocaleString('en'))]),
    ),
    ...(note ? ['', escaped(note)] : []),
  ].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** What people wrote must not become markup. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|#&~]/g, '\\$&');
}
