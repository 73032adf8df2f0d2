import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { fileTooLarge, type SpooledFile, spool } from '../../platform/http/spooled-file.ts';
import { type FileForm, fileForm, MEDIA_TYPES } from './file-form.ts';
import {
  type ImportQuery,
  importAnswer,
  importPreview,
  importQuery,
  MAX_FILE_BYTES,
} from './import-schemas.ts';
import type { ImportService } from './import-service.ts';

const TYPES = Object.keys(MEDIA_TYPES);
const LIMIT = { bytes: MAX_FILE_BYTES, of: 'an import', mend: 'split it into several' };

/** `POST /v1/imports`: drafts out of a YAML, JSON or CSV file, in a scope that leaves bodies unread. */
export function addImportRoutes(app: FastifyInstance, service: ImportService): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(TYPES, (request, upload, done) => {
      const refusal = refusalOf(request);
      done(refusal ?? null, refusal ? undefined : upload);
    });
    scope.post(
      '/imports',
      {
        config: { permission: 'exception:write' },
        bodyLimit: MAX_FILE_BYTES,
        schema: {
          tags: ['imports'],
          summary: 'Make drafts of the records of a file: all of them, or none',
          consumes: TYPES,
          querystring: importQuery,
          body: z
            .unknown()
            .describe(
              'one record, a list of records, documents parted by ---, JSON lines or a table',
            ),
          response: { 200: z.union([importAnswer, importPreview]), 201: importAnswer },
        },
      },
      async (request, reply) => {
        const form = fileForm(request.headers['content-type'] ?? '', request.query as ImportQuery);
        const file = await spool(uploadOf(request), LIMIT);
        try {
          const { status, answer } = await answerImport(service, request, file, form);
          return await reply.code(status).send(answer);
        } finally {
          await file.close();
        }
      },
    );
  });
}

async function answerImport(
  service: ImportService,
  request: FastifyRequest,
  spooled: SpooledFile,
  form: FileForm,
) {
  const { actor } = request.principal;
  const query = request.query as ImportQuery;
  // Nothing moves on the connection while a large file is worked on: it is not idle.
  if (request.socket instanceof Socket) request.socket.setTimeout(0);
  request.bodyHash = spooled.sha256;
  const file = { form, read: () => spooled.read() };
  const caller = { ...request.principal, idempotency: idempotencyOf(request, actor.id) };
  const assign = query.assign === 'true';
  if (query.preview === 'true') {
    return { status: 200 as const, answer: await service.preview(caller, file, assign) };
  }
  return query.dry_run === 'true'
    ? service.rehearse(caller, file, assign)
    : service.run(caller, file, assign);
}

function uploadOf(request: FastifyRequest): Readable {
  if (request.body instanceof Readable) return request.body;
  throw new DomainError(
    'invalid-request',
    `the request has no body; send the file as ${TYPES.join(', ')}`,
  );
}

/** What can be refused by the headers alone, before anything is received. */
function refusalOf({ headers }: FastifyRequest): DomainError | undefined {
  if (Number(headers['content-length'] ?? 0) > MAX_FILE_BYTES) return fileTooLarge(LIMIT);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() === 'identity') return undefined;
  return new DomainError(
    'unsupported-media-type',
    `the content encoding ${encoding} is not read; send the file as it is`,
  );
}
