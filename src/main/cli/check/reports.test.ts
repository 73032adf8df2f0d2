import { describe, expect, it } from 'vitest';
import { CHECK_RULES } from '../../../domain/exception/check-rules.ts';
import { displayWidth } from '../terminal/text-layout.ts';
import { addCounts, type CheckedFile, type CheckRun, type Finding } from './findings.ts';
import { reportGithub } from './report-github.ts';
import { reportJson } from './report-json.ts';
import { reportJunit } from './report-junit.ts';
import { reportSarif } from './report-sarif.ts';
import { reportText } from './report-text.ts';

/** What a file may hold to break out of a report: markup, commands, escapes, half characters. */
const HOSTILE = 'a\u001b[31m<b>&"\'%\n::error::x\r,:\u0000\u0008\ufffe\ud800 ]]> 50% ü 🔐';

const DIGEST = `sha256:${'0'.repeat(64)}`;

const finding = (keys: Partial<Finding> = {}): Finding => ({
  line: 3,
  column: 7,
  path: 'environment',
  rule: 'field',
  level: 'error',
  message: 'must be one of dev, staging, prod',
  record: { line: 2, title: 'Legacy TLS', expires_at: '2026-04-01T00:00:00.000Z' },
  ...keys,
});

function run(findings: readonly Finding[], keys: Partial<CheckedFile> = {}): CheckRun {
  const count = (level: string) => findings.filter((each) => each.level === level).length;
  const counts = { error: count('error'), warning: count('warning'), note: count('note') };
  const file = { name: 'a b/register.yaml', records: 2, counts, findings, unlisted: 0, ...keys };
  return {
    files: [file],
    records: 2,
    counts: addCounts([counts]),
    asOf: '2026-03-01T00:00:00.000Z',
    policy: 'built-in-1',
    policyDigest: DIGEST,
    ok: counts.error === 0,
  };
}

const three = run([
  finding(),
  finding({ line: 4, rule: 'claim', level: 'warning', path: 'status', message: 'claims "Active"' }),
  finding({ line: 9, column: 12, rule: 'id', level: 'note', path: '', message: 'a UUID' }),
]);
const hostile = run(
  [
    finding({ message: HOSTILE, path: HOSTILE, record: { line: 1, title: HOSTILE } }),
    finding({ message: HOSTILE, path: HOSTILE, level: 'warning', rule: 'claim' }),
  ],
  { name: `${HOSTILE}.yaml` },
);

describe('text', () => {
  it('is a line a finding where no terminal is, and ends with a summary', () => {
    expect(reportText(three, undefined).split('\n')).toEqual([
      'a b/register.yaml:3:7: error: environment: must be one of dev, staging, prod (field)',
      'a b/register.yaml:4:7: warning: status: claims "Active" (claim)',
      'a b/register.yaml:9:12: note: a UUID (id)',
      '✗ 1 error, 1 warning, 1 note in 2 records of 1 file',
      '',
    ]);
    expect(reportText(run([]), undefined)).toBe('✓ nothing wrong in 2 records of 1 file\n');
  });

  it('names the pack where it is not the built-in one, and nothing of it in a line of its own', () => {
    const named = { ...run([]), policy: 'acme\u001b[31m', isNamedPolicy: true };
    expect(reportText(named, undefined)).toMatch(
      /^✓ nothing wrong in 2 records of 1 file\n {2}checked against acme\S*, sha256:0{64}\n$/,
    );
    expect(reportText(named, undefined)).not.toContain('\u001b[31m');
  });

  it('stands below its record on a terminal, within its columns', () => {
    const text = reportText(run([finding({ message: 'long '.repeat(40).trim() })]), 80);
    expect(text).toMatch(
      /^a b\/register\.yaml:2 {2}Legacy TLS\n {2}3:7 {2}error {4}environment: long/,
    );
    expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThanOrEqual(80);
  });

  it('gathers what a record lacks on a terminal', () => {
    const lacking = ['stride', 'impact', 'owners'].map((path) =>
      finding({ rule: 'incomplete', path, message: `is required: ${path}` }),
    );
    expect(reportText(run(lacking), 80)).toContain(
      'stride, impact, owners: are required for a request (incomplete)\n',
    );
    expect(reportText(run(lacking.slice(1, 2)), 80)).toContain('impact: is required: impact');
    expect(reportText(run(lacking), undefined).split('\n')).toHaveLength(5);
  });

  it('says how many are not listed', () => {
    expect(reportText(run([finding()], { unlisted: 1_234 }), undefined)).toContain(
      'a b/register.yaml: and 1,234 findings more, not listed',
    );
  });

  it.each([undefined, 80])('lets no file forge lines or colours (%s columns)', (columns) => {
    const text = reportText(hostile, columns);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(text.split('\n').filter((line) => line.startsWith('::'))).toEqual([]);
  });
});

