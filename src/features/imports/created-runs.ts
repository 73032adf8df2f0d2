/**
 * Which records of a file an import made, short enough to be remembered under an idempotency key:
 * lengths of runs in the order of the file, made and unchanged in turn, beginning with made. A file
 * of 500 new records is `500`; with the tenth known before it is `9,1,490`.
 */
export function encodeRuns(made: readonly boolean[]): string {
  const runs: number[] = [];
  let expected = true;
  let length = 0;
  for (const one of made) {
    if (one !== expected) {
      runs.push(length);
      expected = one;
      length = 0;
    }
    length += 1;
  }
  runs.push(length);
  return runs.join(',');
}

/** Whether each record of the file was made, in order; false beyond the last. */
export function* decodeRuns(text: string): Generator<boolean, undefined> {
  let made = true;
  for (const length of text.split(',')) {
    for (let i = 0; i < Number(length); i += 1) yield made;
    made = !made;
  }
  return undefined;
}
