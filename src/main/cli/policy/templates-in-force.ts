import { type LapseClient, timedDataOf } from '@lapse/client';
import type { RequestTemplate } from '../../../domain/policy/policy.ts';
import { usageFailure } from '../terminal/command-failure.ts';

/** The templates for new requests, and the server's time that their dates are counted from. */
export async function templatesInForce(
  client: LapseClient,
): Promise<{ readonly items: readonly RequestTemplate[]; readonly now: number }> {
  const { data, now } = await timedDataOf(client.GET('/v1/policy/templates'));
  return { items: data.items as readonly RequestTemplate[], now };
}

/** The template of a name; refuses one that is not there, and says which are. */
export async function templateNamed(
  client: LapseClient,
  name: string,
): Promise<{ readonly template: RequestTemplate; readonly now: number }> {
  const { items, now } = await templatesInForce(client);
  const template = items.find((each) => each.name === name);
  if (template) return { template, now };
  const names = items.map((each) => each.name).join(', ');
  throw usageFailure(
    `the policy has no template ${name}`,
    names === '' ? 'it has none at all' : `it has ${names}; see \`lapse policy templates\``,
  );
}
