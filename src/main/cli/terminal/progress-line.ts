import { errorColours } from './colours.ts';

/** Shows on one line of the terminal how far something is; elsewhere a line now and then. */
export interface ProgressLine {
  /** `text` may change with every call; it is shown at most a few times a second. */
  update(text: string): void;
  /** Shows what `text` says, anew a few times a second, until it is done. */
  follow(text: (seconds: number) => string): void;
  /** Takes the line away. */
  done(): void;
}

const EVERY_MS = 100;
const EVERY_LINE_MS = 5_000;

/** Progress goes to standard error, so that the answer stays clean. */
export function progressLine(): ProgressLine {
  const isTerminal = process.stderr.isTTY === true;
  const pause = isTerminal ? EVERY_MS : EVERY_LINE_MS;
  let shownAt = isTerminal ? 0 : Date.now();
  let isShown = false;
  let timer: NodeJS.Timeout | undefined;
  const update = (text: string) => {
    const now = Date.now();
    if (now - shownAt < pause) return;
    shownAt = now;
    process.stderr.write(isTerminal ? `\r\u001b[2K${text}` : `${text}\n`);
    isShown = isTerminal;
  };
  return {
    update,
    follow(text) {
      const begin = Date.now();
      timer = setInterval(() => update(text(Math.floor((Date.now() - begin) / 1_000))), pause);
    },
    done() {
      clearInterval(timer);
      if (isShown) process.stderr.write('\r\u001b[2K');
      isShown = false;
    },
  };
}

const BAR = 24;

/** `███████░░░  30 %` */
export function barText(done: number, total: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const full = Math.round(share * BAR);
  const bar = errorColours.cyan('█'.repeat(full)) + errorColours.dim('░'.repeat(BAR - full));
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)} %`;
}
