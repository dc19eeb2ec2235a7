/**
 * `pnpm vectors`: writes test/vectors/*.json, what an implementation in another language tests itself against;
 * `--check` writes nothing and fails where a file differs from what this code would write. The same on every machine.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Json } from '../test/kit/vector-json.ts';
import { certificateVectors, evidenceVectors, joinTokenVectors, merkleVectors } from './vectors/documents.ts';
import { frameVectors, handshakeVectors } from './vectors/handshake.ts';
import { keyExchangeVectors } from './vectors/key-exchange.ts';
import { messageVectors } from './vectors/messages.ts';
import { releaseVectors } from './vectors/releases.ts';
import { signatureVectors } from './vectors/signatures.ts';
import { workVectors } from './vectors/work.ts';

const DIRECTORY = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test', 'vectors');

const FILES: Readonly<Record<string, () => Json>> = {
  'signatures.json': signatureVectors,
  'key-exchange.json': keyExchangeVectors,
  'handshake.json': handshakeVectors,
  'frames.json': frameVectors,
  'messages.json': messageVectors,
  'certificates.json': certificateVectors,
  'join-token.json': joinTokenVectors,
  'evidence.json': evidenceVectors,
  'merkle.json': merkleVectors,
  'work.json': workVectors,
  'releases.json': releaseVectors,
};

const HELP = `Usage: pnpm vectors [--check]

Writes the vectors of the protocol to test/vectors.
--check  writes nothing; exit code 1 where a file is missing, differs or is none of ours`;

function read(name: string): string | undefined {
  try {
    return readFileSync(join(DIRECTORY, name), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function check(made: ReadonlyMap<string, string>): number {
  const different = [...made].filter(([name, text]) => read(name) !== text).map(([name]) => name);
  const foreign = readdirSync(DIRECTORY).filter((name) => !made.has(name));
  for (const name of different) console.error(`${name} differs: what the protocol does has changed`);
  for (const name of foreign) console.error(`${name} is written by nobody`);
  return different.length + foreign.length === 0 ? 0 : 1;
}

function main(): number {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const made = new Map(
    Object.entries(FILES).map(([name, make]) => [name, `${JSON.stringify(make(), undefined, 2)}\n`]),
  );
  if (values.check) return check(made);
  mkdirSync(DIRECTORY, { recursive: true });
  for (const [name, text] of made) writeFileSync(join(DIRECTORY, name), text);
  console.log(`${made.size} files written to ${DIRECTORY}`);
  return 0;
}

process.exitCode = main();
