import { type LapseClient, LapseProblem } from '@lapse/client';
import { type ImportAnswer, renderImport, renderRemarks } from '../render/render-import.ts';
import { counted } from '../render/time-text.ts';
import { CommandFailure, EXIT, type FailureDetail } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, terminalWidth } from '../terminal/output.ts';
import { barText, progressLine } from '../terminal/progress-line.ts';
import { openUpload, type Upload } from './upload.ts';

interface ImportOptions {
  readonly json?: boolean;
  readonly assign?: boolean;
  readonly dryRun?: boolean;
}

interface ImportedFile extends ImportAnswer {
  readonly file: string;
}

/**
 * `lapse import FILE…`: all records of all files, or none as far as can be told. Of several files
 * each is checked by a dry run before the first is imported.
 */
export async function importFiles(paths: readonly string[], options: ImportOptions): Promise<void> {
  const client = connect();
  const files = await Promise.all(paths.map(openUpload));
  if (files.length > 1 || options.dryRun) {
    const checked = await sendAll(client, files, { ...options, dryRun: true });
    if (options.dryRun) return report(checked, options);
  }
  report(await sendAll(client, files, options), options);
}

/** Sends the files in turn; a dry run goes on after a refusal, so that every problem is named. */
async function sendAll(
  client: LapseClient,
  files: readonly Upload[],
  options: ImportOptions,
): Promise<ImportedFile[]> {
  const done: ImportedFile[] = [];
  const refused: FailureDetail[] = [];
  let detail = '';
  for (const file of files) {
    try {
      done.push({ file: file.name, ...(await sendFile(client, file, options)) });
    } catch (error) {
      if (!(error instanceof LapseProblem) || error.status === 401 || error.status >= 500) {
        throw error;
      }
      detail = error.detail;
      refused.push(...detailsOf(file.name, error));
      if (!options.dryRun) throw refusal(refused, detail, files, done, options);
    }
  }
  if (refused.length > 0) throw refusal(refused, detail, files, done, options);
  return done;
}

async function sendFile(
  client: LapseClient,
  file: Upload,
  { assign, dryRun }: ImportOptions,
): Promise<ImportAnswer> {
  const query = new URLSearchParams({
    ...(assign ? { assign: 'true' } : {}),
    ...(dryRun ? { dry_run: 'true' } : {}),
  });
  const progress = progressLine();
  progress.follow((seconds) =>
    file.sent() < file.size
      ? `${barText(file.sent(), file.size)}  sending ${file.name}`
      : `${dryRun ? 'checking' : 'importing'} ${file.name} (${seconds} s)`,
  );
  try {
    const response = await client.send(`/v1/imports?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/yaml' },
      body: () => file.open(),
    });
    return (await response.json()) as ImportAnswer;
  } finally {
    progress.done();
  }
}

function detailsOf(file: string, { errors, detail }: LapseProblem): FailureDetail[] {
  if (errors.length === 0) return [{ at: file, message: detail }];
  return errors.map(({ path, message, line, column }) => {
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    return { at: path === '' ? place : `${place}: ${path}`, message };
  });
}

function refusal(
  details: readonly FailureDetail[],
  detail: string,
  files: readonly Upload[],
  done: readonly ImportedFile[],
  { assign, dryRun }: ImportOptions,
): CommandFailure {
  const imported = done.map(({ file }) => file).join(', ');
  const before = !dryRun && imported !== '' ? `; ${imported} had been imported before` : '';
  const message =
    files.length === 1 ? detail : `the import is refused${before || '; nothing was stored'}`;
  return new CommandFailure(message, {
    exitCode: EXIT.refused,
    details,
    next: assign
      ? 'mend what is named above, and import again'
      : 'mend what is named above; --assign keeps foreign ids, tenants and claims aside',
  });
}

function report(files: readonly ImportedFile[], { json, dryRun = false }: ImportOptions): void {
  if (json) {
    printJson({ files });
    return;
  }
  for (const { file, ...answer } of files) {
    for (const line of renderRemarks(file, answer)) remark(line);
    if (answer.total > 0) print(renderImport(answer, dryRun, terminalWidth()));
    remark(summary(file, answer, dryRun));
  }
}

function summary(
  file: string,
  { created, unchanged, total }: ImportAnswer,
  dryRun: boolean,
): string {
  const made = dryRun
    ? `would make ${counted(created.length, 'draft')}`
    : `${counted(created.length, 'draft')} made`;
  const kept =
    unchanged.length > 0 ? `, ${unchanged.length.toLocaleString('en')} imported before` : '';
  return `${file}: ${counted(total, 'record')}, ${made}${kept}${dryRun ? '; nothing was stored' : ''}`;
}
