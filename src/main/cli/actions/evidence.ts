import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type ExceptionRecord, type LapseClient, LapseProblem } from '@lapse/client';
import { renderEvidence } from '../render/render-evidence.ts';
import { renderOutcome } from '../render/render-outcome.ts';
import { megabytesText } from '../render/size-text.ts';
import { CommandFailure, EXIT, usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { barText, progressLine } from '../terminal/progress-line.ts';
import { abortSignal } from '../terminal/stop-signal.ts';
import { writeWholeFile } from '../terminal/write-output.ts';
import { type AnswerOptions, answerRecord, readRecord } from './answer-record.ts';
import { arrivingPieces } from './arriving-pieces.ts';
import { type EvidenceForm, evidenceForm } from './evidence-form.ts';

interface AddOptions extends AnswerOptions {
  readonly file?: readonly string[];
  readonly note?: string;
}

/** `lapse evidence add ID LINK… --file PATH…`: each file is kept as soon as it is sent. */
export async function addEvidence(
  id: string,
  links: readonly string[],
  { file: paths = [], note, json }: AddOptions,
): Promise<void> {
  if (links.length + paths.length === 0) {
    throw usageFailure('there is nothing to add', 'name a link, or a file with --file scan.pdf');
  }
  const mistaken = links.find((link) => existsSync(link));
  if (mistaken !== undefined) {
    throw usageFailure(
      `${mistaken} is a file, and would be kept as a link`,
      `--file ${mistaken} sends the file; write ./ in front of a link that is named so`,
    );
  }
  const client = connect();
  const forms = await Promise.all(paths.map((path) => evidenceForm(path, note)));
  let answer: Response | undefined;
  for (const form of forms) answer = await sendFile(client, id, form);
  if (links.length > 0) {
    const added = client.POST('/v1/exceptions/{id}/evidence', {
      params: { path: { id } },
      body: { links: [...links], ...(note ? { note } : {}) },
    });
    return answerRecord(added, { json }, ADDED);
  }
  if (!answer) return;
  const record = (await answer.json()) as ExceptionRecord;
  const now = Date.parse(answer.headers.get('date') ?? '');
  if (json) printJson(record);
  else print(`${ADDED}\n${renderOutcome(record, terminalWidth(), now)}`);
}

const ADDED = 'the evidence was added';

async function sendFile(client: LapseClient, id: string, form: EvidenceForm): Promise<Response> {
  const progress = progressLine();
  progress.follow((seconds) =>
    form.sent() < form.size
      ? `${barText(form.sent(), form.size)}  sending ${form.name}`
      : `${form.name} is looked at and kept (${seconds} s)`,
  );
  try {
    return await client.send(`/v1/exceptions/${encodeURIComponent(id)}/evidence`, {
      method: 'POST',
      headers: { 'content-type': form.contentType },
      body: () => form.open(),
    });
  } catch (error) {
    if (!(error instanceof LapseProblem) || error.code !== 'file-refused') throw error;
    throw new CommandFailure(`${form.name}: ${error.detail}`, {
      exitCode: EXIT.refused,
      next: 'send it as what would pass, or add a link to where it lies',
    });
  } finally {
    progress.done();
  }
}

/** `lapse evidence list ID` */
export async function listEvidence(id: string, { json }: AnswerOptions): Promise<void> {
  const {
    evidence = [],
    evidence_files: files,
    link_readings: readings,
  } = await readRecord(connect(), id);
  if (json) return printJson({ links: evidence, files, readings });
  if (evidence.length + files.length + readings.length === 0)
    return remark(`${id} has no evidence yet`);
  print(renderEvidence({ links: evidence, files, readings }, terminalWidth()));
}

interface GetOptions {
  readonly output?: string;
}

/** `lapse evidence get ID DIGEST`: whole and as it was, or not at all. */
export async function getEvidence(
  id: string,
  digest: string,
  { output }: GetOptions,
): Promise<void> {
  const client = connect();
  const file = chosen(await readRecord(client, id), digest);
  const path = output ?? file.name;
  if (output === undefined && existsSync(path)) {
    throw usageFailure(`${path} is there already`, 'name another with --output, or the same');
  }
  const response = await client.send(
    `/v1/exceptions/${encodeURIComponent(id)}/evidence/${file.digest}`,
  );
  const hash = createHash('sha256');
  let bytes = 0;
  const progress = progressLine();
  progress.follow(() => `${barText(bytes, file.size)}  receiving ${safeLine(file.name)}`);
  const pieces = arrivingPieces(response.body, {
    onPiece: (piece) => {
      hash.update(piece);
      bytes += piece.length;
    },
    stop: {
      signal: abortSignal(),
      stopped: () => failure(`stopped; ${path} was not written`, EXIT.stopped),
    },
    brokenOff: (reason) => failure(`the file broke off: ${reason}; ${path} was not written`),
  });
  try {
    await writeWholeFile(
      path,
      checked(pieces, () => hash.digest('hex') === file.digest, path),
    );
  } finally {
    progress.done();
  }
  remark(`${safeLine(path)}: ${megabytesText(bytes)} written, as its digest says`);
}

async function* checked(
  pieces: AsyncIterable<Uint8Array>,
  isWhole: () => boolean,
  path: string,
): AsyncGenerator<Uint8Array> {
  yield* pieces;
  if (!isWhole())
    throw failure(`what arrived is not what its digest says; ${path} was not written`);
}

function failure(message: string, exitCode: (typeof EXIT)[keyof typeof EXIT] = EXIT.undecided) {
  return new CommandFailure(message, { exitCode, next: 'run it again' });
}

type EvidenceFile = ExceptionRecord['evidence_files'][number];

/** The file that a digest, or the beginning of one, names. */
function chosen({ exception_id: id, evidence_files: files }: ExceptionRecord, digest: string) {
  const found = files.filter((file) => file.digest.startsWith(digest.toLowerCase()));
  const [file] = found;
  if (file && found.length === 1) return file satisfies EvidenceFile;
  throw new CommandFailure(
    found.length === 0
      ? `${id} has no file ${digest} among its evidence`
      : `${digest} is the beginning of several digests`,
    { exitCode: EXIT.refused, next: `lapse evidence list ${id}` },
  );
}
