import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import fastifyMultipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import type { CommandOf } from '../../domain/exception/decision.ts';
import type { EvidenceFile } from '../../domain/exception/events.ts';
import { fileDigest, listOf, longText, uriReference } from '../../domain/exception/field-shapes.ts';
import type { Database, Reach, Transaction } from '../../platform/db/transaction.ts';
import { attachment } from './file-name.ts';
import type { FileStore } from './file-store.ts';
import { inspectFile } from './inspect-file.ts';
import { receiveFile } from './receive-file.ts';
import { AlteredFile, wholeBytes } from './stored-digest.ts';
import { claimFile, keepFile } from './stored-files.ts';

/** What the routes need of their surroundings. */
export interface EvidenceRoutes {
  readonly db: Database;
  readonly store: FileStore;
  /** The files of a record; refuses where there is no such record. */
  readonly filesOf: (reach: Reach, exceptionId: string) => Promise<readonly EvidenceFile[]>;
  /** Refuses who may not add evidence to a record, or that there is no such record. */
  readonly assertMayAdd: (request: FastifyRequest) => Promise<void>;
  /** Runs the command on the record that the path names and answers the record; `beside` is written with it. */
  readonly record: (
    request: FastifyRequest,
    reply: FastifyReply,
    command: CommandOf<'AddEvidence'>,
    beside?: (tx: Transaction) => Promise<void>,
  ) => Promise<FastifyReply>;
  /** The answer of a command. */
  readonly answer: z.ZodType;
  /** What names a record in a path. */
  readonly idParameter: z.ZodObject;
  readonly realNow: () => number;
}

const note = longText.describe('what it shows');
const linksBody = z.strictObject({
  links: listOf(uriReference).min(1, 'needs at least one link'),
  note: note.optional(),
});
type LinksBody = z.output<typeof linksBody>;

const tags = ['commands'];
/** What browsers may be told of a download; it is saved, never shown, whatever they are told. */
const TOLD_TYPES = new Set([
  'application/pdf',
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'text/plain',
]);
const SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** `/v1/exceptions/{id}/evidence`: links as JSON, a file as a form; and the files as downloads. */
export function addEvidenceRoutes(app: FastifyInstance, routes: EvidenceRoutes): void {
  app.register(async (scope) => {
    await scope.register(fastifyMultipart, { throwFileSizeLimit: false });
    scope.post(
      '/exceptions/:id/evidence',
      {
        config: { permission: 'exception:write' },
        schema: {
          tags,
          summary: 'Add links that show progress or proof, or a file as multipart/form-data',
          params: routes.idParameter,
          // A form is read by its handler; OpenAPI is told of it where the document is completed.
          body: linksBody.optional(),
          response: { 200: routes.answer },
        },
      },
      (request, reply) => {
        if (request.isMultipart()) return addFile(routes, request, reply);
        const body = request.body as LinksBody | undefined;
        if (body) return routes.record(request, reply, { type: 'AddEvidence', ...body });
        throw new DomainError(
          'invalid-record',
          'the request has no body; send {links[]} as JSON, or a file as multipart/form-data',
        );
      },
    );
  });
  app.get(
    '/exceptions/:id/evidence/:digest',
    {
      config: { permission: 'exception:read' },
      schema: {
        tags: ['exceptions'],
        summary: 'A file of its evidence, to be saved',
        params: routes.idParameter.extend({ digest: fileDigest }),
        response: { 200: z.string() },
      },
    },
    (request, reply) => sendFile(routes, request, reply),
  );
}

/** Onto the disk, looked at, into the store, and only then into the record. */
async function addFile(
  { db, store, assertMayAdd, record, realNow }: EvidenceRoutes,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { tenantId } = request.principal;
  // Nothing is received for a record that is not there, nor from who may not add to it.
  await assertMayAdd(request);
  const { file, declared, note: given } = await receiveFile(request);
  try {
    const found = await inspectFile(file, declared);
    const text = given === undefined ? undefined : checkedNote(given);
    request.bodyHash = createHash('sha256')
      .update(JSON.stringify([found.digest, found.name, text]))
      .digest();
    const place = { tenantId, digest: found.digest };
    await claimFile(db, { ...place, size: found.size }, realNow());
    await store.put(place, { size: found.size, bytes: file.read() });
    const command = {
      type: 'AddEvidence',
      files: [found],
      ...(text === undefined ? {} : { note: text }),
    } as const;
    return await record(request, reply, command, (tx) => keepFile(tx, place));
  } finally {
    await file.close();
  }
}

function checkedNote(text: string): string {
  const { success, data, error } = note.safeParse(text);
  if (success) return data;
  const message = error.issues[0]?.message ?? 'cannot be kept';
  throw new DomainError('invalid-record', `note ${message}`, [{ path: 'note', message }]);
}

async function sendFile(
  { store, filesOf }: EvidenceRoutes,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { tenantId } = request.principal;
  const { id, digest } = request.params as { id: string; digest: string };
  const file = (await filesOf(request.principal, id)).find((one) => one.digest === digest);
  if (!file) {
    const message = `there is no file ${digest} among the evidence of ${id}; the record lists its evidence_files`;
    throw new DomainError('not-found', message);
  }
  const stored = await store.open({ tenantId, digest });
  if (stored?.size !== file.size) throw notWhole(digest);
  return reply
    .headers({
      'content-type': TOLD_TYPES.has(file.type) ? file.type : 'application/octet-stream',
      'content-disposition': attachment(file.name),
      'content-length': file.size,
      'content-digest': `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`,
      'content-security-policy': SANDBOX,
      'x-content-type-options': 'nosniff',
    })
    .send(Readable.from(wholeOrUnavailable(stored.bytes, digest), { objectMode: false }));
}

/** An altered file breaks off before its end, or, where nothing was sent yet, is refused. */
async function* wholeOrUnavailable(bytes: AsyncIterable<Uint8Array>, digest: string) {
  try {
    yield* wholeBytes(bytes, digest);
  } catch (error) {
    throw error instanceof AlteredFile ? notWhole(digest) : error;
  }
}

function notWhole(digest: string): DomainError {
  const message = `the file ${digest} does not lie whole where it was stored; \`lapse doctor\` says more`;
  return new DomainError('unavailable', message);
}
