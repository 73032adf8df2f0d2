import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOCK } from '../access/actor.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../schedule/instant.ts';
import type { CallOutcome, Mode, Observation } from './connector.ts';
import { evolveGrant } from './evolve-grant.ts';
import type { GrantState } from './grant.ts';
import type { GrantEvent } from './grant-events.ts';
import { answered, eventsOf, observed } from './grant-steps.ts';
import { nextMove } from './next-move.ts';
import type { Wanted } from './wanted.ts';

const START: Instant = 1_767_225_600_000;
const END = START + 2 * DAY;
const SPEC = { kind: 'role-assignment', target: '/subscriptions/s', subject: 'p', permission: 'r' };
const PLACED = { id: '/subscriptions/s/x', ours: true };

/** What the cloud does with the nth call or look. */
interface Cloud {
  readonly call: (operation: 'apply' | 'remove', at: Instant) => CallOutcome;
  readonly look: (at: Instant) => Observation;
}

/** One grant from its start to long after its end, as the loop leads it, without a database. */
class Life {
  state: GrantState;
  readonly events: { readonly at: Instant; readonly event: GrantEvent }[] = [];
  readonly calls: { readonly at: Instant; readonly operation: string }[] = [];
  #reads = 0;
  #readAt: Instant | undefined;
  #ids = 0;

  constructor(mode: Mode, connection = 'azure') {
    const data = { exception_id: 'EXC_1', spec: SPEC, mode, ...(connection && { connection }) };
    this.state = this.#take({ type: 'GrantPlanned', data }, START);
  }

  /** Leads it up to an instant; answers whether anything is still due then. */
  lead(cloud: Cloud, until: Instant): this {
    let now = START;
    for (let step = 0; step < 20_000; step += 1) {
      const surroundings = { now, reads: this.#reads, readAt: this.#readAt };
      const move = nextMove(this.state, wantedAt(now), surroundings);
      const at = Math.max(now, move?.at ?? Number.POSITIVE_INFINITY);
      if (now < END && at >= END && until >= END) {
        // The record's end wakes its grants.
        now = END;
        continue;
      }
      if (!move || at > until) return this;
      now = at;
      const id = () => {
        this.#ids += 1;
        return String(this.#ids);
      };
      for (const event of eventsOf(move, this.state, wantedAt(now), now, id))
        this.#take(event, now);
      if (move.do.kind === 'call') this.#call(cloud, move.do.operation, now);
      else if (move.do.kind === 'look') this.#look(cloud.look(now), now);
    }
    throw new Error('it never comes to rest');
  }

  #call(cloud: Cloud, operation: 'apply' | 'remove', now: Instant): void {
    this.calls.push({ at: now, operation });
    this.#reads = 0;
    this.#readAt = undefined;
    const outcome = cloud.call(operation, now);
    const callId = this.state.call?.call_id ?? '';
    for (const event of answered(this.state, callId, outcome, now)) this.#take(event, now);
    if (outcome.kind === 'done') this.#look(cloud.look(now), now);
  }

  #look(observation: Observation, now: Instant): void {
    const before = { reads: this.#reads, readsToConfirm: 1 };
    const seen = observed(this.state, wantedAt(now), observation, before);
    for (const event of seen.events) this.#take(event, now);
    this.#reads = seen.reads;
    this.#readAt = now;
  }

  #take(event: GrantEvent, at: Instant): GrantState {
    this.events.push({ at, event });
    this.state = evolveGrant(this.state, event, { grantId: 'GRT_1', at, actor: CLOCK });
    return this.state;
  }
}

function wantedAt(now: Instant): Wanted {
  return now < END
    ? { presence: 'present', until: END, nativeEnd: END }
    : { presence: 'absent', since: END };
}

/** A cloud that works: what is asked for happens at once. */
function working(): Cloud {
  let there = false;
  return {
    call(operation) {
      there = operation === 'apply';
      return { kind: 'done', placed: PLACED };
    },
    look: () => (there ? { kind: 'present', placed: PLACED } : { kind: 'absent' }),
  };
}

