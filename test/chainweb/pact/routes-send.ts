import { json, type NodeResponse, plain } from '../exchange.ts';
import { type Command, readCommand } from './command.ts';
import type { PactRequest } from './pact-request.ts';
import { parsed, signedIn } from './request-json.ts';

/** Takes a batch as a whole or not at all. */
export function answerSend({ node, chain, body }: PactRequest): NodeResponse {
  const batch = (parsed(body) as { cmds?: unknown } | undefined)?.cmds;
  const signed = Array.isArray(batch) ? batch.map(signedIn) : [];
  const known = signed.filter((each) => each !== undefined);
  if (known.length === 0 || known.length < signed.length)
    return plain(400, 'Error in $: parsing SubmitBatch failed');
  let commands: Command[];
  try {
    commands = known.map(readCommand);
  } catch (error) {
    return plain(400, `reading JSON for transaction failed: ${String(error)}`);
  }
  const refused = node.pact.send(chain, commands);
  if (refused.length === 0) return json(200, JSON.stringify({ requestKeys: known.map(({ hash }) => hash) }));
  const words = refused.map(([i, why]) => `Transaction ${known[i]!.hash} at index ${i} failed with: ${why}`);
  return plain(400, `One or more transactions were invalid: ${words.join(', ')}`);
}
