import { BUILT_IN_POLICY } from '../../../domain/policy/built-in-policy.ts';
import { policyDigest } from '../../../domain/policy/policy-digest.ts';
import { PACK_SCHEMA_PATH, policyPack } from '../../../domain/policy/policy-pack.ts';
import { packInForce } from '../policy/pack-in-force.ts';
import { timeText } from '../render/time-text.ts';
import { connect, serverUrl } from '../terminal/connection.ts';
import { print, printJson, safeLine } from '../terminal/output.ts';
import type { AnswerOptions } from './answer-record.ts';

interface ShowOptions extends AnswerOptions {
  readonly builtIn?: boolean;
}

/** `lapse policy show`: a pack as a file that can be changed and put in force. */
export async function showPolicy({ builtIn, json }: ShowOptions): Promise<void> {
  const shown = builtIn ? ofRelease() : await inForce();
  if (json) return printJson(shown.answer);
  const { stringify } = await import('yaml');
  const head = [
    `# yaml-language-server: $schema=${new URL(PACK_SCHEMA_PATH, serverUrl()).href}`,
    ...shown.remarks.map((line) => `# ${line}`),
  ];
  // Stored packs have their keys in alphabetical order; people want the id first.
  const inOrder = policyPack.safeParse(shown.pack).data ?? shown.pack;
  print(`${head.join('\n')}\n${stringify(inOrder, { lineWidth: 100 })}`);
}

function ofRelease() {
  const pack = BUILT_IN_POLICY;
  const remarks = ['The pack that comes with Lapse.', policyDigest(pack)];
  return { pack, remarks, answer: pack };
}

async function inForce() {
  const answer = await packInForce(connect());
  const { pack, digest, version, since, by } = answer;
  const said =
    since && by
      ? `Version ${version}, in force since ${timeText(since)}, put by ${safeLine(by.name)}.`
      : 'The pack that comes with Lapse; no other was put in force.';
  return { pack, remarks: [said, digest], answer };
}
