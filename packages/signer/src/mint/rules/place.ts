import { epochOf, MINT_CHAINS } from '@stoa/protocol/mint';
import { senderOf } from '#mint/config.ts';
import { type Rule, refuseUnless } from '#mint/rules/rule.ts';

const LEADS_A_DAY = 1_000;

/** Known contract and module hash, network, account and key: what a hub believes is what this signer was made for. */
export const knownPlace: Rule = ({ setting }, { config, state }) => {
  const known = {
    ...{ networkId: config.networkId, namespace: config.namespace, module: config.module },
    ...{ moduleHash: config.moduleHash, publicKey: state.publicKey },
    sender: senderOf(config, state.publicKey),
  };
  for (const [field, expected] of Object.entries(known)) {
    const asked = setting[field as keyof typeof known];
    refuseUnless(
      asked === expected,
      'mint_wrong_place',
      `${field} is '${asked}', this signer signs for '${expected}' alone`,
    );
  }
};

export const knownChain: Rule = ({ setting: { chain } }) => {
  refuseUnless(
    Number.isInteger(chain) && chain >= 0 && chain < MINT_CHAINS,
    'mint_wrong_place',
    `chain ${chain} is none of the ${MINT_CHAINS} that have registers`,
  );
};

export const notKilled: Rule = (_ask, { state: { killed } }) => {
  refuseUnless(
    killed === undefined,
    'mint_killed',
    `it was stopped (${killed}); 'signer mint revive' lets it go on`,
  );
};

/** Who was followed by another leader is asked no more: two that lead would work against each other. */
export const leaseNotStale: Rule = ({ ground: { leaseEpoch } }, { state, now }) => {
  refuseUnless(
    Number.isSafeInteger(leaseEpoch) && leaseEpoch >= state.lease,
    'mint_lease_stale',
    `the lease ${leaseEpoch} is below ${state.lease}, under which somebody was answered: another hub leads`,
  );
  // Each new lease is a line of the journal, which nobody may fill.
  const { leads } = state.day(epochOf(now));
  refuseUnless(
    leaseEpoch === state.lease || leads < LEADS_A_DAY,
    'mint_lease_stale',
    `the lease ${leaseEpoch} would be one more than ${LEADS_A_DAY} of today: hubs that die so often are looked at first`,
  );
};
