import picocolors from 'picocolors';

/** Colours for standard output: none into a pipe or a file, none where NO_COLOR is set. */
export const colours = picocolors.createColors(areWanted(process.stdout));
/** Colours for standard error. */
export const errorColours = picocolors.createColors(areWanted(process.stderr));

function areWanted(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  return stream.isTTY === true && TERM !== 'dumb';
}
