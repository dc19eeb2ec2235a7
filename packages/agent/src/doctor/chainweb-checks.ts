import type { ChainwebDeps } from '#collectors/chainweb-api.ts';
import { pollCut } from '#collectors/chainweb-cut.ts';
import { askP2p, askService } from '#collectors/chainweb-info.ts';
import { type Check, type Finding, fail, ok, type Patient, warn } from '#doctor/check.ts';
import { describeError } from '#error.ts';

const FEWEST_PEERS = 2;

export const CHAINWEB_CHECKS: readonly Check[] = [
  { id: 'chainweb-service', title: 'Service API of the chainweb node', run: checkService },
  { id: 'chainweb-p2p', title: 'P2P port of the chainweb node', run: checkP2p },
];

function nodeOf({ nodeHttp, clock, config }: Patient): ChainwebDeps {
  const { chainwebUrl: serviceUrl, chainwebP2pUrl: p2pUrl, network } = config;
  return { http: nodeHttp, clock, serviceUrl, p2pUrl, network };
}

async function checkService(patient: Patient, signal: AbortSignal): Promise<Finding> {
  const node = nodeOf(patient);
  try {
    const [{ version }, { tips, height }] = await Promise.all([
      askService(node, signal),
      pollCut(node, signal),
    ]);
    const mean = Math.round(height / Math.max(1, tips.length));
    return ok(`chainweb-node ${version} of '${node.network}', ${tips.length} chains at height ${mean}`);
  } catch (error) {
    const { code, message } = describeError(error);
    return fail(
      message,
      SERVICE_FIX[code] ?? `Start the node, or name its service API: --chainweb-url (now ${node.serviceUrl})`,
    );
  }
}

const SERVICE_FIX: Readonly<Record<string, string>> = {
  wrong_network: 'Set --network to the node’s network, or --chainweb-url to a node of the right one',
  chainweb_status:
    'Set --network to the node’s network, or --chainweb-url to its service port (not the P2P port)',
  http_timeout: 'The node listens and does not answer: look at its log, its disk and its memory',
};

async function checkP2p(patient: Patient, signal: AbortSignal): Promise<Finding> {
  const node = nodeOf(patient);
  try {
    const { peers, tlsFingerprint } = await askP2p(node, signal);
    const why = `${peers} peers${tlsFingerprint ? `, certificate ${tlsFingerprint}` : ''}`;
    return peers >= FEWEST_PEERS
      ? ok(why)
      : warn(
          `${why}; ${FEWEST_PEERS} are needed to earn`,
          'Open port 1789 inbound, and check --p2p-hostname of the node',
        );
  } catch (error) {
    return fail(
      describeError(error).message,
      `Start the node, or name its P2P port: --chainweb-p2p-url (now ${node.p2pUrl})`,
    );
  }
}
