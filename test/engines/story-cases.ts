import type { CommandType } from '../../src/domain/exception/commands.ts';
import { POSSIBLE_IN } from '../../src/domain/exception/decide.ts';
import { isRefusal } from '../../src/domain/exception/decision.ts';
import { APPROVER } from '../support/given.ts';
import { type Beginning, commandOf, type Move, tell } from '../support/random-story.ts';
import type { EngineCase } from './case.ts';

/** How a record begins, and what people try on it. */
export interface Plot {
  readonly beginning: Beginning;
  readonly tried: readonly Move[];
}

/** Lives of records by the decider: every event, and what it says to every command at the end. */
export function storyCases(plots: readonly Plot[]): EngineCase[] {
  return plots.map(({ beginning, tried }, index) => ({
    name: `story ${index}`,
    run() {
      const end = tell(beginning, tried).at(-1);
      if (!end) throw new Error('a story has at least its beginning');
      const { told, state, now } = end;
      const attempt = { wait: 0, by: APPROVER, days: index % 7, choice: index % 10 };
      const decisions = (Object.keys(POSSIBLE_IN) as CommandType[]).map((type) => {
        const decision = end.decides(commandOf({ ...attempt, type }, end), APPROVER);
        if (!isRefusal(decision)) return decision;
        const { code, message, errors } = decision;
        return { code, message, errors };
      });
      return { now, told, state, decisions };
    },
  }));
}
