import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { BUILT_IN_POLICY } from '../../../domain/policy/built-in-policy.ts';
import type { Finding } from '../check/findings.ts';
import { reportText } from '../check/report-text.ts';
import { readPackFile } from './pack-file.ts';

async function read(text: string) {
  async function* bytes() {
    yield Buffer.from(text);
  }
  return readPackFile('policy.yaml', bytes());
}

async function lines(text: string): Promise<string[]> {
  const { checked } = await read(text);
  return checked.findings.map(
    ({ line, column, path, message, rule }: Finding) =>
      `${line}:${column} ${rule} ${path}: ${message}`,
  );
}

const PACK = `id: acme
undecided_after: P30D
archive_after: P30D
rules:
  - id: base
    source: our handbook
    effects:
      maximum: P90D
      extension: P30D
      total: P120D
      approvals: [{role: security}]
  - id: firewall
    source: our handbook
    match: {control: [firewall]}
    effects:
      total: P60D
`;

describe('a pack in a file', () => {
  test('reads back as it was printed, in YAML and in JSON', async () => {
    for (const text of [
      `# yaml-language-server: $schema=x\n${stringify(BUILT_IN_POLICY, { lineWidth: 100 })}`,
      JSON.stringify(BUILT_IN_POLICY, null, 2),
    ])
      expect((await read(text)).policy).toEqual(BUILT_IN_POLICY);
  });

  test('has what is wrong at its place, with the id of the rule', async () => {
    expect(await lines(PACK)).toEqual([
      '16:14 pack-contradiction rules.firewall.effects.total: is P60D, shorter than the maximum of P90D that rule base sets for a record with control firewall; a total of at least P90D would pass, or a maximum of at most P60D',
    ]);
    expect(await lines(PACK.replace('control: [firewall]', 'control: [firewal]'))).toEqual([
      expect.stringMatching(/^14:23 pack-shape rules\.firewall\.match\.control\.0: must be one of/),
    ]);
    const typo = await lines(PACK.replace('total: P60D', 'totl: P60D'));
    expect(typo).toEqual([
      '16:13 pack-shape rules.firewall.effects.totl: unknown key; did you mean total?',
    ]);
  });

  test('is one, and YAML', async () => {
    expect((await lines(''))[0]).toContain('1:1 syntax');
    expect((await lines('[]'))[0]).toContain('1:1 syntax');
    const good = PACK.replace('total: P60D', 'total: P90D');
    expect(await lines(`${good}---\n${good}`)).toEqual([
      expect.stringContaining('pack-shape : a file holds one pack'),
    ]);
    expect(await lines('rules: [')).toEqual([expect.stringContaining(' syntax : ')]);
    expect((await lines('- 7'))[0]).toContain('syntax');
  });

  test('is told as other files are', async () => {
    const { checked } = await read(PACK);
    const { counts, records } = checked;
    const run = {
      files: [checked],
      records,
      noun: 'pack',
      counts,
      asOf: '',
      policy: '',
      policyDigest: '',
      ok: false,
    };
    expect(reportText(run, undefined)).toMatch(
      /^policy\.yaml:16:14: error: rules\.firewall\.effects\.total: is P60D, .* \(pack-contradiction\)\n✗ 1 error in 1 pack of 1 file\n$/,
    );
    expect(reportText(run, 100)).toContain('policy.yaml:12  firewall\n  16:14  error');
  });
});
