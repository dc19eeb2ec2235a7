import { json, type NodeResponse, plain } from '../exchange.ts';
import { timeFault } from './admission.ts';
import { type Command, readCommand, requestKeyOf, signatureFault } from './command.ts';
import { execute, look, UnminableError } from './execution.ts';
import { failure, jsonOf, type Outcome } from './outcome.ts';
import type { PactRequest } from './pact-request.ts';
import { Form, Name, readPact } from './reader.ts';
import { parsed, signedIn } from './request-json.ts';
import { Draft } from './state.ts';

/** A read of the chain, or with `preflight` what would become of a transaction. */
export function answerLocal(asked: PactRequest): NodeResponse {
  const signed = signedIn(parsed(asked.body));
  if (signed === undefined) return plain(400, 'Validation failed: not a command');
  if (requestKeyOf(signed.cmd) !== signed.hash)
    return plain(400, 'Validation failed: Invalid transaction hash');
  let command: Command;
  try {
    command = readCommand(signed);
  } catch (error) {
    return plain(400, `Validation failed: ${String(error)}`);
  }
  const fault = metadataFault(command, asked);
  if (fault !== undefined) return plain(400, `Metadata validation failed: ["${fault}"]`);
  if (asked.query.get('signatureVerification') !== 'false') {
    const why = signatureFault(command);
    if (why !== undefined) return plain(400, `Validation failed: ${why}`);
  }
  return answerCommand(asked, command);
}

function answerCommand({ node, chain, query }: PactRequest, command: Command): NodeResponse {
  const { ledger } = node.chainweb;
  const { header: parent } = node.ancestor(chain, Number(query.get('rewindDepth') ?? 0));
  const { modules, provenStep } = ledger;
  const by = { modules, provenStep, draft: new Draft(ledger.stateOf(parent)), place: { parent } };
  // As of the block that would come next, which has no hash yet.
  const metaData = {
    blockHeight: parent.height + 1,
    blockTime: Number(parent.creationTime),
    prevBlockHash: parent.hash,
  };
  if (query.get('preflight') !== 'true') {
    const answer = setAnswer(command, node.chainweb.accounts) ?? look(command, by);
    return json(200, jsonOf(answer, metaData));
  }
  const result = jsonOf(preflight(command, by), metaData);
  return json(200, `{"preflightResult":${result},"preflightWarnings":[]}`);
}

function preflight(command: Command, by: Parameters<typeof look>[1]): Outcome {
  try {
    return execute(command, { ...by, miner: 'NoMiner' });
  } catch (error) {
    if (!(error instanceof UnminableError)) throw error;
    return { ...empty(command), result: failure(error.message) };
  }
}

/** What is not about the chain's state. Reads are held to their chain and network alone. */
function metadataFault(command: Command, { node, chain, query }: PactRequest): string | undefined {
  if (command.chainId !== String(chain)) return 'Chain id mismatch';
  const { networkId, gasLimitOfBlock } = node.settings;
  if (command.networkId !== networkId) return 'Network id mismatch';
  if (query.get('preflight') !== 'true') return undefined;
  if (command.gasLimit > gasLimitOfBlock) return 'Transaction Gas limit exceeds block gas limit';
  if (command.priceText !== undefined) return 'Gas price decimal precision too high';
  if (command.signed.sigs.length > 100) return 'Signature list size too big';
  // By the parent's time, as a block takes it, and not by the clock of the node.
  const { header } = node.ancestor(chain, Number(query.get('rewindDepth') ?? 0));
  return timeFault(command, Number(header.creationTime) / 1e6) === undefined
    ? undefined
    : 'Tx time outside of valid range';
}

/** A call of a module that is no contract here, but has answers that were set for it. */
function setAnswer(
  command: Command,
  accounts: { read(call: string, account: string): { data: object } | { error: string } | undefined },
): Outcome | undefined {
  const { payload } = command;
  if (!('code' in payload)) return undefined;
  const [call] = readPact(payload.code);
  if (!(call instanceof Form)) return undefined;
  const [name, argument] = call.items;
  if (!(name instanceof Name)) return undefined;
  const account = argument instanceof Form ? payload.data[String(argument.items[1])] : argument;
  const answer = accounts.read(name.text, String(account));
  if (answer === undefined) return undefined;
  const result =
    'data' in answer ? { status: 'success' as const, data: answer.data as never } : failure(answer.error);
  return { ...empty(command), gas: 5, result };
}

function empty({ key }: Command): Omit<Outcome, 'result'> {
  return { reqKey: key, gas: 0, logs: key, events: [], continuation: null, txId: null };
}
