import type { ExceptionRecord } from '@lapse/client';
import { grantSentence } from '../../../domain/enforcement/grant-words.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, safeLine } from '../terminal/output.ts';
import { say } from '../terminal/say.ts';
import { hclResource } from '../terraform/hcl.ts';
import { NotRendered, resourceOfGrant } from '../terraform/resource-of-grant.ts';
import { type AnswerOptions, readRecord } from './answer-record.ts';

interface Rendered {
  readonly number: number;
  readonly type: string;
  readonly name: string;
  readonly hcl: string;
}
interface Unrendered {
  readonly number: number;
  readonly what: string;
  readonly reason: string;
}

/** `lapse render terraform EXC_…`; exit 1 where nothing of it has a resource. */
export async function renderTerraform(id: string, { json }: AnswerOptions): Promise<void> {
  const record = await readRecord(connect(), id);
  assertOpen(record);
  const { rendered, unrendered } = renderAll(record);
  if (json) {
    printJson({ exception_id: id, status: record.status, rendered, not_rendered: unrendered });
  } else if (rendered.length > 0) print(rendered.map(({ hcl }) => hcl).join('\n'));
  for (const { number, what, reason } of unrendered)
    say(`grant ${number} is left out (${safeLine(what)}): ${safeLine(reason)}`);
  if (rendered.length === 0) {
    throw new CommandFailure(`nothing of ${id} can be written for Terraform`, {
      exitCode: EXIT.refused,
      next: 'name what is lacking above with `lapse edit` before approval, or put it in place otherwise',
    });
  }
  if (!record.in_force) {
    say(
      `${id} is ${record.status} and not in force: applied now, this is access that nobody has allowed yet`,
    );
  }
}

function renderAll(record: ExceptionRecord) {
  const rendered: Rendered[] = [];
  const unrendered: Unrendered[] = [];
  (record.grants ?? []).forEach((spec, index) => {
    const number = index + 1;
    try {
      const resource = resourceOfGrant({ record, spec, number });
      const { type, name } = resource;
      rendered.push({ number, type, name, hcl: hclResource(resource) });
    } catch (error) {
      if (!(error instanceof NotRendered)) throw error;
      unrendered.push({ number, what: grantSentence(spec), reason: error.message });
    }
  });
  return { rendered, unrendered };
}

function assertOpen({ exception_id, status, grants = [] }: ExceptionRecord): void {
  if (['Expired', 'Closed', 'Archived'].includes(status)) {
    throw new CommandFailure(`${exception_id} is ${status}: what it gave is to be taken out`, {
      exitCode: EXIT.refused,
      next: `take its blocks out of the configuration; \`lapse grants ${exception_id}\` shows what is left`,
    });
  }
  if (grants.length > 0) return;
  throw new CommandFailure(`${exception_id} lists no grants: it gives nothing in a cloud`, {
    exitCode: EXIT.refused,
    next: `\`lapse edit ${exception_id} --set 'grants=[…]'\` says what it is to give`,
  });
}
