import { colours } from '../terminal/colours.ts';
import { displayWidth, fitTo, padTo, wrapTo } from '../terminal/text-layout.ts';

type Style = (text: string) => string;

/** A part of every bar: told apart by its shade, so that no colour is needed. */
export interface ChartPart {
  readonly name: string;
  readonly style: Style;
}

/** A row: its numbers one a column, and the lengths of its bar's parts. */
export interface ChartRow {
  readonly label: string;
  readonly numbers: readonly number[];
  /** Empty where a bar would say nothing, as beside a sum. */
  readonly bar: readonly number[];
}

/** Numbers to look at: a table, with a bar to each row. */
export interface Chart {
  readonly title: string;
  /** What the rows are. */
  readonly heading: string;
  readonly columns: readonly string[];
  /** So many of the columns always stay; the others go where the terminal is narrow. */
  readonly kept: number;
  /** None where bars have one part, which needs no name. */
  readonly parts: readonly ChartPart[];
  readonly rows: readonly ChartRow[];
  readonly note?: string | undefined;
}

const GAP = '  ';
const LEAST_BAR = 12;
/** Longer ones are no easier to compare. */
const LONGEST_BAR = 80;
const SHADES = ['█', '▓', '▒', '░'] as const;

/** The chart in at most `width` columns. */
export function renderChart(chart: Chart, width: number): string {
  const columns = columnsThatFit(chart, width);
  const label = labelWidth(chart);
  const sizes = columns.map((at) => columnWidth(chart, at));
  const left = width - sizes.reduce((sum, size) => sum + size + GAP.length, label);
  const bar = Math.min(left - GAP.length, LONGEST_BAR);
  const most = Math.max(...chart.rows.map((row) => lengthOf(row.bar)));
  const cells = (texts: readonly string[]) =>
    texts.map((text, at) => text.padStart(sizes[at] ?? 0)).join(GAP);
  const heads = columns.map((at) => chart.columns[at] ?? '');
  return [
    colours.bold(fitTo(chart.title, width)),
    colours.dim(`${padTo(chart.heading, label)}${GAP}${cells(heads)}`),
    ...chart.rows.map((row) => {
      const numbers = columns.map((at) => numberText(row.numbers[at] ?? 0));
      const line = `${padTo(row.label, label)}${GAP}${cells(numbers)}`;
      const drawn = bar >= LEAST_BAR ? barOf(row.bar, chart.parts, most, bar) : '';
      return drawn === '' ? line : `${line}${GAP}${drawn}`;
    }),
    ...(bar >= LEAST_BAR && chart.parts.length > 0 ? [legend(chart.parts)] : []),
    ...(chart.note ? wrapTo(chart.note, width) : []),
  ].join('\n');
}

/** All columns where a bar still has room beside them, else those that always stay. */
function columnsThatFit(chart: Chart, width: number): number[] {
  const all = chart.columns.map((_, at) => at);
  const needed = all.reduce(
    (sum, at) => sum + columnWidth(chart, at) + GAP.length,
    labelWidth(chart) + GAP.length + LEAST_BAR,
  );
  return needed <= width ? all : all.slice(0, chart.kept);
}

function labelWidth({ heading, rows }: Chart): number {
  return Math.max(displayWidth(heading), ...rows.map((row) => displayWidth(row.label)));
}

function columnWidth({ columns, rows }: Chart, at: number): number {
  const numbers = rows.map((row) => numberText(row.numbers[at] ?? 0).length);
  return Math.max((columns[at] ?? '').length, ...numbers);
}

function barOf(
  lengths: readonly number[],
  parts: readonly ChartPart[],
  most: number,
  width: number,
): string {
  return cellsOf(lengths, most, width)
    .map((cells, at) => {
      const style = parts[at]?.style ?? colours.cyan;
      return cells === 0 ? '' : style((SHADES[at] ?? '█').repeat(cells));
    })
    .join('');
}

/**
 * How many cells each part of a bar has. Together they are as long as the sum asks for, and one at
 * least where there is anything; what rounding leaves goes to the parts that lost most by it.
 */
export function cellsOf(lengths: readonly number[], most: number, width: number): number[] {
  const sum = lengthOf(lengths);
  if (sum === 0) return lengths.map(() => 0);
  const all = Math.max(1, Math.round((sum / most) * width));
  const exact = lengths.map((length) => (length / sum) * all);
  const cells = exact.map(Math.floor);
  const byLoss = exact
    .map((length, at) => ({ at, loss: length - Math.floor(length) }))
    .sort((a, b) => b.loss - a.loss);
  for (const { at } of byLoss.slice(0, all - lengthOf(cells))) cells[at] = (cells[at] ?? 0) + 1;
  return cells;
}

function lengthOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}

function legend(parts: readonly ChartPart[]): string {
  return parts.map(({ name, style }, at) => `${style(SHADES[at] ?? '█')} ${name}`).join(GAP);
}

function numberText(number: number): string {
  return number.toLocaleString('en');
}
