import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../terminal/text-layout.ts';
import { type Chart, cellsOf, renderChart } from './render-chart.ts';
import { renderMarkdownTable } from './render-markdown-table.ts';

const plain = (text: string) => text;
const CHART: Chart = {
  title: 'Open exceptions',
  heading: 'domain',
  columns: ['open', 'High', 'Low'],
  kept: 1,
  parts: [
    { name: 'High', style: plain },
    { name: 'Low', style: plain },
  ],
  rows: [
    { label: 'authz', numbers: [1_200, 800, 400], bar: [800, 400] },
    { label: 'data', numbers: [3, 3, 0], bar: [3, 0] },
    { label: 'ai', numbers: [0, 0, 0], bar: [0, 0] },
    { label: 'all', numbers: [1_203, 803, 400], bar: [] },
  ],
  note: 'more than three renewals: two open',
};

describe('a chart', () => {
  it('aligns its numbers and draws bars whose parts differ without any colour', () => {
    expect(renderChart(CHART, 42)).toBe(
      [
        'Open exceptions',
        'domain   open  High  Low',
        'authz   1,200   800  400  ███████████▓▓▓▓▓',
        'data        3     3    0  █',
        'ai          0     0    0',
        'all     1,203   803  400',
        '█ High  ▓ Low',
        'more than three renewals: two open',
      ].join('\n'),
    );
  });

  it('leaves columns out where it is narrow, then bars', () => {
    expect(renderChart(CHART, 30).split('\n')[2]).toBe('authz   1,200  ██████████▓▓▓▓▓');
    expect(renderChart(CHART, 20).split('\n').slice(2, 4)).toEqual([
      'authz   1,200',
      'data        3',
    ]);
    expect(renderChart(CHART, 20)).not.toContain('█');
  });

  it('is no wider than the terminal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 220 }), (width) => {
        for (const line of renderChart(CHART, width).split('\n'))
          expect(displayWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('of nothing at all has numbers and no bar', () => {
    const rows = [{ label: 'ai', numbers: [0, 0, 0], bar: [0, 0] }];
    expect(renderChart({ ...CHART, rows }, 80).split('\n')[2]).toBe('ai         0     0    0');
  });
});

describe('the cells of a bar', () => {
  const lengths = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 4 });

  it('are as many as its sum asks for, and one where there is anything', () => {
    fc.assert(
      fc.property(
        lengths,
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 200 }),
        (parts, more, width) => {
          const sum = parts.reduce((total, part) => total + part, 0);
          const most = sum + more;
          const cells = cellsOf(parts, most, width);
          const drawn = cells.reduce((total, part) => total + part, 0);
          expect(drawn).toBe(sum === 0 ? 0 : Math.max(1, Math.round((sum / most) * width)));
          cells.forEach((cell, at) => {
            const exact = sum === 0 ? 0 : ((parts[at] ?? 0) / sum) * drawn;
            expect(Math.abs(cell - exact)).toBeLessThan(1);
          });
        },
      ),
    );
  });
});

describe('a table in Markdown', () => {
  it('aligns numbers to the right, and lets no name become markup', () => {
    expect(renderMarkdownTable({ ...CHART, title: 'Of A|B <script> [x](y)' })).toBe(
      [
        '## Of A\\|B \\<script\\> \\[x\\](y)',
        '',
        '| domain | open | High | Low |',
        '| :--- | ---: | ---: | ---: |',
        '| authz | 1,200 | 800 | 400 |',
        '| data | 3 | 3 | 0 |',
        '| ai | 0 | 0 | 0 |',
        '| all | 1,203 | 803 | 400 |',
        '',
        'more than three renewals: two open',
      ].join('\n'),
    );
  });
});