const failing = (kind: 'retry' | 'refused' | 'unknown'): Cloud => ({
  call: () => ({ kind, message: 'no' }),
  look: () => ({ kind: 'undecided', message: 'no' }),
});

describe('given a cloud that works', () => {
  it('then it takes one call each way', () => {
    const life = new Life('manage').lead(working(), END + DAY);
    expect(life.calls).toEqual([
      { at: START, operation: 'apply' },
      { at: END, operation: 'remove' },
    ]);
    expect(life.state).toMatchObject({ status: 'removed', said_by: 'cloud' });
  });

  it('when others put it there, then one call takes it away', () => {
    const life = new Life('remove').lead(working(), END + DAY);
    expect(life.calls).toEqual([{ at: END, operation: 'remove' }]);
  });

  it('when the end there is another one, then it is moved; whole seconds are near enough', () => {
    let endsAt = END + DAY;
    const keeping: Cloud = {
      call: (operation) => {
        if (operation === 'apply' && life.calls.length > 1) endsAt = END - 999;
        return { kind: 'done' };
      },
      look: (at) =>
        at >= END ? { kind: 'absent' } : { kind: 'present', placed: { ...PLACED, endsAt } },
    };
    const life = new Life('manage');
    life.lead(keeping, END + DAY);
    expect(life.calls.map(({ operation }) => operation)).toEqual(['apply', 'apply', 'remove']);
  });

  it('when it shows the end late, then it is not moved again meanwhile', () => {
    const lagging: Cloud = {
      call: () => ({ kind: 'done' }),
      look: (at) => {
        if (at >= END) return { kind: 'absent' };
        const endsAt = at < START + MINUTE ? END - DAY : END;
        return { kind: 'present', placed: { ...PLACED, endsAt } };
      },
    };
    const life = new Life('manage').lead(lagging, END + DAY);
    expect(life.calls.map(({ operation }) => operation)).toEqual(['apply', 'remove']);
    expect(life.events.map(({ event }) => event.type)).toContain('GrantSeenInPlace');
  });

  it('when it keeps another end whatever is asked, then it is asked less and less often', () => {
    const stubborn: Cloud = {
      call: () => ({ kind: 'done' }),
      look: (at) => {
        if (at >= END) return { kind: 'absent' };
        return { kind: 'present', placed: { ...PLACED, endsAt: END + DAY } };
      },
    };
    const life = new Life('manage').lead(stubborn, START + DAY);
    expect(life.calls.length).toBeGreaterThan(4);
    expect(life.calls.length).toBeLessThan(40);
  });

  it('when it is only watched, then a task opens at its end and nothing is called', () => {
    const there: Cloud = { ...working(), look: () => ({ kind: 'present', placed: PLACED }) };
    const life = new Life('observe').lead(there, END + 5 * DAY);
    expect(life.calls).toEqual([]);
    expect(life.state.task).toMatchObject({ opened_at: END });
    expect(life.state.task?.escalations.map(({ to }) => to)).toEqual([
      'platform-lead',
      'security',
      'ciso',
    ]);
  });
});

describe('given that nobody has worked for a day after the end', () => {
  it('then it is called first, and a person is told only where that did not do it', () => {
    const { state } = new Life('manage').lead(working(), END - 1);
    expect(state.status).toBe('in-place');
    const late = { now: END + DAY, reads: 0, readAt: undefined };
    const wanted = wantedAt(END + DAY);
    expect(nextMove(state, wanted, late)?.do).toEqual({ kind: 'call', operation: 'remove' });
    const deaf = { ...state, status: 'removing' as const };
    const looked = { ...late, reads: 0, readAt: END + DAY };
    const taken = { operation: 'remove' as const, look_at: END + DAY, seen_by: END + 2 * DAY };
    expect(nextMove({ ...deaf, taken }, wanted, looked)?.do.kind).toBe('open-task');
  });
});

