import type { ArtefactStore, Release } from './artefact-store.ts';
import type { Obstacle } from './join-page.tsx';

/** What every host would stumble over, or should know before it joins. */
export async function obstaclesOf({
  artefacts,
  publicUrl,
}: {
  artefacts: Pick<ArtefactStore, 'release' | 'refused'>;
  publicUrl: string;
}): Promise<readonly Obstacle[]> {
  const { protocol, hostname } = new URL(publicUrl);
  const here = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  const [release, refused] = await Promise.all([artefacts.release(), artefacts.refused()]);
  return [
    ...(refused === undefined ? [] : [foreign(refused)]),
    ...(release === undefined && refused === undefined
      ? [
          {
            what: 'This hub has no signed agent to give yet.',
            fix: 'Whoever runs it makes one: pnpm build:artefact --sign SIGNER_DIR --to ARTEFACTS_DIR.',
          },
        ]
      : []),
    ...(release === undefined ? [] : trials(release)),
    ...(protocol === 'http:' && !here
      ? [
          {
            what: `Nodes would reach this hub at ${publicUrl}, and refuse: a token travels by https only.`,
            fix: 'Whoever runs it sets PUBLIC_URL to its https:// address.',
          },
        ]
      : []),
    ...(here
      ? [
          {
            what: `This hub is reached at ${publicUrl}: only hosts on its own machine can join.`,
            fix: 'Whoever runs it sets PUBLIC_URL to its https:// address.',
          },
        ]
      : []),
  ];
}

function foreign({ version, releaseRoot }: Release): Obstacle {
  return {
    what: `The agent ${version} that lies here is given to nobody: it takes releases of the root ${releaseRoot.sha256}${releaseRoot.development ? ', of development' : ''}, which this hub does not trust.`,
    fix: 'Whoever runs it builds one with the root that it trusts: pnpm build:artefact --root FILE --sign SIGNER_DIR.',
  };
}

/** An agent whose updates are nothing to count on. */
function trials({ version, releaseRoot, isOurs }: Release): readonly Obstacle[] {
  if (!releaseRoot.development) return [];
  const other = isOurs === false ? ', and of another root than this hub trusts' : '';
  return [
    {
      what: `The agent ${version} takes releases of development keys, which lie where it was built${other}: for tests only.`,
      fix: 'Whoever runs this hub builds one for others with pnpm build:artefact --root FILE.',
    },
  ];
}
