import { resolve } from 'node:path';
import { z } from 'zod';

/** A bucket of an S3-compatible store, and how it is reached. */
export interface S3Place {
  readonly bucket: string;
  /** In front of every key: empty, or ending in a slash. */
  readonly prefix: string;
  readonly region: string;
  /** Where the store answers; undefined for that of AWS. */
  readonly endpoint: string | undefined;
  /** `https://host/bucket/key` rather than `https://bucket.host/key`. */
  readonly isPathStyle: boolean;
  /** What to sign with; undefined for the role that the machine has. */
  readonly credentials: { readonly accessKeyId: string; readonly secretFile: string } | undefined;
}

/** The variables of the environment that say where the bucket is. */
export const s3Environment = {
  LAPSE_S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is not the name of a bucket')
    .optional(),
  LAPSE_S3_PREFIX: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*\/?$/, 'must be like lapse/evidence')
    .optional(),
  LAPSE_S3_REGION: z
    .string()
    .regex(/^[\w-]+$/, 'is not a region')
    .optional(),
  LAPSE_S3_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be like https://s3.example.com' })
    .optional(),
  LAPSE_S3_PATH_STYLE: z.enum(['true', 'false'], 'must be true or false').optional(),
  LAPSE_S3_ACCESS_KEY_ID: z.string().optional(),
  LAPSE_S3_SECRET_ACCESS_KEY_FILE: z.string().optional(),
};

type Variables = z.output<z.ZodObject<typeof s3Environment>>;

/**
 * The bucket that the variables name, or `undefined` where they name none.
 *
 * @throws Error where they do not go together
 */
export function s3Place(variables: Variables, folder: string): S3Place | undefined {
  const { LAPSE_S3_BUCKET: bucket, LAPSE_S3_ENDPOINT: endpoint } = variables;
  if (bucket === undefined) {
    const stray = Object.keys(s3Environment).find((name) => variables[name as keyof Variables]);
    if (!stray) return undefined;
    throw new Error(`${stray} goes with LAPSE_S3_BUCKET: name the bucket, or unset ${stray}`);
  }
  const accessKeyId = variables.LAPSE_S3_ACCESS_KEY_ID;
  const secretFile = variables.LAPSE_S3_SECRET_ACCESS_KEY_FILE;
  if ((accessKeyId === undefined) !== (secretFile === undefined)) {
    throw new Error(
      'LAPSE_S3_ACCESS_KEY_ID and LAPSE_S3_SECRET_ACCESS_KEY_FILE go together: set both, or neither where the machine has a role',
    );
  }
  const prefix = variables.LAPSE_S3_PREFIX?.replace(/\/$/, '');
  return {
    bucket,
    prefix: prefix === undefined ? '' : `${prefix}/`,
    region: variables.LAPSE_S3_REGION ?? 'us-east-1',
    endpoint,
    isPathStyle: (variables.LAPSE_S3_PATH_STYLE ?? String(endpoint !== undefined)) === 'true',
    credentials:
      accessKeyId === undefined || secretFile === undefined
        ? undefined
        : { accessKeyId, secretFile: resolve(folder, secretFile) },
  };
}
