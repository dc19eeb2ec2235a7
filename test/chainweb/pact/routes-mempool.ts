import { json, type NodeRequest, type NodeResponse, plain, refused, splitPath } from '../exchange.ts';
import { type Command, readCommand, type SignedCommand } from './command.ts';
import type { PactServingNode } from './pact-node.ts';
import { parsed, signedIn, textsIn } from './request-json.ts';

/** `chain/{c}/mempool/…`, of the P2P port: what nodes ask each other. */
export function answerMempool(
  node: PactServingNode,
  request: NodeRequest,
  { chain, call }: { chain: number | undefined; call: string },
): NodeResponse | undefined {
  if (chain === undefined) return undefined;
  const mempool = node.pact.mempool(chain);
  if (call === 'getPending' && request.method === 'POST') {
    const query = splitPath(request.path).query;
    const { nonce } = mempool;
    const mark = Number(query.get('nonce')) === nonce ? Number(query.get('since') ?? 0) : 0;
    const [hashes, n] = mempool.since(mark, node.pact.isMined(chain));
    return json(200, JSON.stringify({ hashes, highwaterMark: [nonce, n] }));
  }
  const texts = textsIn(parsed(request.body ?? ''));
  if (texts === undefined) return plain(400, 'Error in $: not a list of texts');
  if (call === 'insert' && request.method === 'PUT') return insert(node, chain, texts);
  if (request.method !== 'POST') return refused(405);
  const isMined = node.pact.isMined(chain);
  const pending = texts.map((key) => (isMined(key) ? undefined : mempool.get(key)));
  if (call === 'member') return json(200, JSON.stringify(pending.map((each) => each !== undefined)));
  return call === 'lookup' ? json(200, JSON.stringify(pending.map(lookedUp))) : undefined;
}

function lookedUp(command: Command | undefined): object {
  return command === undefined
    ? { tag: 'Missing' }
    : { tag: 'Pending', contents: JSON.stringify(command.signed) };
}

function insert(node: PactServingNode, chain: number, texts: readonly string[]): NodeResponse {
  const signed = texts.map((text) => signedIn(parsed(text)));
  if (signed.includes(undefined)) return plain(400, 'Error in $: parsing a transaction failed');
  for (const each of signed) node.pact.offer(chain, readCommand(each as SignedCommand));
  return json(200, '[]');
}
