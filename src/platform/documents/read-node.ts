import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  type ParsedNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Position } from './document-problem.ts';
import { unwrapDoubledBraces } from './doubled-braces.ts';
import { tooDeep } from './parse-chunk.ts';
import type { PositionTree } from './position-tree.ts';
import { findKeyProblem, readKey } from './read-key.ts';
import { readScalar } from './read-scalar.ts';
import type { RecordReading } from './record-reading.ts';

/** A value with the places of what is in it. */
export interface Reading {
  readonly value: unknown;
  readonly places: PositionTree;
}

/** Reads a parsed node into plain values: mappings, lists, texts, numbers, booleans and null. */
export function readNode(node: ParsedNode, depth: number, reading: RecordReading): Reading {
  const offset = node.range[0];
  const place = reading.places.at(offset);
  const nothing = { value: null, places: place };
  if (!reading.count(offset)) return nothing;
  reading.define(node);
  if (isAlias(node)) return { value: readAlias(node, depth, reading), places: place };
  if (isScalar(node)) return { value: readScalar(node, reading), places: place };
  if (depth >= reading.limits.maxDepth) {
    reading.stop(tooDeep(reading.places, offset, reading.limits));
    return nothing;
  }
  return reading.within(node, () =>
    isMap(node) ? readMapping(node, depth + 1, reading) : readList(node, depth + 1, reading),
  );
}

/** An alias is read as a copy, and its place is where the alias stands. */
function readAlias(node: Alias.Parsed, depth: number, reading: RecordReading): unknown {
  const target = reading.resolve(node, node.range[0]);
  return target && reading.copy(() => readNode(target, depth, reading).value);
}

function readList(node: YAMLSeq.Parsed, depth: number, reading: RecordReading): Reading {
  const value: unknown[] = [];
  const children = new Map<string | number, PositionTree>();
  for (const item of node.items) {
    if (reading.stopped) break;
    const read = readNode(item, depth, reading);
    children.set(value.length, read.places);
    value.push(read.value);
  }
  return { value, places: { ...reading.places.at(node.range[0]), children } };
}

function readMapping(node: YAMLMap.Parsed, depth: number, reading: RecordReading): Reading {
  const inner = unwrapDoubledBraces(node, reading);
  if (inner) reading.define(inner);
  const value: Record<string, unknown> = {};
  const children = new Map<string | number, PositionTree>();
  const keys = new Map<string, Position>();
  for (const { key: keyNode, value: valueNode } of (inner ?? node).items) {
    if (reading.stopped) break;
    const keyOffset = keyNode.range[0];
    const keyPlace = reading.places.at(keyOffset);
    const key = readKey(keyNode, reading);
    const problem =
      key === undefined ? undefined : findKeyProblem(key, keyNode, keyPlace, keys.get(key));
    if (problem) reading.refuse(problem, keyOffset);
    if (key !== undefined) keys.set(key, keyPlace);
    const read = valueNode ? readNode(valueNode, depth, reading) : undefined;
    if (key === undefined || problem) continue;
    value[key] = read?.value ?? null;
    const written = valueNode && valueNode.range[1] > valueNode.range[0];
    children.set(key, read && written ? read.places : keyPlace);
  }
  return { value, places: { ...reading.places.at(node.range[0]), children } };
}
