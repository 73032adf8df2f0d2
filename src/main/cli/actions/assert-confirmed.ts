import { CommandFailure, EXIT, usageFailure } from '../terminal/command-failure.ts';
import { isInteractive } from '../terminal/output.ts';

/** What is asked before something that cannot be taken back. */
interface Question {
  readonly message: string;
  /** Why it is not done where nobody can be asked. */
  readonly why: string;
  /** What to look at before `--yes`. */
  readonly lookAt: string;
  /** What a no leaves. */
  readonly refused: string;
}

/** Asks, and goes on after a yes alone; refuses where nobody is there who could be asked. */
export async function assertConfirmed({ message, why, lookAt, refused }: Question): Promise<void> {
  if (!isInteractive()) {
    throw usageFailure(
      `${why}, and nobody is there who could be asked`,
      `look at ${lookAt}, and repeat the command with --yes`,
    );
  }
  const { confirm } = await import('@clack/prompts');
  if ((await confirm({ message, initialValue: false })) === true) return;
  throw new CommandFailure(refused, { exitCode: EXIT.refused });
}
