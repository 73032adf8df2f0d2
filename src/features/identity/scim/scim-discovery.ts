import { type Attribute, GROUP, type ResourceKind, USER } from './scim-attributes.ts';

/** Most resources that one answer lists. */
export const MOST_USERS = 200;
/** Fewer, since each of them may list thousands of members. */
export const MOST_GROUPS = 20;

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';

/** What this server can do (RFC 7643 section 5). */
export function providerConfig(base: string) {
  return {
    schemas: [`${CORE}:ServiceProviderConfig`],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MOST_USERS },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'an API token of the role directory',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}

/** The kinds of resources (RFC 7643 section 6). */
export function resourceTypes(base: string) {
  return [USER, GROUP].map(({ name, endpoint, schema, about }) => ({
    schemas: [`${CORE}:ResourceType`],
    id: name,
    name,
    endpoint,
    description: about,
    schema,
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
  }));
}

/** The attributes of each kind (RFC 7643 section 7): those that are kept, and those that Lapse gives. */
export function schemas(base: string) {
  return [USER, GROUP].map((kind) => ({
    schemas: [`${CORE}:Schema`],
    id: kind.schema,
    name: kind.name,
    description: kind.about,
    attributes: ownAttributes(kind).map(described),
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${kind.schema}` },
  }));
}

/** Those of the kind alone: `id`, `meta` and their like belong to every resource. */
function ownAttributes({ attributes }: ResourceKind): Attribute[] {
  const common = new Set(['id', 'meta', 'schemas', 'externalId']);
  return attributes.filter(({ name, use }) => use !== 'left' && !common.has(name));
}

function described(attribute: Attribute): object {
  const { name, type, use, about, multiValued, required, caseExact, unique, sub } = attribute;
  return {
    ...{ name, type, description: about },
    multiValued: multiValued ?? false,
    required: required ?? false,
    caseExact: caseExact ?? false,
    mutability: use === 'given' ? 'readOnly' : 'readWrite',
    returned: 'default',
    uniqueness: unique ? 'server' : 'none',
    ...(sub ? { subAttributes: sub.filter((one) => one.use !== 'left').map(described) } : {}),
  };
}
