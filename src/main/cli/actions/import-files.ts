import { type LapseClient, LapseProblem } from '@lapse/client';
import { type ImportAnswer, renderImport, renderRemarks } from '../render/render-import.ts';
import { type ImportPreview, renderPreview } from '../render/render-preview.ts';
import { counted } from '../render/time-text.ts';
import { CommandFailure, EXIT, type FailureDetail } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, terminalWidth } from '../terminal/output.ts';
import { barText, progressLine } from '../terminal/progress-line.ts';
import { say } from '../terminal/say.ts';
import { columnMap } from './column-map.ts';
import { CONTENT_TYPES } from './file-kind.ts';
import { openUpload, type Upload } from './upload.ts';

interface ImportOptions {
  readonly json?: boolean;
  readonly assign?: boolean;
  readonly dryRun?: boolean;
  readonly preview?: boolean;
  /** What all files are; else each by its ending or its beginning. */
  readonly format?: 'csv' | 'json' | 'jsonl' | 'yaml';
  readonly delimiter?: 'comma' | 'semicolon' | 'tab';
  readonly map?: readonly string[];
  readonly mapFile?: string;
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
  const map = await columnMap(options.map, options.mapFile);
  const files = await Promise.all(paths.map(openUpload));
  if (options.preview) return previewFiles(client, files, { ...options, map });
  return importChecked(client, files, { ...options, map });
}

async function importChecked(
  client: LapseClient,
  files: readonly Upload[],
  options: ImportOptions,
): Promise<void> {
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
      done.push({ file: file.name, ...(await sendFile<ImportAnswer>(client, file, options)) });
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

/** What every record would become, and everything that is wrong: of all files, storing nothing. */
async function previewFiles(
  client: LapseClient,
  files: readonly Upload[],
  options: ImportOptions,
): Promise<void> {
  const previews: (ImportPreview & { file: string })[] = [];
  for (const file of files) {
    const preview = await sendFile<ImportPreview>(client, file, options);
    previews.push({ file: file.name, ...preview });
  }
  const problems = previews.reduce((sum, { counts }) => sum + counts.problems, 0);
  if (options.json) printJson({ files: previews });
  else
    for (const { file, ...preview } of previews)
      print(renderPreview(file, preview, terminalWidth()));
  if (problems === 0) return;
  throw new CommandFailure(`an import would be refused: ${counted(problems, 'problem')}`, {
    exitCode: EXIT.refused,
    next: nextStep(options),
  });
}

async function sendFile<Answer>(
  client: LapseClient,
  file: Upload,
  { assign, dryRun, preview, format, delimiter, map = [] }: ImportOptions,
): Promise<Answer> {
  const kind = format === undefined ? file.kind : format === 'json' ? 'yaml' : format;
  const query = new URLSearchParams({
    ...(assign ? { assign: 'true' } : {}),
    ...(preview ? { preview: 'true' } : dryRun ? { dry_run: 'true' } : {}),
  });
  // These are for tables; a YAML file beside one is read as ever.
  if (kind === 'csv' && delimiter) query.set('delimiter', delimiter);
  if (kind === 'csv') for (const one of map) query.append('map', one);
  const progress = progressLine();
  progress.follow((seconds) =>
    file.sent() < file.size
      ? `${barText(file.sent(), file.size)}  sending ${file.name}`
      : `${dryRun || preview ? 'checking' : 'importing'} ${file.name} (${seconds} s)`,
  );
  try {
    const response = await client.send(`/v1/imports?${query}`, {
      method: 'POST',
      headers: { 'content-type': CONTENT_TYPES[kind] },
      body: () => file.open(),
    });
    return (await response.json()) as Answer;
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
  options: ImportOptions,
): CommandFailure {
  const { dryRun } = options;
  const imported = done.map(({ file }) => file).join(', ');
  const before = !dryRun && imported !== '' ? `; ${imported} had been imported before` : '';
  const message =
    files.length === 1 ? detail : `the import is refused${before || '; nothing was stored'}`;
  return new CommandFailure(message, {
    exitCode: EXIT.refused,
    details,
    next: nextStep(options),
  });
}

function nextStep({ assign }: ImportOptions): string {
  return assign
    ? 'mend what is named above, and import again'
    : 'mend what is named above; --assign keeps foreign ids, tenants and claims aside';
}

function report(files: readonly ImportedFile[], { json, dryRun = false }: ImportOptions): void {
  if (json) {
    printJson({ files });
    return;
  }
  for (const { file, ...answer } of files) {
    for (const line of renderRemarks(file, answer)) say(line);
    if (answer.total > 0) print(renderImport(answer, dryRun, terminalWidth()));
    say(summary(file, answer, dryRun));
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
