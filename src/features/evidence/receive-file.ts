import type { Multipart } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../domain/errors.ts';
import { fileTooLarge, type SpooledFile, spool } from '../../platform/http/spooled-file.ts';
import type { Declared } from './inspect-file.ts';

/** One file may have at most 25 MB. */
const FILE_LIMIT = {
  bytes: 25 * 1024 * 1024,
  of: 'a file of evidence',
  mend: 'send a smaller one, or a link to where it lies',
} as const;
/** What a form is larger than its file, at most. */
const FORM_BYTES = 128 * 1024;

/** What a form of a browser, or `curl --form`, has sent. */
export interface ReceivedFile {
  readonly file: SpooledFile;
  readonly declared: Declared;
  /** The field `note`, unchecked. */
  readonly note: string | undefined;
}

/**
 * Takes one file out of a `multipart/form-data` request, onto the disk as it arrives. The caller
 * closes it. Refuses what is too large, cut off, or no form with one file in the field `file`.
 */
export async function receiveFile(request: FastifyRequest): Promise<ReceivedFile> {
  if (Number(request.headers['content-length'] ?? 0) > FILE_LIMIT.bytes + FORM_BYTES) {
    throw fileTooLarge(FILE_LIMIT);
  }
  let received: Omit<ReceivedFile, 'note'> | undefined;
  let note: string | undefined;
  try {
    for await (const part of partsOf(request)) {
      if (part.type === 'file') {
        const file = await spool(part.file, FILE_LIMIT);
        received = { file, declared: { name: part.filename, type: part.mimetype } };
        if (part.fieldname !== 'file') throw strangePart(part.fieldname);
      } else if (part.fieldname === 'note' && !part.valueTruncated) note = String(part.value);
      else throw strangePart(part.fieldname);
    }
    if (!received) throw new DomainError('invalid-request', `the form has no file; ${FORM}`);
    return { ...received, note };
  } catch (error) {
    await received?.file.close();
    throw formRefusal(error);
  }
}

const FORM =
  'send multipart/form-data with one file in the field "file", and a text "note" if there is one';

function partsOf(request: FastifyRequest): AsyncIterable<Multipart> {
  const limits = {
    files: 1,
    fileSize: FILE_LIMIT.bytes + 1,
    fields: 1,
    fieldSize: FORM_BYTES / 2,
    parts: 3,
    headerPairs: 20,
  };
  // The name as it was sent: one with folders is refused, not cut.
  return request.parts({ limits, preservePath: true });
}

function strangePart(name: string): DomainError {
  const shown = JSON.stringify(name.slice(0, 100));
  return new DomainError('invalid-request', `the form has a field ${shown}; ${FORM}`);
}

const TOO_MANY = new Set(['FST_FILES_LIMIT', 'FST_PARTS_LIMIT', 'FST_FIELDS_LIMIT']);

function formRefusal(error: unknown): unknown {
  if (error instanceof DomainError) return error;
  const { code, message, statusCode } = error as {
    code?: string;
    message?: string;
    statusCode?: number;
  };
  if (TOO_MANY.has(code ?? '')) {
    return new DomainError('invalid-request', `the form has more than one file or note; ${FORM}`);
  }
  // The parser's own errors have no status: a form that ends too early, or is none.
  if (code === undefined || (statusCode ?? 500) < 500) {
    return new DomainError('invalid-request', `the form cannot be read: ${message}; ${FORM}`);
  }
  return error;
}
