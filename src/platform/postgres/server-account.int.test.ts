import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnStarter } from '../../../test/support/postgres-process.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { startPrivatePostgres } from './private-postgres.ts';
import { canEnter } from './reachable.ts';

const NOBODY = { uid: 65534, gid: 65534, name: 'nobody' };
const isRoot = process.getuid?.() === 0;
const nobodyReachesSources = isRoot && canEnter(NOBODY, dirname(fileURLToPath(import.meta.url)));

/** A home that only its owner may enter, as useradd makes it. */
function closedHome(owner: { uid: number; gid: number }): string {
  const home = join(temporaryFolder(), 'home');
  mkdirSync(home, { mode: 0o700 });
  chownSync(home, owner.uid, owner.gid);
  return home;
}

describe.runIf(isRoot)('as root', () => {
  test('PostgreSQL runs as another user, in the data folder where that can reach it', async () => {
    const dataDir = join(temporaryFolder(), '.lapse');
    const server = await startPrivatePostgres({ dataDir });
    onTestFinished(() => server.stop());
    const cluster = statSync(join(dataDir, 'postgres', 'cluster'));
    expect(cluster.uid).not.toBe(0);
    expect(statSync(dataDir)).toMatchObject({ uid: 0 });
    expect(statSync(dataDir).mode & 0o007).toBe(0);
    const password = statSync(join(dataDir, 'postgres-password'));
    expect([password.uid, password.mode & 0o777]).toEqual([0, 0o600]);
  });

  test('in a home closed to that user the cluster lies elsewhere, and is found again', async () => {
    const dataDir = join(closedHome({ uid: 0, gid: 0 }), '.lapse');
    const told: string[] = [];
    const progress = (text: string) => told.push(text);
    const first = await startPrivatePostgres({ dataDir, progress });
    onTestFinished(() => first.stop());
    const { folder } = JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8'));
    onTestFinished(async () => {
      await first.stop();
      rmSync(folder, { recursive: true });
    });
    expect(folder).toMatch(/^\/var\/lib\/lapse\/[0-9a-f]{16}-[0-9a-f]{16}$/);
    expect(told.join('\n')).toContain(folder);
    await first.stop();

    const second = await startPrivatePostgres({ dataDir });
    onTestFinished(() => second.stop());
    expect(second.systemIdentifier).toBe(first.systemIdentifier);
  });

  test('a cluster of an ordinary user goes on running as that user', async () => {
    const dataDir = join(closedHome(NOBODY), '.lapse');
    mkdirSync(dataDir, { mode: 0o700 });
    chownSync(dataDir, NOBODY.uid, NOBODY.gid);
    if (!nobodyReachesSources) return;
    const child = spawnStarter(dataDir, NOBODY);
    const first = await child.started;
    const second = await startPrivatePostgres({ dataDir });
    onTestFinished(() => second.stop());
    expect(second).toMatchObject({ adopted: true, systemIdentifier: first.systemIdentifier });
    await second.stop();

    const third = await startPrivatePostgres({ dataDir });
    onTestFinished(() => third.stop());
    expect(third).toMatchObject({ adopted: false, systemIdentifier: first.systemIdentifier });
    expect(statSync(join(dataDir, 'postgres', 'cluster')).uid).toBe(NOBODY.uid);
    await third.stop();

    const fourth = await spawnStarter(dataDir, NOBODY).started;
    onTestFinished(async () => (await startPrivatePostgres({ dataDir })).stop());
    expect(fourth.systemIdentifier).toBe(first.systemIdentifier);
  });
});

describe.runIf(nobodyReachesSources)('as an ordinary user', () => {
  test('everything lies in the data folder, which others cannot enter', async () => {
    const dataDir = join(closedHome(NOBODY), '.lapse');
    const server = await spawnStarter(dataDir, NOBODY).started;
    onTestFinished(async () => (await startPrivatePostgres({ dataDir })).stop());
    expect(server.connection.host).toBe(join(dataDir, 'postgres', 'socket'));
    expect(statSync(dataDir)).toMatchObject({ uid: NOBODY.uid });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  test("another user's data folder is refused with what to do", async () => {
    const dataDir = join(temporaryFolder(), '.lapse');
    mkdirSync(dataDir, { mode: 0o755 });
    chmodSync(dataDir, 0o755);
    await expect(spawnStarter(dataDir, NOBODY).started).rejects.toThrow(/Run Lapse as the user/);
  });
});
