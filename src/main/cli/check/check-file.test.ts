import { describe, expect, it } from 'vitest';
import { COMPLETE } from '../../../../test/support/given.ts';
import { BUILT_IN_POLICY } from '../../../domain/policy/built-in-policy.ts';
import { checkFile } from './check-file.ts';
import type { Finding } from './findings.ts';

const context = { now: Date.UTC(2026, 2, 1), policy: BUILT_IN_POLICY };
const good = JSON.stringify(COMPLETE);

async function* once(piece: Uint8Array): AsyncGenerator<Uint8Array> {
  yield piece;
}

function check(file: string | Uint8Array, isTold?: (finding: Finding) => boolean) {
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
  return checkFile('f.yaml', once(bytes), context, isTold);
}

/** Findings as `line:column level rule`. */
async function places(file: string | Uint8Array): Promise<string[]> {
  const { findings } = await check(file);
  return findings.map(({ line, column, level, rule }) => `${line}:${column} ${level} ${rule}`);
}

describe('a file', () => {
  it('of sound records has nothing to be told, however they are written', async () => {
    for (const file of [good, `[${good}]`, `--- ${good}\n--- ${good.replace('OAuth', 'TLS')}`]) {
      expect(await check(file)).toMatchObject({ findings: [], unlisted: 0 });
    }
    expect(await check(`${good}\n${good.replace('OAuth', 'TLS')}\n`)).toMatchObject({
      records: 2,
      findings: [],
    });
  });

  it('has its findings in order, at the values that they are of', async () => {
    const text = `${good.slice(0, -1)},\n "titel": 1,\n "expires_at": "2026-03-05",\n "control": "vpn"}`;
    expect(await places(text)).toEqual([
      '2:11 error unknown-key',
      '3:16 warning plain-date',
      '3:16 warning ends-soon',
      '4:13 error field',
    ]);
  });

  it('tells of two records that are the same', async () => {
    const { findings } = await check(`- ${good}\n- ${good}`);
    expect(findings).toMatchObject([
      { line: 2, rule: 'duplicate', message: expect.stringContaining('on lines 1 and 2') },
    ]);
  });

  it('names the record, and its end where it has one', async () => {
    const { findings } = await check('title: A\nexpires_at: 2026-02-01T00:00:00Z\n');
    expect(findings.find(({ rule }) => rule === 'ended')).toMatchObject({
      line: 2,
      message: expect.stringContaining('2026-02-01T00:00:00.000Z has passed'),
      record: { line: 1, title: 'A', expires_at: '2026-02-01T00:00:00.000Z' },
    });
  });

  it('of countless problems lists a thousand, and counts all', async () => {
    const { findings, unlisted, counts } = await check('- title: A\n'.repeat(200));
    expect(findings).toHaveLength(1_000);
    expect(findings.length + unlisted).toBe(counts.error);
    expect(counts.error).toBeGreaterThan(3_000);
  });

  it('lists what is asked for, and counts all', async () => {
    const isError = ({ level }: Finding) => level === 'error';
    const { findings, counts, unlisted } = await check('title: A\nstatus: Active', isError);
    expect(findings.map(({ rule }) => rule)).not.toContain('claim');
    expect({ warning: counts.warning, unlisted }).toEqual({ warning: 1, unlisted: 0 });
  });

  it('whose source breaks off says so, and what was found before', async () => {
    async function* breaking() {
      yield new TextEncoder().encode('title: A\n---\ntitle: B\n');
      throw new Error('EIO: i/o error, read');
    }
    const checked = await checkFile('f.yaml', breaking(), context);
    expect(checked).toMatchObject({ records: 1, unreadable: 'EIO: i/o error, read' });
    expect(checked.counts.error).toBeGreaterThan(0);
  });
});

describe('a hostile or broken file', () => {
  const bomb = `a: &a [${'x,'.repeat(50)}]\n${'bcdefgh'
    .split('')
    .map((name, at) => `${name}: &${name} [${`*${'abcdefg'[at]},`.repeat(50)}]`)
    .join('\n')}`;

  it.each<[string, string | Uint8Array, string[]]>([
    ['empty', '', ['1:1 error syntax']],
    ['blank', '\n # nothing\n', ['1:1 error syntax']],
    ['broken YAML', 'title: [A\n', ['2:1 error syntax']],
    ['broken JSON', '{"title": "A"', ['1:14 error syntax']],
    ['a key twice', `${good.slice(0, -1)},\n"title": "B"}`, ['2:1 error syntax']],
    ['NUL', 'title: "A\u0000"', ['1:10 error syntax']],
    ['an escape for NUL', 'title: "A\\0"', ['1:8 error syntax']],
    [
      'invalid UTF-8',
      Uint8Array.of(...new TextEncoder().encode('title: A'), 0xff),
      ['1:9 error syntax'],
    ],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x61, 0), ['1:1 error syntax']],
    ['a plain text', 'hello', ['1:1 error syntax']],
    ['brackets without end', '['.repeat(100_000), ['1:73 error limit']],
  ])('is refused: %s', async (_, file, expected) => {
    expect(await places(file)).toEqual(expected);
  });

  it('is refused: an alias bomb', async () => {
    const [finding, ...others] = (await check(bomb)).findings;
    expect([finding?.rule, others]).toEqual(['limit', []]);
  });

  it('is refused: 50 MB and more, read no further than that', async () => {
    const piece = new TextEncoder().encode(`# ${'x'.repeat(1024 ** 2 - 3)}\n`);
    let read = 0;
    async function* endless() {
      for (;;) {
        read += 1;
        yield piece;
      }
    }
    const { findings } = await checkFile('f.yaml', endless(), context);
    expect(findings).toMatchObject([{ rule: 'limit', message: expect.stringContaining('50 MB') }]);
    expect(read).toBe(51);
  });
});
