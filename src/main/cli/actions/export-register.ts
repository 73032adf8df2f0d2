import { extname } from 'node:path';
import { usageFailure } from '../terminal/command-failure.ts';
import { download } from './download.ts';
import { type FilterOptions, filterQuery } from './list-query.ts';

interface ExportOptions extends FilterOptions {
  readonly format?: string;
  readonly output?: string;
}

const FORMATS = ['csv', 'json', 'jsonl', 'md'];

/** `lapse export`: to standard output, or whole into a file. */
export async function exportRegister(
  search: string | undefined,
  options: ExportOptions,
): Promise<void> {
  const format = formatOf(options);
  const { output } = options;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filterQuery(search, options))) {
    for (const one of [value].flat()) query.append(name, String(one));
  }
  await download(`/v1/exports/register.${format}?${query}`, output, 'export');
}

function formatOf({ format, output }: ExportOptions): string {
  const ending = output === undefined ? '' : extname(output).slice(1).toLowerCase();
  const wanted = format ?? (ending === '' ? 'csv' : ending);
  if (FORMATS.includes(wanted)) return wanted;
  throw usageFailure(
    `there is no export as ${wanted}`,
    `use --format with one of ${FORMATS.join(', ')}; spreadsheets open csv`,
  );
}
