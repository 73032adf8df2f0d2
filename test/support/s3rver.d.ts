/** What the tests use of the emulator, which has no types of its own. */
declare module '@20minutes/s3rver' {
  import type { RequestListener } from 'node:http';

  interface StoredObject {
    readonly bucket: string;
    readonly key: string;
  }

  // biome-ignore lint/style/noDefaultExport: the package has no other.
  export default class S3rver {
    readonly store: {
      putObject(object: StoredObject): Promise<unknown>;
      existsObject(bucket: string, key: string): Promise<boolean>;
    };
    constructor(options: {
      readonly silent: boolean;
      readonly directory: string;
      readonly configureBuckets: readonly { readonly name: string }[];
    });
    configureBuckets(): Promise<unknown>;
    callback(): RequestListener;
  }
}

declare module '@20minutes/s3rver/lib/models/error.js' {
  // biome-ignore lint/style/noDefaultExport: the package has no other.
  export default class S3Error extends Error {
    constructor(code: string, message: string);
  }
}
