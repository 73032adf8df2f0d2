/**
 * What the engine is told of a server's memory. By itself it lets garbage grow to several times what
 * is in use before it collects, so that a worker with much to do, or a server that streams a whole
 * register, would hold two to three times the memory of one with little. Nothing here is a limit
 * that a large batch could run into.
 */
const FLAGS = {
  // A smaller young generation costs requests up to half as much processor time again.
  serve: ['--max-semi-space-size=16', '--heap-growing-percent=20'],
  work: ['--max-semi-space-size=1', '--heap-growing-percent=30'],
};

/**
 * The options of Node for a command line of Lapse.
 * @param {readonly string[]} args
 */
export function heapFlags(args) {
  const command = args.find((arg) => !arg.startsWith('-'));
  return Object.hasOwn(FLAGS, command ?? '') ? FLAGS[command] : [];
}
