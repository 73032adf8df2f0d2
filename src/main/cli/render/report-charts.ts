import type { Report, ReportName } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import type { Chart, ChartPart, ChartRow } from './render-chart.ts';
import { counted } from './time-text.ts';

const SEVERITIES = [
  { key: 'High', name: 'High', style: colours.red },
  { key: 'Medium', name: 'Medium', style: colours.yellow },
  { key: 'Low', name: 'Low', style: colours.green },
  { key: 'unrated', name: 'unrated', style: colours.dim },
] as const;

const AGES = [
  { key: 'days_0_30', name: '≤30 days', style: colours.green },
  { key: 'days_31_60', name: '31-60', style: colours.cyan },
  { key: 'days_61_90', name: '61-90', style: colours.yellow },
  { key: 'days_over_90', name: '>90', style: colours.red },
] as const;

/** The chart of a report. */
export function chartOf<Name extends ReportName>(name: Name, report: Report<Name>): Chart {
  return CHARTS[name](report);
}

const CHARTS: { readonly [Name in ReportName]: (report: Report<Name>) => Chart } = {
  summary,
  severity,
  aging,
  domain,
  environment,
  renewals,
};

function summary(report: Report<'summary'>): Chart {
  const row = (label: string, number: number): ChartRow => ({
    label,
    numbers: [number],
    bar: [number],
  });
  const late = report.missing_evidence_overdue;
  return {
    title: `The register of ${safeLine(report.tenant.name)}`,
    heading: '',
    columns: ['exceptions'],
    kept: 1,
    parts: [],
    rows: [
      row('drafts', report.drafts),
      row('under review', report.under_review),
      row('approved, not active', report.approved),
      row('open', report.open),
      row('  in force', report.in_force),
      row('    of them expiring', report.expiring),
      row('    of them extended', report.extended),
      row('  overdue', report.overdue),
      row('  missing evidence', report.missing_evidence),
      row('closed', report.closed),
      row('archived', report.archived),
    ],
    note:
      late > 0
        ? `${counted(late, 'overdue exception')} cannot be closed: evidence is missing`
        : undefined,
  };
}

function severity({ items, total }: Report<'severity'>): Chart {
  type Counts = typeof total;
  const numbers = ({ open, overdue, aging: ages }: Counts) => [
    open,
    overdue,
    ...AGES.map(({ key }) => ages[key]),
  ];
  return {
    title: 'Open exceptions by severity and age',
    heading: 'severity',
    columns: ['open', 'overdue', ...AGES.map(({ name }) => name)],
    kept: 2,
    parts: [...AGES],
    rows: [
      ...items.map((item) => ({
        label: item.severity,
        numbers: numbers(item),
        bar: AGES.map(({ key }) => item.aging[key]),
      })),
      { label: 'all', numbers: numbers(total), bar: [] },
    ],
  };
}

function aging({ items, total }: Report<'aging'>): Chart {
  return {
    title: 'Open exceptions by days since activation',
    heading: 'age',
    columns: ['open', ...SEVERITIES.map(({ name }) => name)],
    kept: 1,
    parts: [...SEVERITIES],
    rows: [
      ...items.map((item) => ({
        label: AGES.find(({ key }) => key === item.age)?.name ?? item.age,
        numbers: [item.open, ...severityCounts(item)],
        bar: severityCounts(item),
      })),
      { label: 'all', numbers: [total.open, ...severityCounts(total)], bar: [] },
    ],
  };
}

function domain({ items, total }: Report<'domain'>): Chart {
  const rows = items.map(({ category, ...counts }) => ({ label: category, ...counts }));
  return openChart('Open exceptions by domain', 'category', rows, total);
}

function environment({ tenant, items, total }: Report<'environment'>): Chart {
  const rows = items.map(({ environment: label, ...counts }) => ({ label, ...counts }));
  const title = `Open exceptions of ${safeLine(tenant.name)} by environment`;
  return openChart(title, 'environment', rows, total);
}

function renewals({ items, more_than_three: over }: Report<'renewals'>): Chart {
  return {
    title: 'Exceptions by number of renewals before them',
    heading: 'renewals',
    columns: ['pending', 'open', 'ended'],
    kept: 3,
    parts: RENEWAL_PARTS,
    rows: items.map(({ renewal_number: number, or_more, pending, open, ended }) => ({
      label: `${number}${or_more ? ' or more' : ''}`,
      numbers: [pending, open, ended],
      bar: [pending, open, ended],
    })),
    note: `more than 3 renewals: ${over.open} open, ${over.pending} pending, ${over.ended} ended`,
  };
}

const RENEWAL_PARTS: readonly ChartPart[] = [
  { name: 'pending', style: colours.blue },
  { name: 'open', style: colours.green },
  { name: 'ended', style: colours.dim },
];

type OpenCounts = Report<'domain'>['total'];

function openChart(
  title: string,
  heading: string,
  rows: readonly ({ readonly label: string } & OpenCounts)[],
  total: OpenCounts,
): Chart {
  const numbers = (counts: OpenCounts) => [
    counts.open,
    counts.overdue,
    counts.expiring,
    ...severityCounts(counts),
  ];
  return {
    title,
    heading,
    columns: ['open', 'overdue', 'expiring', ...SEVERITIES.map(({ name }) => name)],
    kept: 2,
    parts: [...SEVERITIES],
    rows: [
      ...rows
        .filter(({ label, open }) => label !== 'none' || open > 0)
        .map((row) => ({ label: row.label, numbers: numbers(row), bar: severityCounts(row) })),
      { label: 'all', numbers: numbers(total), bar: [] },
    ],
  };
}

function severityCounts({ by_severity }: Pick<OpenCounts, 'by_severity'>): number[] {
  return SEVERITIES.map(({ key }) => by_severity[key]);
}
