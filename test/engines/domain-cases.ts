import type { Actor } from '../../src/domain/access/actor.ts';
import { checkRecord } from '../../src/domain/exception/check-record.ts';
import { missingForRequest } from '../../src/domain/exception/completeness.ts';
import { evolve } from '../../src/domain/exception/evolve.ts';
import type { ExceptionFields } from '../../src/domain/exception/fields.ts';
import { importRecord } from '../../src/domain/exception/import-record.ts';
import { parseFields } from '../../src/domain/exception/parse-fields.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import { endIfApproved } from '../../src/domain/exception/time-limits.ts';
import { upcast } from '../../src/domain/exception/upcast.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { evaluatePolicy, limitEnd } from '../../src/domain/policy/evaluate.ts';
import { addDuration, parseDuration } from '../../src/domain/schedule/duration.ts';
import { formatInstant, parseDate, parseInstant } from '../../src/domain/schedule/instant.ts';
import type { EngineCase, VectorFiles } from './case.ts';

/** What the evaluator makes of events, records, policies and times. */
export function domainCases(files: VectorFiles): EngineCase[] {
  return [
    ...eventCases(files['events-v1'] as GoldenStream),
    ...recordCases(files.records as RecordVectors),
    ...policyCases(files.policy as PolicyVectors),
    ...timeCases(files.time as TimeVectors),
  ];
}

interface GoldenStream {
  readonly exception_id: string;
  readonly events: readonly {
    readonly type: string;
    readonly version: number;
    readonly at: number;
    readonly actor: Actor;
    readonly data: unknown;
    readonly state: ExceptionState;
  }[];
}

function eventCases({ exception_id, events }: GoldenStream): EngineCase[] {
  return events.map(({ type, version, at, actor, data, state }, index) => ({
    name: `events-v1: ${index} ${type}`,
    expected: state,
    run: () =>
      evolve(events[index - 1]?.state, upcast(type, version, data), {
        exceptionId: exception_id,
        at,
        actor,
      }),
  }));
}

interface RecordVectors {
  readonly now: string;
  readonly tenant: string;
  readonly records: readonly {
    readonly name: string;
    readonly record: unknown;
    readonly refused: readonly string[];
    readonly refused_in_a_file: readonly string[];
    readonly missing: readonly string[] | null;
  }[];
}

function recordCases({ now: time, tenant, records }: RecordVectors): EngineCase[] {
  const now = parseInstant(time) ?? Number.NaN;
  const clearance = 'confidential' as const;
  const context = { tenantId: tenant, clearance, assign: false, now, policy: BUILT_IN_POLICY };
  return records.flatMap(({ name, record, ...expected }) => {
    const parse = () => parseFields(record);
    const read = () => importRecord(record, context);
    return [
      {
        name: `records: ${name}`,
        expected,
        run() {
          const parsed = parse();
          const { draft, problems } = read();
          return {
            refused: 'errors' in parsed ? parsed.errors.map(({ path }) => path) : [],
            refused_in_a_file: problems.map(({ path }) => path.join('.')),
            missing: draft ? missingForRequest(draft.fields).map(({ path }) => path) : null,
          };
        },
      },
      { name: `records: ${name}, with what is said of it`, run: () => [parse(), read()] },
      { name: `records: ${name}, checked`, run: () => checkRecord(record, context) },
      {
        name: `records: ${name}, kept with assign`,
        run: () => importRecord(record, { ...context, assign: true }),
      },
    ];
  });
}

interface PolicyVectors {
  readonly approved_at: string;
  readonly records: readonly {
    readonly fields: ExceptionFields;
    readonly maximum: string;
    readonly rule: string;
    readonly latest: string;
    readonly end: string | null;
  }[];
}

function policyCases({ approved_at, records }: PolicyVectors): EngineCase[] {
  const now = parseInstant(approved_at) ?? Number.NaN;
  return records.map(({ fields, ...expected }) => ({
    name: `policy: ${fields.title}`,
    expected,
    run() {
      const { maximum } = evaluatePolicy(BUILT_IN_POLICY, fields);
      const end = endIfApproved(fields, now, BUILT_IN_POLICY);
      return {
        maximum: maximum.duration,
        rule: maximum.rule,
        latest: formatInstant(limitEnd(now, maximum)),
        end: 'expires_at' in end ? formatInstant(end.expires_at) : null,
      };
    },
  }));
}

interface TimeVectors {
  readonly instants: readonly { readonly text: string; readonly instant: string | null }[];
  readonly dates: readonly { readonly text: string; readonly instant: string | null }[];
  readonly sums: readonly { from: string; duration: string; readonly to: string | null }[];
}

function timeCases({ instants, dates, sums }: TimeVectors): EngineCase[] {
  const written = (instant: number | undefined) =>
    instant === undefined ? null : formatInstant(instant);
  return [
    ...instants.map(({ text, instant }) => ({
      name: `time: instant ${JSON.stringify(text)}`,
      expected: instant,
      run: () => written(parseInstant(text)),
    })),
    ...dates.map(({ text, instant }) => ({
      name: `time: date ${JSON.stringify(text)}`,
      expected: instant,
      run: () => written(parseDate(text)),
    })),
    ...sums.map(({ from, duration, to }) => ({
      name: `time: ${from} and ${duration}`,
      expected: to,
      run() {
        const parsed = parseDuration(duration);
        return parsed ? formatInstant(addDuration(parseInstant(from) ?? 0, parsed)) : null;
      },
    })),
  ];
}
