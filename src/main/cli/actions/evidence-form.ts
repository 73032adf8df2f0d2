import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { unreadable } from '../terminal/system-reason.ts';

/** What the server takes; it refuses more, but only once it has read that much. */
const MOST_BYTES = 25 * 1024 ** 2;

/** A file as a form that can be sent, as often as it has to be. */
export interface EvidenceForm {
  readonly name: string;
  /** Of the file, in bytes. */
  readonly size: number;
  readonly contentType: string;
  /** How much of the file has left, in bytes. */
  sent(): number;
  /** The form, from the beginning. */
  open(): ReadableStream;
}

/** Makes a form of a file and a note, as RFC 7578 has it. */
export async function evidenceForm(path: string, note: string | undefined): Promise<EvidenceForm> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isFile()) throw unreadable(path, Object.assign(new Error(), { code: 'EISDIR' }));
  if (found.size > MOST_BYTES) {
    throw new CommandFailure(`${path} is larger than the 25 MB that a file of evidence may have`, {
      exitCode: EXIT.refused,
      next: 'send a smaller one, or add a link to where it lies',
    });
  }
  const boundary = `lapse-${randomUUID()}`;
  const name = basename(path);
  const head = `${noteField(boundary, note)}--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${quoted(name)}"\r\ncontent-type: application/octet-stream\r\n\r\n`;
  let sent = 0;
  async function* pieces() {
    sent = 0;
    yield Buffer.from(head);
    const file = createReadStream(path);
    try {
      for await (const piece of file) {
        sent += piece.length;
        yield piece as Buffer;
      }
    } catch (error) {
      throw unreadable(path, error);
    }
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }
  return {
    name,
    size: found.size,
    contentType: `multipart/form-data; boundary=${boundary}`,
    sent: () => sent,
    open: () => ReadableStream.from(pieces()),
  };
}

function noteField(boundary: string, note: string | undefined): string {
  if (note === undefined) return '';
  return `--${boundary}\r\ncontent-disposition: form-data; name="note"\r\n\r\n${note}\r\n`;
}

function quoted(name: string): string {
  return name.replace(/"/g, '%22').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}
