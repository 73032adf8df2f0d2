import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../../domain/errors.ts';
import { expectedRevision } from '../../../platform/http/revision.ts';
import { addJsonParser } from '../../../platform/http/server.ts';
import {
  groupResource,
  handleScimError,
  handleScimNotFound,
  listOf,
  type Resource,
  type Selection,
  selected,
  sendResource,
  sendScim,
  userResource,
} from './scim-answers.ts';
import { GROUP, type ResourceKind, USER } from './scim-attributes.ts';
import {
  MOST_GROUPS,
  MOST_USERS,
  providerConfig,
  resourceTypes,
  schemas,
} from './scim-discovery.ts';
import { type Document, readDocument } from './scim-document.ts';
import type { ScimGroups } from './scim-groups.ts';
import { patchDocument } from './scim-patch.ts';
import type { ListQuery, ScimChange, ScimPage } from './scim-rows.ts';
import type { ScimUsers } from './scim-users.ts';

/** What the routes of SCIM need. */
export interface Directory {
  readonly users: ScimUsers;
  readonly groups: ScimGroups;
  readonly publicUrl: string;
}

/** Users and groups alike: what their routes do. */
interface Endpoint<Row> {
  readonly kind: ResourceKind;
  readonly most: number;
  readonly service: {
    list(tenantId: string, query: ListQuery): Promise<ScimPage<Row>>;
    get(tenantId: string, id: string): Promise<Row>;
    create(principal: ScimChange['principal'], document: Document): Promise<Row>;
    change(place: ScimChange, change: (document: Document) => Document): Promise<Row>;
    remove(place: ScimChange): Promise<void>;
  };
  readonly answer: (row: Row) => Resource;
}

const whole = z
  .string()
  .regex(/^-?\d{1,9}$/, 'must be a whole number')
  .transform(Number);
const selection = { attributes: z.string().optional(), excludedAttributes: z.string().optional() };
// Identity providers add parameters of their own; those of the standard alone are looked at.
const one = z.looseObject(selection);
const many = z.looseObject({
  filter: z.string().optional(),
  startIndex: whole.optional(),
  count: whole.optional(),
  ...selection,
});
type Many = z.output<typeof many>;

const config = { permission: 'directory:sync' } as const;
/** SCIM describes itself: `Schemas` is its reference. */
const hidden = { hide: true };

/** `/scim/v2`: how a directory provisions people and groups (RFC 7643 and 7644). */
export function addScimRoutes(app: FastifyInstance, { users, groups, publicUrl }: Directory): void {
  const base = `${publicUrl}/scim/v2`;
  addJsonParser(app, 'application/scim+json');
  app.setErrorHandler(handleScimError);
  app.setNotFoundHandler(handleScimNotFound);
  addResourceRoutes(app, {
    ...{ kind: USER, most: MOST_USERS, service: users },
    answer: (row) => userResource(row, base),
  });
  addResourceRoutes(app, {
    ...{ kind: GROUP, most: MOST_GROUPS, service: groups },
    answer: (row) => groupResource(row, base),
  });
  addDiscoveryRoutes(app, base);
}

function addResourceRoutes<Row>(
  app: FastifyInstance,
  { kind, most, service, answer }: Endpoint<Row>,
): void {
  const { endpoint } = kind;
  const schema = { ...hidden, querystring: one };
  const send = (request: FastifyRequest, reply: FastifyReply, row: Row) => {
    const whole = answer(row);
    const shown = selected(whole, request.query as Selection);
    return sendResource(reply, { ...shown, meta: whole.meta });
  };
  app.get(
    endpoint,
    { config, schema: { ...hidden, querystring: many } },
    async (request, reply) => {
      const { filter, startIndex = 1, count = most, ...parts } = request.query as Many;
      const query = {
        filter,
        startIndex: Math.max(startIndex, 1),
        count: Math.min(Math.max(count, 0), most),
      };
      const { total, rows } = await service.list(request.principal.tenantId, query);
      const resources = rows.map((row) => selected(answer(row), parts));
      return sendScim(reply, listOf(resources, total, query.startIndex));
    },
  );
  app.post(endpoint, { config, schema }, async (request, reply) => {
    const document = readDocument(request.body, kind);
    return send(request, reply.code(201), await service.create(request.principal, document));
  });
  app.get(`${endpoint}/:id`, { config, schema }, async (request, reply) =>
    send(request, reply, await service.get(request.principal.tenantId, idOf(request))),
  );
  app.put(`${endpoint}/:id`, { config, schema }, async (request, reply) => {
    const document = readDocument(request.body, kind);
    return send(request, reply, await service.change(placeOf(request), () => document));
  });
  app.patch(`${endpoint}/:id`, { config, schema }, async (request, reply) => {
    const row = await service.change(placeOf(request), (document) =>
      patchDocument(document, request.body, kind),
    );
    return send(request, reply, row);
  });
  app.delete(`${endpoint}/:id`, { config, schema }, async (request, reply) => {
    await service.remove(placeOf(request));
    return reply.code(204).send();
  });
}

function addDiscoveryRoutes(app: FastifyInstance, base: string): void {
  const options = { config, schema: { ...hidden, querystring: one } };
  app.get('/ServiceProviderConfig', options, async (_, reply) =>
    sendScim(reply, providerConfig(base)),
  );
  for (const [path, list] of [
    ['/ResourceTypes', resourceTypes(base)],
    ['/Schemas', schemas(base)],
  ] as const) {
    app.get(path, options, async (_, reply) => sendScim(reply, listOf(list, list.length, 1)));
    app.get(`${path}/:id`, options, async (request, reply) => {
      const found = list.find(({ id }) => id === idOf(request));
      if (!found) throw new DomainError('not-found', `there is no ${idOf(request)} in ${path}`);
      return sendScim(reply, found);
    });
  }
}

function placeOf(request: FastifyRequest): ScimChange {
  return {
    principal: request.principal,
    id: idOf(request),
    expected: expectedRevision(request),
  };
}

/** An id of any form is looked for; what can be in no database is nobody's. */
function idOf(request: FastifyRequest): string {
  const { id } = request.params as { id: string };
  if (/^[\w.:-]{1,200}$/.test(id)) return id;
  throw new DomainError('not-found', 'there is nothing of this id');
}
