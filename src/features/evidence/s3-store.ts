import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { DomainError } from '../../domain/errors.ts';
import type { S3Place } from '../../platform/config/s3-place.ts';
import type { FilePlace, FileStore, StoredBytes, StoreProblem } from './file-store.ts';
import { isIntact, wholeBytes } from './stored-digest.ts';

/** Of no tenant; says whether the store keeps what is there. */
const PROBE = '.lapse-probe';
const PROBE_BYTES = Buffer.from('Lapse asks whether this can be overwritten.\n');
/** The client would warn on the console of what is thrown as well. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const TIMES = { connectionTimeout: 5_000, socketTimeout: 60_000 };

/**
 * Files of evidence in a bucket of an S3-compatible store: `<prefix><tenant>/<digest>`. Objects are
 * put where none is and never over another. The client is loaded with the first call.
 */
export function s3Store(place: S3Place): FileStore {
  const bucket = new Bucket(place);
  const keyOf = ({ tenantId, digest }: FilePlace) => `${place.prefix}${tenantId}/${digest}`;
  const store: FileStore = {
    async put(file, { size, bytes }) {
      const content = { size, bytes: wholeBytes(bytes, file.digest), digest: file.digest };
      if (await bucket.putNew(keyOf(file), content)) return;
      if (await isIntact(store, file)) return;
      throw new DomainError(
        'unavailable',
        `an object that is not the file lies at ${keyOf(file)} in the bucket ${place.bucket}: nothing was kept; take it away, and send the file again`,
      );
    },
    async open(file) {
      const size = await bucket.sizeOf(keyOf(file));
      return size === undefined ? undefined : { size, bytes: bucket.read(keyOf(file)) };
    },
    remove: (file) => bucket.remove(keyOf(file)),
    // An object is there whole or not at all.
    async sweepUnfinished() {},
    findProblem: () => findProblem(bucket, `${place.prefix}${PROBE}`),
  };
  return store;
}

async function findProblem(bucket: Bucket, key: string): Promise<StoreProblem | undefined> {
  const probe = () =>
    bucket.putNew(key, { size: PROBE_BYTES.length, bytes: Readable.from([PROBE_BYTES]) });
  try {
    if (!(await probe())) return undefined;
    if (!(await probe())) return undefined;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return {
      message: error.message,
      mend: 'look at LAPSE_S3_BUCKET, _ENDPOINT, _REGION and the key, and at what it may do',
    };
  }
  return {
    message: 'the bucket lets what is there be overwritten: it knows no If-None-Match',
    mend: 'use a store with conditional writes, or lock its objects',
  };
}

interface Content extends StoredBytes {
  readonly digest?: string;
}

/** The few calls that a store is made of; every failure is told as `unavailable`. */
class Bucket {
  readonly #place: S3Place;
  #loaded: Promise<Loaded> | undefined;

  constructor(place: S3Place) {
    this.#place = place;
  }

  /** Puts an object where there is none; answers whether there was none. */
  async putNew(key: string, { size, bytes, digest }: Content): Promise<boolean> {
    const body = Readable.from(bytes, { objectMode: false });
    const broken = new AbortController();
    let failure: unknown;
    // The client does not listen for it, and would wait for the rest for ever.
    body.on('error', (error) => {
      failure = error;
      broken.abort();
    });
    try {
      await this.#send(({ client, PutObjectCommand }) => {
        const checksum = digest && {
          ChecksumSHA256: Buffer.from(digest, 'hex').toString('base64'),
        };
        const put = { Key: key, Body: body, ContentLength: size, IfNoneMatch: '*', ...checksum };
        const command = new PutObjectCommand({ Bucket: this.#place.bucket, ...put });
        return client.send(command, { abortSignal: broken.signal });
      });
      return true;
    } catch (error) {
      if (failure) throw failure;
      if (statusOf((error as Error).cause) === 412) return false;
      throw error;
    } finally {
      body.destroy();
    }
  }

  async sizeOf(key: string): Promise<number | undefined> {
    const found = await this.#send(({ client, HeadObjectCommand }) =>
      client
        .send(new HeadObjectCommand({ Bucket: this.#place.bucket, Key: key }))
        .catch(unlessMissing),
    );
    return found && (found.ContentLength ?? 0);
  }

  async *read(key: string): AsyncGenerator<Uint8Array> {
    const found = await this.#send(({ client, GetObjectCommand }) =>
      client.send(new GetObjectCommand({ Bucket: this.#place.bucket, Key: key })),
    );
    yield* found.Body as Readable;
  }

  async remove(key: string): Promise<void> {
    await this.#send(({ client, DeleteObjectCommand }) =>
      client.send(new DeleteObjectCommand({ Bucket: this.#place.bucket, Key: key })),
    );
  }

  async #send<T>(call: (loaded: Loaded) => Promise<T>): Promise<T> {
    try {
      this.#loaded ??= load(this.#place);
      return await call(await this.#loaded);
    } catch (error) {
      throw Object.assign(
        new DomainError(
          'unavailable',
          `the bucket ${this.#place.bucket} of evidence files could not be used (${reasonOf(error)}); \`lapse doctor\` says more`,
        ),
        { cause: error },
      );
    }
  }
}

type Loaded = typeof import('@aws-sdk/client-s3') & { readonly client: S3Client };

async function load({ region, endpoint, isPathStyle, credentials }: S3Place): Promise<Loaded> {
  const library = await import('@aws-sdk/client-s3');
  const client = new library.S3Client({
    region,
    forcePathStyle: isPathStyle,
    // What it would add by itself, stores other than that of AWS refuse; the digest goes with each file.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: TIMES,
    logger: SILENT,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials && {
      credentials: async () => ({
        accessKeyId: credentials.accessKeyId,
        secretAccessKey: (await readFile(credentials.secretFile, 'utf8')).trim(),
      }),
    }),
  });
  return { ...library, client };
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata
    ?.httpStatusCode;
}

function unlessMissing(error: unknown): undefined {
  const { name } = error as Error;
  // A bucket that is not there is no file that is not there.
  if (statusOf(error) === 404 && name !== 'NoSuchBucket') return undefined;
  throw error;
}

/** Names and statuses alone: messages of stores repeat what was signed. */
function reasonOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string };
  const status = statusOf(error);
  return [code ?? name, status].filter((part) => part !== undefined).join(', ');
}
