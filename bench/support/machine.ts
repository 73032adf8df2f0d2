import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';

/** Says on what the figures were taken: without it they mean nothing. */
export async function printMachine(postgres: ClientConfig): Promise<void> {
  const processors = cpus();
  const gigabytes = (totalmem() / 1024 ** 3).toFixed(0);
  const load = loadavg()[0]?.toFixed(1);
  console.log(
    `machine   ${processors.length} x ${processors[0]?.model.trim() ?? 'processor'}, ${gigabytes} GB, load ${load} at the start`,
  );
  console.log(
    `disk      ${medianSync().toFixed(1)} ms for a write of 8 kB with fdatasync (median)`,
  );
  console.log(`versions  Node ${process.versions.node}, PostgreSQL ${await versionOf(postgres)}`);
}

async function versionOf(config: ClientConfig): Promise<string> {
  const client = new Client(config);
  await client.connect();
  try {
    const { rows } = await client.query('SHOW server_version');
    return String(rows[0]?.server_version);
  } finally {
    await client.end();
  }
}

function medianSync(): number {
  const folder = mkdtempSync(join(tmpdir(), 'lapse-sync-'));
  const file = openSync(join(folder, 'written'), 'w');
  try {
    const times = Array.from({ length: 101 }, () => {
      const began = performance.now();
      writeSync(file, Buffer.alloc(8_192));
      fdatasyncSync(file);
      return performance.now() - began;
    });
    return times.sort((a, b) => a - b)[50] ?? Number.NaN;
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}
