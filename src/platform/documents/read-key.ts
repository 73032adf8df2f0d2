import { isScalar, type ParsedNode } from 'yaml';
import type { Position } from './document-problem.ts';
import { readText } from './read-scalar.ts';
import type { RecordReading } from './record-reading.ts';

/** Keys that reach into JavaScript's own objects wherever a record is copied carelessly. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);

/** A key as text; anything else is refused, as JSON could not hold it. */
export function readKey(node: ParsedNode, reading: RecordReading): string | undefined {
  if (isScalar(node) && typeof node.value === 'string') return readText(node.value, node, reading);
  const offset = node.range[0];
  if (!isScalar(node))
    reading.refuse('A field name must be text, not a list, mapping or alias.', offset);
  else if (node.source === '') reading.refuse('A field name is missing before the colon.', offset);
  else
    reading.refuse(
      `The field name ${node.source} is not text. Quote it: "${node.source}".`,
      offset,
    );
  return undefined;
}

/** Why a key may not stand here, given where the same key stood before. */
export function findKeyProblem(
  key: string,
  node: ParsedNode,
  place: Position,
  earlier: Position | undefined,
): string | undefined {
  if (RESERVED.has(key)) return `The field name ${key} is reserved. Rename the field.`;
  if (key === '<<' && isScalar(node) && node.type === 'PLAIN') {
    return 'Merge keys (<<) are not accepted. Write the fields out.';
  }
  if (!earlier) return undefined;
  return `The field ${key} is given twice, on lines ${earlier.line} and ${place.line}. Keep one.`;
}
