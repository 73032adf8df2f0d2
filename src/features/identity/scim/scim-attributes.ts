/** The names of the schemas and messages (RFC 7643 section 10, RFC 7644 section 8). */
const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const ENTERPRISE_SCHEMA = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const PATCH_MESSAGE = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
export const LIST_MESSAGE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
export const ERROR_MESSAGE = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** What Lapse does with an attribute: keeps it, gives it itself, or takes it and keeps nothing. */
type Use = 'kept' | 'given' | 'left';

/** An attribute of a resource (RFC 7643 section 2), as far as Lapse looks at it. */
export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'complex' | 'dateTime' | 'reference';
  readonly use: Use;
  readonly multiValued?: boolean;
  readonly required?: boolean;
  readonly caseExact?: boolean;
  readonly unique?: boolean;
  readonly sub?: readonly Attribute[];
  readonly about: string;
}

/** A kind of resource: its schema, and its attributes. */
export interface ResourceKind {
  readonly name: 'User' | 'Group';
  readonly endpoint: '/Users' | '/Groups';
  readonly schema: string;
  readonly about: string;
  readonly attributes: readonly Attribute[];
  /** Schemas whose attributes are taken and not kept. */
  readonly leftSchemas: readonly string[];
}

const kept = (name: string, about: string): Attribute => ({
  name,
  type: 'string',
  use: 'kept',
  about,
});
const given = (name: string, type: Attribute['type'], about: string): Attribute => ({
  name,
  type,
  use: 'given',
  about,
});
/** Sent by identity providers, and nothing that Lapse needs: it is not stored. */
const left = (name: string): Attribute => ({
  name,
  type: 'string',
  use: 'left',
  about: 'taken, and not kept',
});

const COMMON: readonly Attribute[] = [
  given('id', 'string', "Lapse's id"),
  {
    ...given('meta', 'complex', 'kind, times, place and version'),
    sub: [
      given('resourceType', 'string', 'the kind'),
      given('created', 'dateTime', 'when it was added'),
      given('lastModified', 'dateTime', 'when it last changed'),
      given('location', 'reference', 'its address'),
      given('version', 'string', 'its ETag'),
    ],
  },
  given('schemas', 'reference', 'the schemas of the resource'),
  { ...kept('externalId', 'the id in the directory'), caseExact: true, unique: true },
];

export const USER: ResourceKind = {
  name: 'User',
  endpoint: '/Users',
  schema: USER_SCHEMA,
  about: 'a person who may sign in',
  leftSchemas: [ENTERPRISE_SCHEMA],
  attributes: [
    ...COMMON,
    { ...kept('userName', 'the name in the directory'), required: true, unique: true },
    kept('displayName', 'the name that is shown'),
    {
      ...kept('name', 'the parts of the name'),
      type: 'complex',
      sub: [
        kept('formatted', 'the whole name'),
        kept('givenName', 'the given name'),
        kept('familyName', 'the family name'),
        left('middleName'),
        left('honorificPrefix'),
        left('honorificSuffix'),
      ],
    },
    {
      ...kept('emails', 'the addresses; the primary one is that of the person'),
      type: 'complex',
      multiValued: true,
      sub: [
        { ...kept('value', 'the address'), required: true },
        kept('type', 'work, home or other'),
        { ...kept('primary', 'whether it is the first to use'), type: 'boolean' },
        left('display'),
      ],
    },
    { ...kept('active', 'whether the person may sign in'), type: 'boolean' },
    {
      ...given('groups', 'complex', 'the groups whose member the person is'),
      multiValued: true,
      sub: [
        { ...given('value', 'string', 'the id of a Group'), caseExact: true },
        given('display', 'string', 'its name'),
      ],
    },
    ...[
      'middleName',
      'nickName',
      'profileUrl',
      'title',
      'userType',
      'preferredLanguage',
      'locale',
      'timezone',
      'password',
      'phoneNumbers',
      'ims',
      'photos',
      'addresses',
      'entitlements',
      'roles',
      'x509Certificates',
    ].map(left),
  ],
};

export const GROUP: ResourceKind = {
  name: 'Group',
  endpoint: '/Groups',
  schema: GROUP_SCHEMA,
  about: 'a group of people, from which roles and clearance can follow',
  leftSchemas: [],
  attributes: [
    ...COMMON.map((each) => (each.name === 'externalId' ? { ...each, unique: false } : each)),
    { ...kept('displayName', 'the name of the group'), required: true },
    {
      ...kept('members', 'the people in the group'),
      type: 'complex',
      multiValued: true,
      sub: [
        { ...kept('value', 'the id of a User'), required: true, caseExact: true },
        kept('type', 'User; groups in groups are not supported'),
        left('display'),
        left('$ref'),
      ],
    },
  ],
};

/** The attribute of a name, in any case. */
export function attributeNamed(
  attributes: readonly Attribute[],
  name: string,
): Attribute | undefined {
  const wanted = name.toLowerCase();
  return attributes.find((each) => each.name.toLowerCase() === wanted);
}
