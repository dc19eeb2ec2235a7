import { blake2b } from '@noble/hashes/blake2.js';
import { toBase64Url, utf8 } from '@stoa/protocol';
import { json, type NodeRequest, type NodeResponse, plain } from './exchange.ts';
import type { NodeView } from './node-view.ts';

interface Command {
  readonly networkId?: unknown;
  readonly payload?: { readonly exec?: { readonly code?: unknown; readonly data?: Record<string, unknown> } };
  readonly meta?: { readonly chainId?: unknown };
}

/** One call of one account, by name or as data: all the Pact that reads of accounts take. */
const CALL = /^\(([\w.-]+) (?:\(read-msg "(\w+)"\)|"([^"\\]*)")\)$/;

/** `POST chain/{c}/pact/api/v1/local`: the bare result, as without preflight. */
export function answerLocal(node: NodeView, request: NodeRequest, chain: string): NodeResponse {
  const signed = parsed(request.body ?? '') as { cmd?: unknown; hash?: unknown } | undefined;
  if (typeof signed?.cmd !== 'string' || typeof signed.hash !== 'string')
    return plain(400, 'Validation failed: not a command');
  const hash = toBase64Url(blake2b(utf8(signed.cmd), { dkLen: 32 }));
  if (hash !== signed.hash) return plain(400, 'Validation failed: Invalid transaction hash');
  const command = parsed(signed.cmd) as Command | undefined;
  const { network } = node.chainweb;
  if (command?.networkId !== network.name || command.meta?.chainId !== chain)
    return plain(400, 'Metadata validation failed: ["Chain id mismatch"]');
  const code = String(command.payload?.exec?.code);
  const [, call, name, literal] = CALL.exec(code) ?? [];
  const account = literal ?? command.payload?.exec?.data?.[name ?? ''];
  const read =
    call === undefined || typeof account !== 'string'
      ? { error: `Cannot resolve ${code}` }
      : node.chainweb.accounts.read(call, account);
  const result =
    'data' in read
      ? { status: 'success', data: read.data }
      : { status: 'failure', error: { callStack: [], type: 'EvalError', message: read.error, info: '' } };
  return json(
    200,
    JSON.stringify({
      gas: 5,
      result,
      reqKey: hash,
      logs: hash,
      metaData: null,
      continuation: null,
      txId: null,
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
