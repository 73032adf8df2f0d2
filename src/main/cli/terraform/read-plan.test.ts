import { describe, expect, it } from 'vitest';
import { NoPlan, readPlan } from './read-plan.ts';

const change = (actions: readonly string[], rest: object = {}) => ({
  ...{ address: 'azurerm_role_assignment.one', mode: 'managed', type: 'azurerm_role_assignment' },
  change: { actions, before: null, after: { scope: '/s' }, after_unknown: {} },
  ...rest,
});
const plan = (changes: unknown, rest: object = {}) => ({
  ...{ format_version: '1.2', terraform_version: '1.11.4', planned_values: { root_module: {} } },
  resource_changes: changes,
  ...rest,
});
const read = (value: unknown, indent?: number) => readPlan(JSON.stringify(value, null, indent));

describe('changes', () => {
  it.each([
    [['create'], 1],
    [['update'], 1],
    [['delete', 'create'], 1],
    [['create', 'delete'], 1],
    [['create', 'forget'], 1],
    // What is not known to be harmless is looked at.
    [['something-new'], 1],
    [[], 1],
    [['no-op'], 0],
    [['read'], 0],
    [['delete'], 0],
    [['forget'], 0],
  ])('%j: %i', (actions, count) => expect(read(plan([change(actions)]))).toHaveLength(count));

  it('data are none', () =>
    expect(read(plan([change(['create'], { mode: 'data' })]))).toHaveLength(0));

  it('deferred ones are told as such', () => {
    const deferred_changes = [
      { reason: 'provider_config_unknown', resource_change: change(['create']) },
    ];
    expect(read(plan([], { deferred_changes }))).toMatchObject([{ isDeferred: true }]);
  });

  it('stand where their address does', () => {
    const second = change(['create'], { address: 'module.a["x\\"y"].azurerm_role_assignment.two' });
    const changes = read(plan([change(['no-op']), change(['create']), second]), 2);
    const lines = JSON.stringify(
      plan([change(['no-op']), change(['create']), second]),
      null,
      2,
    ).split('\n');
    for (const { address, line, column } of changes)
      expect(lines[line - 1]?.slice(column - 1)).toContain(`"address": ${JSON.stringify(address)}`);
  });

  it('none at all is a plan too', () =>
    expect(readPlan('{"format_version":"1.2","planned_values":{"root_module":{}}}')).toEqual([]));
});

describe('is refused', () => {
  it.each([
    ['', /not JSON/],
    ['resource "x" {}', /not JSON/],
    ['null', /no object/],
    ['[]', /no object/],
    ['{}', /format_version/],
    ['{"format_version": 1}', /format_version/],
    ['{"format_version":"0.2","resource_changes":[]}', /0\.2, and 1\.x is read/],
    ['{"format_version":"2.0","resource_changes":[]}', /2\.0/],
    ['{"format_version":"1.0","values":{}}', /is a state/],
    ['{"format_version":"1.0"}', /no resource_changes/],
    ['{"format_version":"1.2","resource_changes":{}}', /no list/],
    ['{"format_version":"1.2","resource_changes":[1]}', /resource_changes\[0\]/],
    ['{"format_version":"1.2","resource_changes":[{"address":1}]}', /no address/],
    ['{"format_version":"1.2","resource_changes":[{"address":"a","type":"b"}]}', /change/],
    ['['.repeat(2_000_000), /JSON|deeply/],
    [`${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`, /format_version|deeply/],
  ])('%.60s', (text, why) => {
    expect(() => readPlan(text)).toThrow(why);
    expect(() => readPlan(text)).toThrow(NoPlan);
  });

  it.each([
    [plan([], { errored: true }), /ended with an error/],
    [
      plan(undefined, { planned_values: { root_module: { resources: [] } } }),
      /lists no resource_changes/,
    ],
  ])('as undecided: %j', (value, why) => {
    expect(() => read(value)).toThrow(why);
    expect(() => read(value)).toThrow(expect.objectContaining({ isUndecided: true }));
  });
});

it('values that look like addresses cost nothing, and say nothing', () => {
  const after = { tags: { address: 'x'.repeat(100_000), note: '"address": "'.repeat(50_000) } };
  const changes = read(plan([change(['create'], { change: { actions: ['create'], after } })]));
  expect(changes).toHaveLength(1);
});
