import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { ClientConfig } from 'pg';
import { heapFlags } from '../../bin/heap-flags.mjs';
import { bundle } from '../../build/bundle.ts';
import type { ScratchDatabase } from './scratch-database.ts';

const ROOT = dirname(dirname(import.meta.dirname));

/** A process of the bundled product on a scratch database. */
export interface LapseProcess {
  readonly pid: number;
  /** `http://127.0.0.1:<port>` */
  readonly address: string;
  /** The administrator's token. */
  readonly token: () => string;
  /** Lets it drain and waits until it is gone. */
  stop(): Promise<void>;
}

/** Builds `dist/lapse.js` from the sources as they are now. */
export async function buildLapse(): Promise<void> {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
}

/** Where the processes on a scratch database keep their master key and checkpoints. */
export function dataFolder(scratch: ScratchDatabase): string {
  return join(scratch.folder, 'lapse');
}

/** Starts `lapse <args>` and waits until it says that it is up. */
export async function startLapse(
  scratch: ScratchDatabase,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): Promise<LapseProcess> {
  const port = await freePort();
  // As fast as it can, by one principal: what the limits are there against.
  const limits = 'limits: { requests_per_minute: 10000000 }\n';
  await writeFile(join(scratch.folder, 'lapse.config.yaml'), limits);
  const options = [...heapFlags(args), ...nodeOptions];
  const child = spawn(process.execPath, [...options, join(ROOT, 'dist', 'lapse.js'), ...args], {
    cwd: scratch.folder,
    env: {
      PATH: process.env.PATH,
      LAPSE_DATA: dataFolder(scratch),
      LAPSE_PORT: String(port),
      LAPSE_LINKS: 'off',
      LAPSE_HOST: '127.0.0.1',
      DATABASE_URL: url(scratch.application),
      DATABASE_WORKER_URL: url(scratch.worker),
    },
    // The request log goes nowhere, as it would to a collector.
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
      if (said.includes('Lapse is')) resolve();
    });
    child.once('exit', () => reject(new Error(`lapse ${args.join(' ')} ended:\n${said}`)));
  });
  return {
    pid: child.pid ?? 0,
    address: `http://127.0.0.1:${port}`,
    token: () => readFileSync(join(dataFolder(scratch), 'admin-token'), 'utf8').trim(),
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function url({ user, password, host, database }: ClientConfig): string {
  const secret = encodeURIComponent(String(password));
  return `postgres://${user}:${secret}@/${database}?host=${encodeURIComponent(host ?? '')}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