describe('JSON', () => {
  it('holds everything, for programs', () => {
    expect(JSON.parse(reportJson(three))).toMatchObject({
      ok: false,
      as_of: '2026-03-01T00:00:00.000Z',
      policy: 'built-in-1',
      policy_digest: DIGEST,
      errors: 1,
      warnings: 1,
      notes: 1,
      files: [{ file: 'a b/register.yaml', records: 2, findings: three.files[0]?.findings }],
    });
    expect(JSON.parse(reportJson(hostile)).files[0].findings[0].record.title).toBe(HOSTILE);
  });
});

describe('GitHub workflow commands', () => {
  it('stand at the line that they are of', () => {
    expect(reportGithub(three).split('\n')).toEqual([
      '::error file=a b/register.yaml,line=3,col=7,title=lapse field::environment: must be one of dev, staging, prod',
      '::warning file=a b/register.yaml,line=4,col=7,title=lapse claim::status: claims "Active"',
      '::notice file=a b/register.yaml,line=9,col=12,title=lapse id::a UUID',
      '',
    ]);
  });

  it('are one line each, whatever a file holds', () => {
    const lines = reportGithub(hostile).trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const [, properties = '', data = ''] = /^::\w+ (.*?)::(.*)$/.exec(line) ?? [];
      expect(properties.split(',').map((part) => part.split('=', 1)[0])).toEqual([
        ...['file', 'line', 'col', 'title'],
      ]);
      expect(data.replaceAll(/%(25|0A|0D|3A|2C)/g, '')).not.toContain('%');
    }
  });
});

describe('JUnit XML', () => {
  it('has a suite a file and a case a finding; errors fail', () => {
    const xml = reportJunit(three);
    expect(xml).toContain('<testsuites name="lapse check" tests="3" failures="1" errors="0">');
    expect(xml.match(/<failure /g)).toHaveLength(1);
    expect(xml).toContain('name="field · environment · Legacy TLS"');
  });

  it('has a case that passes for a sound file, and an error for one that was not read', () => {
    expect(reportJunit(run([]))).toContain(
      '<testcase name="records" classname="a b/register.yaml"/>',
    );
    const unread = reportJunit(run([], { unreadable: 'EIO' }));
    expect(unread).toContain('errors="1"');
    expect(unread).toContain('<error type="unreadable" message="EIO"/>');
  });

  it('is well-formed XML 1.0, whatever a file holds', () => {
    const xml = reportJunit(hostile);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML does not allow
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
    expect(xml.isWellFormed()).toBe(true);
    const outside = xml.replaceAll(/<(\?xml|\/?[a-z-]+)( [a-z]+="[^"<]*")*\s*[/?]?>/g, '');
    expect(outside).not.toMatch(/[<]|&(?!(amp|lt|gt|quot|#\d+);)/);
  });
});

describe('SARIF', () => {
  const log = JSON.parse(reportSarif(three));
  const [sarif] = log.runs;

  it('has every rule with its help, and results that refer to them', () => {
    expect(log.version).toBe('2.1.0');
    const { rules } = sarif.tool.driver;
    expect(rules.map(({ id }: { id: string }) => id)).toEqual(Object.keys(CHECK_RULES));
    for (const { ruleId, ruleIndex } of sarif.results) expect(rules[ruleIndex].id).toBe(ruleId);
    expect(rules.every(({ help }: { help: { text: string } }) => help.text.length > 20)).toBe(true);
  });

  it('places results, with the end of their record', () => {
    expect(sarif.results[0]).toEqual({
      ruleId: 'field',
      ruleIndex: Object.keys(CHECK_RULES).indexOf('field'),
      level: 'error',
      message: { text: 'environment: must be one of dev, staging, prod' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'a%20b/register.yaml' },
            region: { startLine: 3, startColumn: 7 },
          },
          logicalLocations: [{ fullyQualifiedName: 'environment', kind: 'property' }],
        },
      ],
      properties: { expiryUtc: '2026-04-01T00:00:00.000Z' },
    });
  });

  it('says where a file could not be read, and names any file as a URI', () => {
    const [unread] = JSON.parse(reportSarif(run([], { name: '/tmp/a%b', unreadable: 'EIO' }))).runs;
    expect(unread.invocations[0]).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: [
        {
          message: { text: 'EIO' },
          locations: [{ physicalLocation: { artifactLocation: { uri: 'file:///tmp/a%25b' } } }],
        },
      ],
    });
    expect(() => reportSarif(hostile)).not.toThrow();
  });
});
