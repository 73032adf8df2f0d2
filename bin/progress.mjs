const REPORT_EVERY_MS = 15_000;

/**
 * Shows on standard error that something is going on, and for how long: one line that counts on a
 * terminal, a line now and then elsewhere. Standard output stays free for what was asked.
 *
 * @returns {{ done: (text: string) => void }}
 */
export function showProgress(text) {
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const { isTTY } = process.stderr;
  const show = () =>
    process.stderr.write(isTTY ? `\r\x1b[K${text} … ${seconds()} s` : `${text} … ${seconds()} s\n`);
  if (isTTY) show();
  else process.stderr.write(`${text} …\n`);
  const timer = setInterval(show, isTTY ? 250 : REPORT_EVERY_MS);
  timer.unref();
  return {
    done(result) {
      clearInterval(timer);
      process.stderr.write(`${isTTY ? '\r\x1b[K' : ''}${result} (${seconds()} s)\n`);
    },
  };
}
