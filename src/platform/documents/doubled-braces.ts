import { isMap, isScalar, type ParsedNode, type YAMLMap } from 'yaml';
import type { RecordReading } from './record-reading.ts';

/**
 * Templates are often kept with their braces doubled for a text formatter and copied that way:
 * `requestor: {{ name: "A. Rivera" }}`. YAML reads that as a flow mapping whose only key is a flow
 * mapping and has no value, which nothing else in a record can be. Returns the inner mapping.
 */
export function unwrapDoubledBraces(
  node: YAMLMap.Parsed,
  reading: RecordReading,
): YAMLMap.Parsed | undefined {
  const [only, ...others] = node.items;
  if (!node.flow || !only || others.length > 0 || only.value !== null) return undefined;
  const inner: ParsedNode = only.key;
  if (!isMap(inner) || !inner.flow) return undefined;
  const unfilled = inner.items.find((pair) => pair.value === null);
  if (!unfilled) reading.warn('Doubled braces read as single ones.', node.range[0]);
  else if (isScalar(unfilled.key)) {
    const message = `This looks like a template's placeholder {{ ${unfilled.key.source} }} that was not filled in. Put the value here.`;
    reading.refuse(message, node.range[0]);
  } else return undefined;
  return inner;
}
