/** What `lapse policy check` finds; the names are stable, as those of `lapse check` are. */
export type PackRule =
  | 'pack-shape'
  | 'pack-duplicate'
  | 'pack-never'
  | 'pack-contradiction'
  | 'pack-uncovered';

/** Each in a few words, and why it is so. All are errors: such a pack is not put in force. */
export const PACK_RULES = {
  'pack-shape': {
    level: 'error',
    summary: 'Something in a policy pack has a value that is not accepted',
    help: 'A pack is one mapping of id, times and rules, as its JSON Schema describes it. The message says what would pass.',
  },
  'pack-duplicate': {
    level: 'error',
    summary: 'Two rules of a policy pack have one id, or two templates one name',
    help: 'Refusals, requirements and explanations name rules by their ids, and requests name templates, so that each has its own.',
  },
  'pack-never': {
    level: 'error',
    summary: 'A rule of a policy pack can never do anything',
    help: 'A rule that never matches, or asks for nothing, looks as though it protected something. Mend it or remove it.',
  },
  'pack-contradiction': {
    level: 'error',
    summary: 'Two parts of a policy pack contradict each other',
    help: 'Every rule that matches applies, and the strictest wins. Where that leaves nothing that could pass, the pack says something that nobody meant.',
  },
  'pack-uncovered': {
    level: 'error',
    summary: 'A policy pack leaves some records without a limit or an approval',
    help: 'Every exception ends, and somebody approves it: for every record some rule sets a maximum, an extension and a total, and asks for an approval.',
  },
} as const satisfies Readonly<Record<PackRule, { level: 'error'; summary: string; help: string }>>;
