import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../../build/find-chromium.ts';

/** It may have to be downloaded first. */
export const CHROMIUM_TIMEOUT_MS = 10 * 60_000;

/**
 * Starts Chromium with a profile of its own that is thrown away, after installing it where it is
 * missing; nothing of it calls home.
 * @throws with what the installer said where Chromium can be neither found nor installed.
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = await findChromium((text) => process.stderr.write(`${text}\n`));
  const args = [
    // Its sandbox does not start as root, which is who containers run tests as.
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  try {
    return await chromium.launch({ executablePath, args });
  } catch (error) {
    throw new Error(
      `Chromium (${executablePath}) does not start here: ${(error as Error).message}`,
    );
  }
}
