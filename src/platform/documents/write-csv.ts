/** What has to stand in quotes, for readers of other delimiters as well: a part must not become a cell. */
const TO_BE_QUOTED = /[",;\t\r\n']|^\s|\s$/;

/** One record of a CSV file as RFC 4180 has it, with its CR LF. */
export function csvRecord(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`;
}

function quoted(cell: string): string {
  return TO_BE_QUOTED.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
