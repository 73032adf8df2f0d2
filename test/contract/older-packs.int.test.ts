import { afterAll, expect, test } from 'vitest';
import { canonicalJson } from '../../src/domain/ledger/canonical.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { textDigest } from '../../src/features/policy/policy-stream.ts';
import { command, draft, passed } from '../support/api-records.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

test('a pack that an older release has kept still decides, under the digest of its own bytes', async () => {
  const { break_glass, risk_change: _, ...older } = BUILT_IN_POLICY;
  const pack = canonicalJson({ ...older, id: 'older' });
  const digest = textDigest(pack);
  const since = '2025-12-01T00:00:00.000Z';
  const version = { version: 1, digest, id: 'older', since, by: { id: 'x', name: 'X' } };
  await api.admin.query('INSERT INTO lapse.policy_packs VALUES ($1, $2, $3)', [
    api.tenantId,
    digest,
    pack,
  ]);
  await api.admin.query('INSERT INTO lapse.policy_versions VALUES ($1, 1, $2)', [
    api.tenantId,
    JSON.stringify(version),
  ]);
  const { body } = await api.send('GET', '/v1/policy', { as: 'auditor' });
  expect(body).toMatchObject({ digest, pack: { id: 'older', break_glass } });

  const { exception_id: id } = await draft(api, { services: ['shop'] });
  expect(passed(await command(api, id, 'submit')).policy).toBe(digest);
  const { exception_id: other } = await draft(api, { services: ['billing'] });
  const url = `/v1/exceptions/${other}/submit`;
  const emergency = { break_glass: true, reason: 'orders are lost' };
  const asked = passed(await api.send('POST', url, { as: 'requestor', body: emergency }));
  expect(asked).toMatchObject({ policy: digest, break_glass: { reason: 'orders are lost' } });
});
