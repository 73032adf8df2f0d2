import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLOCK } from '../access/actor.ts';
import type { Instant } from '../schedule/instant.ts';
import { evolveFinding } from './evolve-finding.ts';
import type { FindingState } from './finding.ts';
import type { FindingEvent } from './finding-events.ts';

interface Golden {
  readonly findings: readonly {
    readonly name: string;
    readonly at: Instant;
    readonly events: readonly FindingEvent[];
    readonly state: FindingState;
  }[];
}

const FILE = join(import.meta.dirname, '../../../test/vectors/events-findings-v1.json');
const { findings } = JSON.parse(readFileSync(FILE, 'utf8')) as Golden;

describe('events of findings that were released', () => {
  it.each(findings)('$name fold to what they folded to', ({ at, events, state }) => {
    const folded = events.reduce<FindingState | undefined>(
      (before, event) => evolveFinding(before, event, { findingId: 'FND_1', at, actor: CLOCK }),
      undefined,
    );
    expect(JSON.parse(JSON.stringify(folded))).toEqual(state);
  });

  it('are of every type', () => {
    const types = findings.flatMap(({ events }) => events.map(({ type }) => type));
    expect([...new Set(types)].sort()).toEqual([
      'FindingAccepted',
      'FindingAdopted',
      'FindingChanged',
      'FindingLimitPassed',
      'FindingOpened',
      'FindingRemovalBegun',
      'FindingRemovalFailed',
      'FindingRemovalOrdered',
      'FindingRemovalTaken',
      'FindingReopened',
      'FindingSolved',
    ]);
  });
});
