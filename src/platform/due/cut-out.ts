/**
 * Runs a batch as a whole; where it fails, in halves, until the row that cannot be done is alone and
 * is handed to `quarantine`. All other rows are done. Errors that say nothing about the rows (the
 * database is gone) are passed on by `isAboutRows` answering false.
 */
export async function cutOutPoison<Row>(
  rows: readonly Row[],
  run: (rows: readonly Row[]) => Promise<void>,
  quarantine: (row: Row, error: unknown) => Promise<void>,
  isAboutRows: (error: unknown) => boolean,
): Promise<void> {
  if (rows.length === 0) return;
  try {
    await run(rows);
  } catch (error) {
    if (!isAboutRows(error)) throw error;
    const [only] = rows;
    if (rows.length === 1 && only !== undefined) return quarantine(only, error);
    const middle = Math.ceil(rows.length / 2);
    await cutOutPoison(rows.slice(0, middle), run, quarantine, isAboutRows);
    await cutOutPoison(rows.slice(middle), run, quarantine, isAboutRows);
  }
}
