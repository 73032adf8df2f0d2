import { fileTypeFromStream } from 'file-type';
import type { EvidenceFile } from '../../domain/exception/events.ts';
import type { SpooledFile } from '../../platform/http/spooled-file.ts';
import { checkArchive, isProgram } from './check-archive.ts';
import { checkText } from './check-text.ts';
import { type FileKind, kindOfName } from './file-kinds.ts';
import { checkedName } from './file-name.ts';
import { fileRefusal } from './file-refusal.ts';

/** What a client says of a file. */
export interface Declared {
  readonly name: string;
  /** The media type, with its parameters; `application/octet-stream` says nothing. */
  readonly type: string;
}

/**
 * What a file is: by its bytes, its name and what was declared, which have to agree. Refuses with
 * `file-refused` whatever may not be evidence, and whatever cannot be told.
 */
export async function inspectFile(file: SpooledFile, declared: Declared): Promise<EvidenceFile> {
  const name = checkedName(declared.name);
  if (file.size === 0) throw fileRefusal('is empty', 'send one with content');
  const sniffed = await fileTypeFromStream(ReadableStream.from(file.read()));
  if (sniffed && isProgram(sniffed.mime)) throw fileRefusal(`is a program (${sniffed.mime})`);
  const kind = kindOfName(name);
  if (!kind) throw fileRefusal(`is named ${name}, and that ending may not be evidence`);
  assertAgreed(kind, sniffed?.mime, name);
  assertDeclared(kind, declared.type, name);
  if (kind.bytes === 'text') await checkText(file.read(), { json: kind.endings.includes('json') });
  if (kind.isArchive) {
    await checkArchive(file.descriptor, { isDocument: kind.type !== 'application/zip' });
  }
  const digest = Buffer.from(file.sha256).toString('hex');
  return { digest, size: file.size, type: kind.type, name };
}

function assertAgreed(kind: FileKind, sniffed: string | undefined, name: string): void {
  const expected = kind.bytes === 'text' ? undefined : kind.type;
  if (sniffed === expected) return;
  const found = sniffed ?? 'of no type that its first bytes tell';
  throw fileRefusal(
    `is named ${name} (${kind.type}), but its bytes are ${found}`,
    'name it by what it is, or save it anew',
  );
}

function assertDeclared(kind: FileKind, declared: string, name: string): void {
  const type = declared.split(';')[0]?.trim().toLowerCase() ?? '';
  const isSaid = type !== '' && type !== 'application/octet-stream';
  if (!isSaid || type === kind.type || kind.declared?.includes(type)) return;
  throw fileRefusal(
    `is declared as ${type}, but ${name} is ${kind.type}`,
    `declare ${kind.type}, or nothing`,
  );
}
