import { CheckpointError } from './error.ts';
import { decodeHeaderText, encodeHeaderText, type Header } from './header.ts';
import { type ChainwebNetwork, networkByName, networks } from './network.ts';
import { validateAlone } from './validation.ts';

/**
 * The headers from which a light client verifies everything else: pinned with a release or by the operator, trusted
 * without proof. One per chain and all at one height, so that each next block finds its parent and its adjacent parents
 * among them.
 *
 * Its file is JSON: `{"network":"stoa","headers":["<base64url of 318 bytes>", ...]}`.
 */
export interface Checkpoint {
  readonly network: ChainwebNetwork;
  readonly height: number;
  /** By chain. */
  readonly headers: readonly Header[];
}

/** @throws CheckpointError unless the headers are whole, mined, braided and complete. */
export function createCheckpoint(network: ChainwebNetwork, headers: readonly Header[]): Checkpoint {
  const ordered = headers.toSorted((a, b) => a.chain - b.chain);
  const [first] = ordered;
  if (first === undefined || ordered.length !== network.graph.length) {
    throw new CheckpointError(
      `a checkpoint of ${network.name} has ${network.graph.length} headers, not ${ordered.length}`,
    );
  }
  for (const [chain, header] of ordered.entries()) {
    if (header.chain !== chain) {
      throw new CheckpointError(`the checkpoint has no header of chain ${chain}`);
    }
    if (header.height !== first.height) {
      throw new CheckpointError(
        `chain ${chain} stands at height ${header.height}, chain 0 at ${first.height}: all must be equal`,
      );
    }
    checkHeader(header, ordered, network);
  }
  return { network, height: first.height, headers: ordered };
}

function checkHeader(header: Header, all: readonly Header[], network: ChainwebNetwork): void {
  const verdict = validateAlone(header, network);
  // Genesis blocks are constants of the network and were never mined.
  if (!verdict.valid && !(header.height === 0 && verdict.code === 'wrong_work')) {
    throw new CheckpointError(`the header of chain ${header.chain} is invalid: ${verdict.why}`);
  }
  const stranger = header.adjacents.find(({ chain, hash }) => all[chain]?.parent !== hash);
  if (stranger !== undefined) {
    throw new CheckpointError(
      `chain ${header.chain} rests on another block of chain ${stranger.chain} than that chain itself: two forks are mixed`,
    );
  }
}

export function formatCheckpoint(checkpoint: Checkpoint): string {
  const file = { network: checkpoint.network.name, headers: checkpoint.headers.map(encodeHeaderText) };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** @throws CheckpointError naming what is wrong with the file. */
export function parseCheckpoint(json: string): Checkpoint {
  let file: unknown;
  try {
    file = JSON.parse(json);
  } catch (cause) {
    throw new CheckpointError('a checkpoint file has to be JSON', { cause });
  }
  const name = typeof file === 'object' && file !== null && 'network' in file ? file.network : undefined;
  const texts = typeof file === 'object' && file !== null && 'headers' in file ? file.headers : undefined;
  const network = typeof name === 'string' ? networkByName(name) : undefined;
  if (network === undefined) {
    const known = networks.map((each) => `"${each.name}"`).join(' or ');
    throw new CheckpointError(`the checkpoint is for network ${JSON.stringify(name)}, expected ${known}`);
  }
  if (!Array.isArray(texts)) {
    throw new CheckpointError('the checkpoint has no list of headers');
  }
  return createCheckpoint(network, texts.map(decodeEntry));
}

function decodeEntry(text: unknown, index: number): Header {
  try {
    return decodeHeaderText(String(text));
  } catch (cause) {
    throw new CheckpointError(`entry ${index} of the checkpoint is no header`, { cause });
  }
}
