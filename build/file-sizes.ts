import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = dirname(import.meta.dirname);
const FOLDERS = ['src', 'test', 'bench', 'build', 'bin', 'packages', 'web', 'migrations'];
const SOURCES = /\.(ts|tsx|mts|mjs|js|cjs|css|sql)$/;
const EXEMPT = /(^|\/)(node_modules|dist|\.[^/]+)\/|\.gen\.ts$|^test\/vectors\//;
const LONGEST = 500;
const LONG = 300;

/** Refuses files of more than 500 lines, warns of those over 300; generated ones are exempt. */
export function checkFileSizes(): { problems: string[]; warnings: string[] } {
  const long = FOLDERS.flatMap(filesIn)
    .map((path) => ({ path, lines: countLines(path) }))
    .filter(({ lines }) => lines > LONG)
    .sort((one, other) => other.lines - one.lines);
  const describe = ({ path, lines }: { path: string; lines: number }) =>
    `${path} has ${lines} lines; split it by use case (${LONGEST} at most, ${LONG} is long)`;
  return {
    problems: long.filter(({ lines }) => lines > LONGEST).map(describe),
    warnings: long.filter(({ lines }) => lines <= LONGEST).map(describe),
  };
}

function filesIn(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name}`)
    .filter((path) => SOURCES.test(path) && !EXEMPT.test(path));
}

function countLines(path: string): number {
  return readFileSync(join(ROOT, path), 'utf8').trimEnd().split('\n').length;
}
