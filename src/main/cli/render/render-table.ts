import { colours } from '../terminal/colours.ts';
import { displayWidth, fitTo, padTo } from '../terminal/text-layout.ts';

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Colours the text once it has its final length. */
  readonly style?: (text: string, row: Row) => string;
  /** It may be cut down to so many columns; without it the column keeps its width. */
  readonly least?: number;
  /** What goes first where the terminal is narrow: the highest number; nothing always stays. Empty ones go too. */
  readonly dispensable?: number;
}

const GAP = 2;

/** A table no wider than `width`: dispensable columns go first, then the others are shortened. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): string {
  const shown = fitting(rows, columns, width);
  const lines = [
    shown.map(({ column, width: w }) => colours.dim(padTo(fitTo(column.title, w), w))),
    ...rows.map((row) =>
      shown.map(({ column, width: w }) => {
        const text = fitTo(column.text(row), w);
        const styled = column.style ? column.style(text, row) : text;
        return styled + ' '.repeat(Math.max(0, w - displayWidth(text)));
      }),
    ),
  ];
  return lines.map((cells) => cells.join(' '.repeat(GAP)).trimEnd()).join('\n');
}

interface Sized<Row> {
  readonly column: Column<Row>;
  readonly wanted: number;
  width: number;
}

function fitting<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): Sized<Row>[] {
  let sized = columns
    .filter((column) => !column.dispensable || rows.some((row) => column.text(row) !== ''))
    .map((column) => sizeOf(rows, column));
  const least = () =>
    sized.reduce((sum, { column, wanted }) => sum + leastOf(column, wanted) + GAP, -GAP);
  while (least() > width) {
    const last = [...sized].sort(
      (a, b) => (b.column.dispensable ?? 0) - (a.column.dispensable ?? 0),
    )[0];
    if (!last?.column.dispensable) break;
    sized = sized.filter((each) => each !== last);
  }
  shrink(sized, width);
  return sized;
}

function sizeOf<Row>(rows: readonly Row[], column: Column<Row>): Sized<Row> {
  const widths = rows.map((row) => displayWidth(column.text(row)));
  const wanted = widths.reduce((most, each) => Math.max(most, each), displayWidth(column.title));
  return { column, wanted, width: wanted };
}

/** Takes columns that may be cut down to what is left, the widest first. */
function shrink<Row>(sized: readonly Sized<Row>[], width: number): void {
  let over = sized.reduce((sum, each) => sum + each.width + GAP, -GAP) - width;
  while (over > 0) {
    const widest = sized
      .filter((each) => each.width > leastOf(each.column, each.wanted))
      .sort((a, b) => b.width - a.width)[0];
    if (!widest) return;
    widest.width -= 1;
    over -= 1;
  }
}

function leastOf<Row>(column: Column<Row>, wanted: number): number {
  return column.least === undefined ? wanted : Math.min(column.least, wanted);
}
