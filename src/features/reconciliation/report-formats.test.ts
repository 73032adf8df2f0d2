import { describe, expect, it } from 'vitest';
import type { FindingState } from '../../domain/reconciliation/finding.ts';
import type { ReportAnswer } from './reconciliation-wire.ts';
import { REPORT_FORMATS } from './report-formats.ts';

const finding: FindingState = {
  finding_id: 'FND_1',
  kind: 'unregistered',
  state: 'open',
  spec: { kind: 'vpn', target: '=HYPERLINK("x")', subject: 'a|b' },
  details: ['<b>made</b>, by *them*'],
  ...{ opened_at: 0, due_at: 0, connection: 'work', scope: '', owner: 'platform' },
};

const report: ReportAnswer = {
  ...{ reconciliation_id: 'RCN_1', cause: 'asked', asked_by: null, state: 'done' },
  ...{ started_at: '2026-01-01T00:00:00.000Z', finished_at: '2026-01-01T00:01:00.000Z' },
  ...{ complete: false, previous: null, checked: 12, kinds: [] },
  findings: { new: 1, open: 0, solved: 0 },
  removals: { ended: 200, failed: 1, share: 0.005, most: 0.01 },
  scopes: [
    {
      ...{ connection: 'work', scope: '', state: 'incomplete', checked: 12 },
      ...{ message: 'HTTP 500 | oh', findings: { new: 1, open: 0, solved: 0 } },
    },
  ],
};

async function written(ending: keyof typeof REPORT_FORMATS): Promise<string> {
  const findings = async function* () {
    yield [{ standing: 'new' as const, finding }];
    yield [{ standing: 'new' as const, finding: { ...finding, finding_id: 'FND_2' } }];
  };
  let text = '';
  for await (const piece of REPORT_FORMATS[ending].write({ report, findings })) text += piece;
  return text;
}

describe('a report as a file', () => {
  it('is one JSON document', async () => {
    const { reconciliation, findings } = JSON.parse(await written('json'));
    expect(reconciliation).toEqual(report);
    expect(findings).toMatchObject([
      { standing: 'new', finding_id: 'FND_1' },
      { standing: 'new', finding_id: 'FND_2' },
    ]);
  });

  it('is CSV that no spreadsheet runs', async () => {
    const [head = '', first = ''] = (await written('csv')).split('\r\n');
    expect(head.split(',').slice(0, 3)).toEqual(['finding_id', 'standing', 'kind']);
    expect(first).toContain(`"'=HYPERLINK(""x"")"`);
  });

  it('is Markdown that shows what people wrote as it is, and the share beside 1 %', async () => {
    const text = await written('md');
    expect(text).toContain('**Incomplete**');
    expect(text).toContain('1 of 200 failed (0.5 %; usual are fewer than 1 %)');
    expect(text).toContain('HTTP 500 \\| oh');
    expect(text).toContain('a\\|b');
    expect(text).toContain('&lt;b&gt;made&lt;/b&gt;, by \\*them\\*');
    expect(text).toContain('## New');
    expect(text).not.toContain('## Solved');
  });
});
