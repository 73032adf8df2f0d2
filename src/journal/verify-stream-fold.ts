import type { Actor } from '../domain/access/actor.ts';
import type { Payload } from './event-codec.ts';
import type { AnyStreamKind, StreamState } from './stream.ts';
import { checkEntry } from './verify-entry.ts';
import type { ReadEnvelope } from './verify-envelope.ts';
import type { Findings } from './verify-findings.ts';
import type { SignatureCheck } from './verify-signatures.ts';
import type { StoredEntry } from './verify-stored-entry.ts';

/** A stream that was folded to its end, to be compared with its row. */
export interface FoldedStream {
  readonly kind: AnyStreamKind;
  readonly state: StreamState<unknown>;
}

interface OpenStream {
  readonly type: string;
  readonly id: string;
  readonly kind: AnyStreamKind | undefined;
  version: number;
  state: unknown;
  /** Something in it is wrong and said: what follows from it would only be said again. */
  isBroken: boolean;
}

/** What the fold tells about entries. */
export interface FoldListener {
  /** An entry whose leaf hash is not that of its envelope. */
  onOtherLeaf(index: number, leaf: string): void;
  /** A stream that is complete and sound. */
  onStream(stream: FoldedStream): void;
}

/**
 * Takes the events of a tenant in the order of their streams, checks each by itself and folds them.
 * It holds the state of one stream at a time.
 */
export class StreamFold {
  readonly #tenantId: string;
  readonly #kinds: ReadonlyMap<string, AnyStreamKind>;
  readonly #findings: Findings;
  readonly #listener: FoldListener;
  readonly #signatures: SignatureCheck;
  #open: OpenStream | undefined;
  #entries = 0;
  #streams = 0;

  constructor(
    tenantId: string,
    kinds: readonly AnyStreamKind[],
    findings: Findings,
    listener: FoldListener,
    signatures: SignatureCheck,
  ) {
    this.#signatures = signatures;
    this.#tenantId = tenantId;
    this.#kinds = new Map(kinds.map((kind) => [kind.type, kind]));
    this.#findings = findings;
    this.#listener = listener;
  }

  /** Events taken so far. */
  get entries(): number {
    return this.#entries;
  }

  /** Streams begun so far. */
  get streams(): number {
    return this.#streams;
  }

  take(entry: StoredEntry): void {
    this.#entries += 1;
    const stream = this.#streamOf(entry);
    const { envelope, finding, isLeaf, leaf } = checkEntry(entry);
    if (!isLeaf && entry.index !== undefined) this.#listener.onOtherLeaf(entry.index, leaf);
    if (entry.version !== stream.version + 1) this.#gap(stream, entry);
    stream.version = entry.version;
    if (finding) {
      stream.isBroken = true;
      this.#findings.add(finding);
    }
    if (envelope && !stream.isBroken) this.#evolve(stream, entry, envelope);
  }

  /** Ends the stream that is under way. */
  end(): void {
    const stream = this.#open;
    this.#open = undefined;
    if (!stream?.kind || stream.isBroken) return;
    const { id, version, state, kind } = stream;
    this.#listener.onStream({ kind, state: { tenantId: this.#tenantId, id, version, state } });
  }

  #streamOf(entry: StoredEntry): OpenStream {
    const { streamType: type, streamId: id } = entry;
    if (this.#open?.id === id && this.#open.type === type) return this.#open;
    this.end();
    this.#streams += 1;
    const kind = this.#kinds.get(type);
    if (!kind) {
      const message = `this release knows no streams of type ${type}`;
      this.#findings.add({ code: 'stream-unknown', message, stream: `${type}:${id}` });
    }
    this.#open = { type, id, kind, version: 0, state: undefined, isBroken: kind === undefined };
    return this.#open;
  }

  #gap(stream: OpenStream, entry: StoredEntry): void {
    stream.isBroken = true;
    const message = `version ${stream.version + 1} of the stream is missing: ${entry.version} follows ${stream.version}`;
    const place = { stream: `${stream.type}:${stream.id}`, version: stream.version + 1 };
    this.#findings.add({ code: 'stream-gap', message, ...place });
  }

  #evolve(stream: OpenStream, entry: StoredEntry, envelope: ReadEnvelope): void {
    const { kind, id } = stream;
    if (!kind) return;
    try {
      const { v, actor, data } = JSON.parse(entry.payload) as Payload;
      const event = kind.upcast(envelope.type, v, data);
      const by: Actor = { id: envelope.actorId, ...actor };
      const context = { tenantId: this.#tenantId, streamId: id, at: envelope.at, actor: by };
      const signed = kind.signedOf?.(stream.state, event, context);
      const problem = signed && this.#signatures.problemOf(signed, by);
      if (problem) this.#findings.add({ ...problem, ...placeOf(stream, entry) });
      stream.state = kind.evolve(stream.state, event, context);
    } catch (error) {
      stream.isBroken = true;
      const message = `the event does not fit into its stream: ${error instanceof Error ? error.message : error}`;
      this.#findings.add({ code: 'fold-failed', message, ...placeOf(stream, entry) });
    }
  }
}

function placeOf({ type, id }: OpenStream, { index, version }: StoredEntry) {
  const place = { stream: `${type}:${id}`, version };
  return index === undefined ? place : { index, ...place };
}
