const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const TO_END_OF_LINE = '\u001b[K';
const TO_END_OF_SCREEN = '\u001b[J';

/** Draws on a screen of its own, and gives the terminal back as it was, whatever happens. */
export async function withScreen(
  work: (draw: (lines: readonly string[]) => void) => Promise<void>,
): Promise<void> {
  const leave = () => process.stdout.write(LEAVE);
  process.stdout.write(ENTER);
  process.on('exit', leave);
  try {
    // In one write, over what stands there: clearing first would flicker.
    await work((lines) => {
      const text = lines.map((line) => `${line}${TO_END_OF_LINE}`).join('\r\n');
      process.stdout.write(HOME + text + TO_END_OF_SCREEN);
    });
  } finally {
    process.off('exit', leave);
    leave();
  }
}
