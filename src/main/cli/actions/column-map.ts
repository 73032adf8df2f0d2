import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { usageFailure } from '../terminal/command-failure.ts';
import { unreadable } from '../terminal/system-reason.ts';

/** The mappings that were typed, and before them those of a file: `Column=field` each. */
export async function columnMap(
  typed: readonly string[] = [],
  file: string | undefined,
): Promise<string[]> {
  const wrong = typed.find((text) => !text.includes('='));
  if (wrong !== undefined) {
    throw usageFailure(
      `--map takes Column=field, not ${wrong}`,
      'for instance --map "Due date=expires_at", or --map "Comment=" to leave a column out',
    );
  }
  const columns = new Map(file === undefined ? [] : await readMapFile(file));
  for (const text of typed) {
    const at = text.lastIndexOf('=');
    columns.set(text.slice(0, at).trim(), text.slice(at + 1).trim());
  }
  return [...columns].map(([column, field]) => `${column}=${field}`);
}

async function readMapFile(path: string): Promise<[string, string][]> {
  const read = await readYaml(path);
  const isMap = typeof read === 'object' && read !== null && !Array.isArray(read);
  const entries = isMap ? Object.entries(read) : [];
  if (!isMap || entries.some(([, field]) => field !== null && typeof field !== 'string')) {
    throw usageFailure(
      `${path} is no mapping of columns to fields`,
      'write lines such as "Due date: expires_at"; a column without a field is left out',
    );
  }
  return entries.map(([column, field]) => [column.trim(), String(field ?? '').trim()]);
}

async function readYaml(path: string): Promise<unknown> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw unreadable(path, error);
  }
}
