import { z } from 'zod';

const sizes = z.int().min(0);

const tenant = z.object({
  tenant_id: z.string(),
  name: z.string(),
  /** Entries in the ledger, and the base64 of its root at that size; null for an empty one. */
  size: sizes,
  root: z.string().nullable(),
  events: sizes,
});

const table = z.object({ name: z.string(), columns: z.array(z.string()).min(1), rows: sizes });

/** What a backup says of itself, before all else that it holds. */
export const manifestSchema = z.object({
  lapse_version: z.string(),
  /** The newest migration that the database had. */
  schema_version: z.string(),
  /** RFC 3339: when it was begun, and so how the database stood. */
  created_at: z.string(),
  postgres_version: z.string(),
  tenants: z.array(tenant),
  /** In the order in which they follow. */
  tables: z.array(table),
});

export type Manifest = z.output<typeof manifestSchema>;
export type BackupTenant = Manifest['tenants'][number];
export type BackupTable = Manifest['tables'][number];

export const keptFileSchema = z.object({
  /** `master-key`, `admin-token`, `lapse.config.yaml`, or `checkpoints/<tenant>/<name>`. */
  name: z.string(),
  text: z.string(),
});

/** A file that belongs to the register and lies outside the database. */
export type KeptFile = z.output<typeof keptFileSchema>;

export const storedFileSchema = z.object({
  tenant_id: z.string().regex(/^[\w-]{1,64}$/),
  /** SHA-256 of its bytes, which says as well where it belongs. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A file of evidence, whose bytes follow. */
export type StoredFile = z.output<typeof storedFileSchema>;
