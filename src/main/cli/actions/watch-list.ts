import { setTimeout as pause } from 'node:timers/promises';
import type { SummaryPage } from '@lapse/client';
import { renderList } from '../render/render-list.ts';
import { colours } from '../terminal/colours.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { safeLine, terminalWidth } from '../terminal/output.ts';
import { withScreen } from '../terminal/screen.ts';
import { stopSignal } from '../terminal/stop-signal.ts';
import { fitTo } from '../terminal/text-layout.ts';

/** Lines that are not rows of the table: its head, a blank one and the foot. */
const FRAME = 3;

/**
 * `lapse list --watch`: the list, drawn anew every few seconds until Ctrl-C. A server that is gone
 * for a while is said in the last line; what was seen last stays.
 */
export async function watchList(
  read: () => Promise<{ readonly data: SummaryPage; readonly now: number }>,
  totalText: (shown: number, page: SummaryPage) => string,
  seconds: number,
): Promise<void> {
  if (!process.stdout.isTTY) {
    throw usageFailure('--watch draws on a terminal', 'use --json in a loop for programs');
  }
  const signal = stopSignal();
  const ended = new AbortController();
  signal.given.then(() => ended.abort());
  await withScreen(async (draw) => {
    let table: string[] = [];
    while (!signal.isGiven) {
      let foot: string;
      try {
        const { data: page, now } = await read();
        const rows = page.items.slice(0, Math.max(0, terminalHeight() - FRAME));
        table = renderList(rows, terminalWidth(), now).split('\n');
        const total = totalText(rows.length, page);
        foot = colours.dim(`${total}, ${clock(now)}; every ${seconds} s; Ctrl-C ends`);
      } catch (error) {
        const what = safeLine(error instanceof Error ? error.message : String(error));
        foot = colours.red(fitTo(`${clock(Date.now())}: ${what}`, terminalWidth()));
      }
      draw([...table.slice(0, terminalHeight() - FRAME + 1), '', foot]);
      await pause(seconds * 1_000, undefined, { signal: ended.signal }).catch(() => {});
    }
  });
}

function terminalHeight(): number {
  return process.stdout.rows ?? 24;
}

function clock(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}
