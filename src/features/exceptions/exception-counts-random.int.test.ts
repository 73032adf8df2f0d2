import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fully } from '../../../test/support/fully.ts';
import { START, Story } from '../../../test/support/given.ts';
import { commandOf, type Move, moves } from '../../../test/support/random-story.ts';
import { createTestApi } from '../../../test/support/test-api.ts';
import type { ExceptionFields } from '../../domain/exception/fields.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { BUILT_IN_POLICY } from '../../domain/policy/built-in-policy.ts';
import { DAY, HOUR, type Instant } from '../../domain/schedule/instant.ts';
import { CountingLab } from './counting-lab.fixture.ts';

let lab: CountingLab;
beforeAll(async () => {
  lab = new CountingLab(await createTestApi());
});
afterAll(() => lab?.api.close());

type Step =
  /** A draft that has so many steps of the usual way behind it, where nothing is missing. */
  | { readonly kind: 'draft'; readonly fields: Partial<ExceptionFields>; readonly ahead: number }
  | { readonly kind: 'move'; readonly record: number; readonly move: Move }
  | { readonly kind: 'renew'; readonly record: number }
  | { readonly kind: 'wait'; readonly millis: number }
  | { readonly kind: 'sweep' }
  | { readonly kind: 'add up' };

const fields = fc.record({
  category: fc.constantFrom(undefined, 'authz', 'network', 'ai'),
  environment: fc.constantFrom(undefined, 'dev', 'prod'),
  likelihood: fc.constantFrom(undefined, 'Low', 'High'),
  impact: fc.constantFrom('Low', 'Medium', 'Critical'),
  requested_duration: fc.constantFrom(undefined, 'P5D', 'P60D'),
}) as fc.Arbitrary<Partial<ExceptionFields>>;

/** Fields that can be submitted come up more often: drafts alone tell little. */
const complete = fields.map(({ requested_duration, impact }) => ({ requested_duration, impact }));

const steps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(fc.tuple(fc.oneof(complete, complete, fields), fc.nat(4)), {
      minLength: 2,
      maxLength: 4,
    }),
    fc.array(
      fc.oneof(
        {
          weight: 8,
          arbitrary: fc
            .tuple(fc.nat(5), moves)
            .map(([record, [first]]) => ({ kind: 'move', record, move: first as Move }) as const),
        },
        {
          weight: 3,
          arbitrary: fc
            .oneof(
              fc.constantFrom(HOUR, DAY, 31 * DAY, 31 * DAY - 1),
              fc.integer({ min: 1, max: 40 * DAY }),
            )
            .map((millis) => ({ kind: 'wait', millis }) as const),
        },
        { weight: 1, arbitrary: fc.nat(5).map((record) => ({ kind: 'renew', record }) as const) },
        { weight: 1, arbitrary: fc.constant({ kind: 'sweep' } as const) },
        { weight: 1, arbitrary: fc.constant({ kind: 'add up' } as const) },
      ),
      { minLength: 10, maxLength: 30, size: 'max' },
    ),
  )
  .map(([drafts, rest]) => [
    ...drafts.map(([each, ahead]) => ({ kind: 'draft', fields: each, ahead }) as const),
    ...rest,
  ]);

describe('the counters equal a recount', () => {
  const seen = new Set<string>();

  test('after every step of any sequence of commands, clock moves, late sweeps and batches', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const run = new Run(await lab.newTenant());
        for (const step of sequence) {
          await run.take(step);
          await lab.expectExact(run.tenantId);
          for (const part of Object.keys(await lab.counted(run.tenantId))) seen.add(part);
        }
      }),
      { numRuns: 25, seed: 20_260_101 },
    );
  });

  test('which came to every status and every age', () => {
    const words = new Set([...seen].flatMap((part) => part.split(' ')));
    for (const word of [
      'Draft',
      'Under-Review',
      'Approved',
      'Active',
      'Expiring',
      'Expired',
      'Closed',
      'Archived',
    ])
      expect(words).toContain(word);
    for (const word of [
      'days_0_30',
      'days_31_60',
      'days_61_90',
      'days_over_90',
      'missing',
      'unrated',
    ])
      expect(words).toContain(word);
  });
});

/** One tenant, and what people and time do to it. */
class Run {
  readonly tenantId: string;
  readonly #records: ExceptionState[] = [];
  #now: Instant = START;

  constructor(tenantId: string) {
    this.tenantId = tenantId;
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'draft':
        return this.#draft(step.fields, step.ahead);
      case 'move':
        return this.#move(step.record, step.move);
      case 'renew':
        return this.#renew(step.record);
      case 'wait':
        this.#now += step.millis;
        return void (await lab.setClock(this.#now));
      case 'sweep':
        return void (await lab.sweep());
      case 'add up':
        return void (await lab.addUp());
    }
  }

  async #draft(given: Partial<ExceptionFields>, ahead: number) {
    const id = await lab.active(this.tenantId, given, ahead);
    this.#records.push((await lab.api.lapse.exceptions.views.get(fully(this.tenantId), id)).state);
  }

  async #move(record: number, move: Move) {
    const at = record % this.#records.length;
    const state = this.#records[at] as ExceptionState;
    const command = commandOf(move, new Story(this.#now, BUILT_IN_POLICY, [], state));
    const after = await lab.execute(this.tenantId, move.by, state.exception_id, command);
    if (after) this.#records[at] = after;
  }

  async #renew(record: number) {
    const { exception_id: id } = this.#records[record % this.#records.length] as ExceptionState;
    const renewal = await lab.renew(this.tenantId, id);
    if (renewal) this.#records.push(renewal);
  }
}
