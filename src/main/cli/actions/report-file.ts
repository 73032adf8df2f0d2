import { download } from './download.ts';

interface ReportFileOptions {
  readonly format: string;
  readonly output?: string;
}

/** `lapse reconciliations report ID`: with its findings, to standard output or whole into a file. */
export async function writeReport(
  id: string,
  { format, output }: ReportFileOptions,
): Promise<void> {
  const path = `/v1/reconciliations/${encodeURIComponent(id)}/report.${format}`;
  await download(path, output, 'report');
}
