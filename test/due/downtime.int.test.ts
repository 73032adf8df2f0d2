import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { exceptionDeadlines } from '../../src/features/exceptions/exception-work.ts';
import { DueLoop } from '../../src/platform/due/due-loop.ts';
import { given, inStatus, START, type Story } from '../support/given.ts';
import { samePolicy } from '../support/same-policy.ts';
import { createTestRegister } from '../support/test-register.ts';
import { moveClock, openAdmin, writeRecords } from './due-records.ts';

const HOUR = DAY / 24;

/** A request of every length, in every state that time moves on, so that a week brings about much. */
function stories(): Story[] {
  const lengths = [1, 2, 5, 6, 9, 29, 33, 36, 39].map((days) =>
    given({ requested_duration: `P${days}D` })
      .submitted()
      .approved(),
  );
  const laterStarts = [1, 3, 9, 28, 31, 33, 40].map((days) =>
    given({
      effective_from: formatInstant(START + days * DAY),
      expires_at: formatInstant(START + (days + 2) * DAY),
    })
      .submitted()
      .approved(),
  );
  return [
    inStatus('Draft'),
    inStatus('Under-Review'),
    inStatus('Closed'),
    inStatus('Extended'),
    ...lengths,
    ...lengths.map((story) => story.confirmed()),
    ...laterStarts,
    ...laterStarts.map((story) => story.confirmed()),
  ];
}

/** Where each story stands after sweeps at these instants alone. */
async function sweptAt(instants: readonly number[]) {
  const register = await createTestRegister();
  onTestFinished(() => register.drop());
  const admin = await openAdmin(register.admin);
  onTestFinished(() => admin.end());
  const { db, tenantId } = register;
  const ids: string[] = [];
  for (const story of stories()) ids.push(...(await writeRecords(db, tenantId, story, 1)));
  const loop = new DueLoop(
    [exceptionDeadlines(db, samePolicy(BUILT_IN_POLICY))],
    pino({ level: 'silent' }),
  );
  for (const now of instants) {
    await moveClock(admin, now);
    await loop.settle();
  }
  const { rows } = await admin.query(
    `SELECT exception_id, status, activates_at, expiring_at, expires_at, state -> 'activated_at' AS activated_at,
       state -> 'reminders' AS reminders, state -> 'ended' AS ended, state -> 'closed' -> 'reason' AS closed
     FROM lapse.exceptions`,
  );
  const byId = new Map(rows.map(({ exception_id, ...row }) => [exception_id, row]));
  return ids.map((id) => byId.get(id));
}

test.each([0, 27, 30, 62])(
  'after a week of downtime that began on day %i all is as if every sweep had been on time',
  async (first) => {
    const begin = START + first * DAY + HOUR;
    const week = Array.from({ length: 7 * 12 }, (_, step) => begin + (step + 1) * 2 * HOUR);
    const before = first === 0 ? [] : Array.from({ length: first }, (_, day) => START + day * DAY);
    const [timely, late] = await Promise.all([
      sweptAt([...before, begin, ...week]),
      sweptAt([...before, begin, ...week.slice(-1)]),
    ]);
    expect(late).toEqual(timely);
    expect(new Set(timely.map((row) => row?.status)).size).toBeGreaterThan(3);
  },
);
