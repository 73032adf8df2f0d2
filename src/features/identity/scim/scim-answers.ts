import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../../domain/errors.ts';
import { problemFor, setProblemHeaders } from '../../../platform/http/problem.ts';
import type { GroupRow } from '../group-store.ts';
import { ERROR_MESSAGE, GROUP, LIST_MESSAGE, type ResourceKind, USER } from './scim-attributes.ts';
import { ScimRefusal, type ScimType } from './scim-refusal.ts';
import type { DirectoryUser } from './scim-users.ts';
import { documentOf } from './user-document.ts';

/** A resource as it is answered. */
export type Resource = Readonly<Record<string, unknown>>;

/** Which attributes are asked for (RFC 7644 section 3.9): lists of names with commas between. */
export interface Selection {
  readonly attributes?: string | undefined;
  readonly excludedAttributes?: string | undefined;
}

/** Answers in the media type of SCIM (RFC 7644 section 3.1). */
export function sendScim(reply: FastifyReply, body: object): FastifyReply {
  return reply.type('application/scim+json').send(body);
}

/** Answers one resource with its place and its ETag. */
export function sendResource(reply: FastifyReply, resource: Resource): FastifyReply {
  const { location, version } = resource.meta as { location: string; version: string };
  return sendScim(reply.header('location', location).header('etag', version), resource);
}

/** A page of a list. */
export function listOf(resources: readonly unknown[], total: number, startIndex: number) {
  return {
    schemas: [LIST_MESSAGE],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}

/** A person as a User (RFC 7643 section 4.1). */
export function userResource({ version, state, groups }: DirectoryUser, base: string): Resource {
  const links = groups.map((group) => ({ ...group, $ref: `${base}/Groups/${group.value}` }));
  return {
    schemas: [USER.schema],
    id: state.person_id,
    ...documentOf(state),
    ...(links.length > 0 ? { groups: links } : {}),
    meta: metaOf(USER, { id: state.person_id, version, times: state }, base),
  };
}

/** A group as a Group (RFC 7643 section 4.2). */
export function groupResource({ version, state }: GroupRow, base: string): Resource {
  const { group_id: id, display_name, external_id, members } = state;
  const links = members.map((value) => ({
    value,
    type: 'User',
    $ref: `${base}/Users/${value}`,
  }));
  return {
    schemas: [GROUP.schema],
    id,
    ...(external_id === undefined ? {} : { externalId: external_id }),
    displayName: display_name,
    ...(links.length > 0 ? { members: links } : {}),
    meta: metaOf(GROUP, { id, version, times: state }, base),
  };
}

/** What of a resource is asked for; its id and schemas always are. */
export function selected(resource: Resource, { attributes, excludedAttributes }: Selection) {
  if (attributes === undefined && excludedAttributes === undefined) return resource;
  const [wanted, unwanted] = [namesOf(attributes), namesOf(excludedAttributes)];
  const entries = Object.entries(resource).filter(([name]) => {
    if (name === 'id' || name === 'schemas') return true;
    const key = name.toLowerCase();
    return attributes === undefined ? !unwanted.has(key) : wanted.has(key);
  });
  return Object.fromEntries(entries);
}

/** Of `urn:…:User:name.givenName` this is `name`. */
function namesOf(list = ''): ReadonlySet<string> {
  const names = list.split(',').map((each) => each.trim().toLowerCase());
  return new Set(names.map((each) => each.replace(/^urn:.*:/, '').split('.')[0] ?? ''));
}

interface Versioned {
  readonly id: string;
  readonly version: number;
  readonly times: { readonly created_at: string; readonly changed_at: string };
}

function metaOf({ name, endpoint }: ResourceKind, { id, version, times }: Versioned, base: string) {
  return {
    resourceType: name,
    created: times.created_at,
    lastModified: times.changed_at,
    location: `${base}${endpoint}/${id}`,
    version: `W/"${version}"`,
  };
}

/** Answers whatever went wrong in the form of RFC 7644 section 3.12. */
export function handleScimError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const problem = problemFor(error, request);
  setProblemHeaders(reply, problem);
  const scimType = error instanceof ScimRefusal ? error.scimType : SCIM_TYPES[problem.code];
  return sendScim(reply.code(problem.status), {
    schemas: [ERROR_MESSAGE],
    ...(scimType ? { scimType } : {}),
    detail: problem.detail,
    status: String(problem.status),
  });
}

const SCIM_TYPES: Readonly<Record<string, ScimType | undefined>> = {
  'already-exists': 'uniqueness',
  'invalid-request': 'invalidSyntax',
};

/** Answers a path that is not there. */
export function handleScimNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?')[0] ?? '/';
  const message = `there is nothing at ${request.method} ${path}; /scim/v2/ResourceTypes lists what there is`;
  return handleScimError(new DomainError('not-found', message), request, reply);
}
