import { colours } from '../terminal/colours.ts';
import { displayWidth, padTo, wrapTo } from '../terminal/text-layout.ts';

/** A line of a section: a label with its text, or a text alone with a mark in front. */
export type Line =
  | { readonly label: string; readonly text: string; readonly style?: (text: string) => string }
  | { readonly mark: string; readonly text: string; readonly style?: (text: string) => string };

const INDENT = '  ';
const LABEL_COLUMNS = 22;

/** A heading and its lines, wrapped; nothing at all where there are no lines. */
export function renderSection(title: string, lines: readonly Line[], width: number): string {
  if (lines.length === 0) return '';
  const body = lines.flatMap((line) => renderLine(line, width));
  return [colours.bold(title), ...body, ''].join('\n');
}

/** The labelled lines whose text is there. */
export function labelled(
  entries: readonly (readonly [label: string, text: string | null | undefined])[],
): Line[] {
  return entries.flatMap(([label, text]) => (text ? [{ label, text }] : []));
}

function renderLine(line: Line, width: number): string[] {
  const style = line.style ?? ((text: string) => text);
  if ('mark' in line) {
    const hanging = ' '.repeat(displayWidth(line.mark) + 1);
    return wrapTo(line.text, width - INDENT.length - hanging.length).map((part, index) =>
      index === 0 ? `${INDENT}${line.mark} ${style(part)}` : `${INDENT}${hanging}${style(part)}`,
    );
  }
  const label = colours.dim(padTo(line.label, LABEL_COLUMNS));
  return wrapTo(line.text, width - INDENT.length - LABEL_COLUMNS).map(
    (part, index) => INDENT + (index === 0 ? label : ' '.repeat(LABEL_COLUMNS)) + style(part),
  );
}
