import type { Role } from '../../src/domain/access/actor.ts';
import type { Classification } from '../../src/domain/access/clearance.ts';
import type { TestApi } from './test-api.ts';

/** A token of a role that is cleared up to a classification, made as administrators make them. */
export async function tokenFor(
  api: TestApi,
  role: Role,
  clearance: Classification,
  email?: string,
): Promise<string> {
  const body = { name: `${role}, ${clearance}`, role, clearance, email };
  const answer = await api.send('POST', '/v1/tokens', { as: 'administrator', body });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.token;
}
