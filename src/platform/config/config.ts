import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { RequestLimits } from '../http/rate-limits.ts';
import type { ListedHost } from '../outbound/ask-outside.ts';
import { listedHosts } from '../outbound/listed-hosts.ts';
import { type S3Place, s3Environment, s3Place } from './s3-place.ts';
import { yamlReason } from './yaml-reason.ts';

/** Configuration that cannot be used; the command line exits with 2. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

const isoDuration = z
  .string()
  .regex(
    /^P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$/,
    'must be an ISO 8601 duration such as P30D',
  );

const perMinute = z.int().min(1).max(10_000_000);

const configFile = z.strictObject({
  tenant: z.strictObject({ name: z.string().min(1).max(300) }).optional(),
  lifecycle: z
    .strictObject({
      undecided_after: isoDuration.optional(),
      archive_after: isoDuration.optional(),
    })
    .optional(),
  database: z.strictObject({ connections: z.int().min(2).max(200).optional() }).optional(),
  work: z.strictObject({ port: z.int().min(1).max(65_535).optional() }).optional(),
  limits: z
    .strictObject({
      requests_per_minute: perMinute.optional(),
      failures_per_minute: perMinute.optional(),
      sign_ins_per_minute: perMinute.optional(),
    })
    .optional(),
  sign_in: z.strictObject({ fresh_for_minutes: z.int().min(1).max(720).optional() }).optional(),
  trusted_proxies: z
    .array(z.string().refine(isNetwork, 'must be addresses or networks such as 10.0.0.0/8'))
    .optional(),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).optional() }).optional(),
});

/** Everything that can be configured, secrets apart; frozen. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute path of the data folder. */
  readonly dataDir: string;
  readonly publicUrl: string;
  readonly tenantName: string;
  readonly undecidedAfter: string | undefined;
  readonly archiveAfter: string | undefined;
  readonly connections: number;
  /** Where `lapse work` answers health checks and scrapers; it listens nowhere unless told. */
  readonly workPort: number | undefined;
  readonly logLevel: string;
  /** Where files of evidence lie; in the data folder unless it names a bucket. */
  readonly s3: S3Place | undefined;
  /** Whether links of evidence are read at archiving. */
  readonly areLinksRead: boolean;
  /** The hosts that may lie inside: of links of evidence, of providers, and of what workloads sign in with. */
  readonly insideHosts: readonly ListedHost[];
  readonly limits: RequestLimits;
  /** How old a sign-in may be for what gives access, in milliseconds. */
  readonly freshSignIn: number;
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
}

/** What must never be printed. */
export interface ConfigSecrets {
  readonly databaseUrl: string | undefined;
  readonly databaseAdminUrl: string | undefined;
  readonly databaseWorkerUrl: string | undefined;
  readonly databaseRetentionUrl: string | undefined;
  /** A key a line, the present one first. */
  readonly masterKey: string | undefined;
}

const PORT = 'must be a port, a whole number up to 65535';

const environment = z.object({
  LAPSE_PORT: z.coerce.number(PORT).int(PORT).min(0, PORT).max(65_535, PORT).default(7_400),
  LAPSE_HOST: z.string().min(1).default('127.0.0.1'),
  LAPSE_DATA: z.string().min(1).default('.lapse'),
  LAPSE_PUBLIC_URL: z.url().optional(),
  LAPSE_LINKS: z.enum(['read', 'off'], 'must be read or off').default('read'),
  LAPSE_INSIDE_HOSTS: listedHosts.default([]),
  ...s3Environment,
});

/**
 * Reads the environment and `lapse.config.yaml` of the working folder, once. Unknown keys and
 * values that cannot be used are refused with a `ConfigurationError` that names them.
 */
export async function readConfig(
  env: NodeJS.ProcessEnv,
  folder: string,
): Promise<{ config: Config; secrets: ConfigSecrets }> {
  // An empty variable is one that somebody cleared.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const variables = check(environment, given, 'the environment');
  const file = check(
    configFile,
    await readFileOrNothing(join(folder, 'lapse.config.yaml')),
    'lapse.config.yaml',
  );
  const { LAPSE_HOST: host, LAPSE_PORT: port } = variables;
  const shown = host === '127.0.0.1' || host === '::1' ? 'localhost' : host;
  const config: Config = Object.freeze({
    host,
    port,
    dataDir: resolve(folder, variables.LAPSE_DATA),
    publicUrl: (variables.LAPSE_PUBLIC_URL ?? `http://${shown}:${port}`).replace(/\/+$/, ''),
    tenantName: file.tenant?.name ?? 'Default',
    undecidedAfter: file.lifecycle?.undecided_after,
    archiveAfter: file.lifecycle?.archive_after,
    connections: file.database?.connections ?? 10,
    workPort: file.work?.port,
    logLevel: file.log?.level ?? 'info',
    s3: s3PlaceOf(variables, folder),
    areLinksRead: variables.LAPSE_LINKS === 'read',
    insideHosts: variables.LAPSE_INSIDE_HOSTS,
    limits: {
      requests: file.limits?.requests_per_minute ?? 120_000,
      failures: file.limits?.failures_per_minute ?? 30,
      signIns: file.limits?.sign_ins_per_minute ?? 120,
    },
    freshSignIn: (file.sign_in?.fresh_for_minutes ?? 15) * 60_000,
    trustedProxies: file.trusted_proxies ?? [],
  });
  const secrets: ConfigSecrets = Object.freeze({
    databaseUrl: given.DATABASE_URL,
    databaseAdminUrl: given.DATABASE_ADMIN_URL,
    databaseWorkerUrl: given.DATABASE_WORKER_URL,
    databaseRetentionUrl: given.DATABASE_RETENTION_URL,
    masterKey: masterKeysOf(given),
  });
  return { config, secrets };
}

function masterKeysOf(given: NodeJS.ProcessEnv): string | undefined {
  const { LAPSE_MASTER_KEY: key, LAPSE_MASTER_KEY_PREVIOUS: previous } = given;
  if (key !== undefined) return previous === undefined ? key : `${key}\n${previous}`;
  if (previous === undefined) return undefined;
  throw new ConfigurationError(
    'LAPSE_MASTER_KEY_PREVIOUS stands beside LAPSE_MASTER_KEY: set both, or neither',
  );
}

function s3PlaceOf(variables: z.output<typeof environment>, folder: string): S3Place | undefined {
  try {
    return s3Place(variables, folder);
  } catch (error) {
    throw new ConfigurationError(`the environment cannot be used: ${(error as Error).message}`);
  }
}

function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  // All of a kind would believe everybody.
  return (
    bits === undefined ||
    (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  );
}

async function readFileOrNothing(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ConfigurationError(`${path} cannot be read: ${(error as Error).message}`);
  }
  try {
    return parse(text) ?? {};
  } catch (error) {
    throw new ConfigurationError(`${path} is not YAML: ${yamlReason(error)}`);
  }
}

function check<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || '(top)'}: ${issue.message}`,
  );
  throw new ConfigurationError(`${where} cannot be used: ${problems.join('; ')}`);
}
