/**
 * What the engine is told of a worker's memory. By itself it lets garbage grow to several times what
 * is in use before it collects, so that a worker with much to do would hold two to three times the
 * memory of one with little. Nothing here is a limit that a large batch could run into.
 */
const WORKER = ['--max-semi-space-size=1', '--heap-growing-percent=30'];

/**
 * The options of Node for a command line of Lapse.
 * @param {readonly string[]} args
 */
export function heapFlags(args) {
  return args.find((arg) => !arg.startsWith('-')) === 'work' ? WORKER : [];
}