describe('given a cloud that does not answer as it should', () => {
  it('when it is down for a week, then a person is told within a minute, and it goes on trying', () => {
    const life = new Life('manage').lead(failing('unknown'), END + 7 * DAY);
    const task = life.state.task;
    expect((task?.opened_at ?? 0) - END).toBeLessThanOrEqual(MINUTE);
    const calls = life.calls.filter(({ at }) => at > END + DAY);
    expect(calls.length).toBeGreaterThan(100);
    expect(calls.length).toBeLessThan(200);
  });

  it('when it refuses, then a person is told at once, with what it said', () => {
    const life = new Life('manage').lead(failing('refused'), END + SECOND);
    expect(life.state).toMatchObject({
      status: 'failed',
      task: { opened_at: END, reason: 'the cloud refuses its removal: no' },
    });
  });

  it('when it takes the removal and it stays there, then it is called again, and a person is told', () => {
    const deaf: Cloud = {
      call: () => ({ kind: 'done' }),
      look: () => ({ kind: 'present', placed: PLACED }),
    };
    const life = new Life('manage').lead(deaf, END + HOUR);
    expect(life.calls.filter(({ at }) => at >= END).length).toBeGreaterThan(3);
    expect(life.state.task?.ended).toBeUndefined();
    expect((life.state.task?.opened_at ?? 0) - END).toBeLessThanOrEqual(15 * MINUTE);
  });

  it('when it could not be put in place, then its removal does not wait for that', () => {
    const life = new Life('manage').lead(failing('refused'), END + SECOND);
    expect(life.calls.at(-1)).toEqual({ at: END, operation: 'remove' });
  });
});

describe('whatever the cloud does', () => {
  const outcome = fc.oneof(
    { weight: 3, arbitrary: fc.constant<CallOutcome>({ kind: 'done', placed: PLACED }) },
    fc.constantFrom<CallOutcome>(
      { kind: 'pending', retryAfter: 30_000 },
      { kind: 'throttled', retryAfter: 2_000, message: 'slow' },
      { kind: 'retry', message: 'busy' },
      { kind: 'retry', retryAfter: 60_000, message: 'busy' },
      { kind: 'refused', message: 'no' },
      { kind: 'unknown', message: 'lost' },
      { kind: 'gone', message: 'nothing there' },
    ),
  );
  const observation = fc.constantFrom<Observation>(
    { kind: 'present', placed: PLACED },
    { kind: 'absent' },
    { kind: 'undecided', message: 'lost' },
    { kind: 'throttled', retryAfter: 2_000, message: 'slow' },
    { kind: 'target-gone', message: 'nothing there' },
  );

  it('nothing is put in place after its end, and past it a person is told or it was seen gone', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Mode>('observe', 'remove', 'manage'),
        fc.array(outcome, { minLength: 1, maxLength: 30 }),
        fc.array(observation, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 0, max: 3 * DAY }),
        (mode, outcomes, looks, after) => {
          let [call, look] = [0, 0];
          const cloud: Cloud = {
            call: () => outcomes[call++ % outcomes.length] as CallOutcome,
            look: () => looks[look++ % looks.length] as Observation,
          };
          const life = new Life(mode).lead(cloud, END + after);
          for (const { at, operation } of life.calls)
            if (at >= END) expect(operation).toBe('remove');
          if (mode === 'observe') expect(life.calls).toEqual([]);
          const { status, task } = life.state;
          const isTold = task !== undefined && task.ended === undefined;
          if (after > 15 * MINUTE) expect(status === 'removed' || isTold).toBe(true);
          // Gone is only what was seen gone, or told so by the cloud.
          if (status === 'removed') {
            const last = life.events.at(-1)?.event;
            expect(last?.type).toBe('GrantSeenGone');
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
