import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type ImportQuery, importAnswer, importQuery, MAX_FILE_BYTES } from './import-schemas.ts';
import type { ImportService } from './import-service.ts';
import { fileTooLarge, type SpooledFile, spool } from './spooled-file.ts';

/** JSON is YAML; it is read like any other file here, with positions and without other limits. */
const MEDIA_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'application/json'];

/** `POST /v1/imports`: drafts out of a YAML or JSON file, in a scope that leaves bodies unread. */
export function addImportRoutes(app: FastifyInstance, service: ImportService): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(MEDIA_TYPES, (request, upload, done) => {
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
          consumes: MEDIA_TYPES,
          querystring: importQuery,
          body: z.unknown().describe('one record, a list of records, or documents parted by ---'),
          response: { 200: importAnswer, 201: importAnswer },
        },
      },
      async (request, reply) => {
        const file = await spool(uploadOf(request));
        try {
          const { status, answer } = await answerImport(service, request, file);
          return await reply.code(status).send(answer);
        } finally {
          await file.close();
        }
      },
    );
  });
}

function answerImport(service: ImportService, request: FastifyRequest, file: SpooledFile) {
  const { tenantId, actor } = request.principal;
  const query = request.query as ImportQuery;
  // Nothing moves on the connection while a large file is worked on: it is not idle.
  if (request.socket instanceof Socket) request.socket.setTimeout(0);
  request.bodyHash = file.sha256;
  const caller = { tenantId, actor, idempotency: idempotencyOf(request, actor.id) };
  const assign = query.assign === 'true';
  return query.dry_run === 'true'
    ? service.rehearse(caller, file, assign)
    : service.run(caller, file, assign);
}

function uploadOf(request: FastifyRequest): Readable {
  if (request.body instanceof Readable) return request.body;
  throw new DomainError(
    'invalid-request',
    `the request has no body; send the file as ${MEDIA_TYPES.join(', ')}`,
  );
}

/** What can be refused by the headers alone, before anything is received. */
function refusalOf({ headers }: FastifyRequest): DomainError | undefined {
  if (Number(headers['content-length'] ?? 0) > MAX_FILE_BYTES) return fileTooLarge();
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() === 'identity') return undefined;
  return new DomainError(
    'unsupported-media-type',
    `the content encoding ${encoding} is not read; send the file as it is`,
  );
}
