import type { Connector } from '../../src/domain/enforcement/connector.ts';
import type { Mutant } from './mutants.ts';
import type { AlterStatement } from './simulated-database.ts';

/** Takes away whatever the principal has. */
function byPrincipalAlone(genuine: Connector): Connector {
  return {
    ...genuine,
    async remove(order, signal) {
      const [, subscription] = /^(\/subscriptions\/[^/]+)/.exec(order.spec.target) ?? [];
      for await (const { spec, placed } of genuine.list(subscription ?? '', signal)) {
        if (spec.subject === order.spec.subject)
          await genuine.remove({ ...order, spec, placed }, signal);
      }
      return genuine.remove(order, signal);
    },
  };
}

/** Leaves out the events of a type, and what is projected from them alone. */
function withoutEvents(
  type: string,
  isOfIt: (state: Record<string, unknown>) => boolean,
): AlterStatement {
  return ({ text, values }) => {
    if (text.includes('INSERT INTO lapse.ledger_pending')) {
      const envelopes = values[5] as readonly Buffer[];
      const kept = envelopes.map((one) => !Buffer.from(one).toString('utf8').includes(`"${type}"`));
      const left = values.map((column) =>
        (column as readonly unknown[]).filter((_, index) => kept[index]),
      );
      return { text, values: left };
    }
    if (!text.startsWith('INSERT INTO lapse.grants')) return { text, values };
    const rows = JSON.parse(String(values[0])) as { state: Record<string, unknown> }[];
    return { text, values: [JSON.stringify(rows.filter(({ state }) => !isOfIt(state)))] };
  };
}

/** Faults of what acts in a cloud, and of what is recorded of it. */
export const cloudMutants: readonly Mutant[] = [
  {
    name: 'a removal goes by the principal alone',
    connector: byPrincipalAlone,
    foundBy: /takes away what/,
  },
  {
    name: 'a call has no event before it leaves',
    alter: withoutEvents('CallBegun', ({ call }) => call !== undefined),
    foundBy: /no event CallBegun|the ledger verifies|failed/,
  },
  {
    name: 'a handover forgets the heir',
    alter: withoutEvents('GrantTakenOver', ({ taken_over_from: from }) => from !== undefined),
    foundBy: /nobody takes over/,
  },
];
