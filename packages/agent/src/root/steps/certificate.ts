import { toHex } from '@stoa/protocol';
import { optionOf } from '#collectors/process.ts';
import type { Act, Step, StepFacts } from '#root/act.ts';
import { pathOf, siteOf } from '#root/argument.ts';
import { RefusalError } from '#root/refusal.ts';
import { controlActs } from '#root/steps/control.ts';

const DAYS = '3650';
const MADE = 'certificate-made';
const ROTATES = {
  kinds: { 'stoachain-cert-rotate': 3 },
  needsSite: true,
  whole: true,
  touches: ['certificate', 'certificateKey'],
} as const satisfies Omit<Step, 'acts'>;

type Half = readonly [name: string, path: string];

function pair(facts: StepFacts): readonly [certificate: Half, key: Half] {
  return [
    ['certificate', pathOf(facts, 'certificate')],
    ['key', pathOf(facts, 'certificateKey')],
  ];
}

/** Of this node: both pairs lie there until it is up with one of them. */
const workshop = ({ paths, job }: StepFacts): string => `${paths.workshop}/${toHex(job.nodeId)}`;

function publicName(facts: StepFacts): string {
  const name = optionOf(siteOf(facts).argv, '--p2p-hostname') ?? '';
  if (/^[a-z0-9.:-]{1,253}$/.test(name)) return name;
  throw new RefusalError('root_no_node', `the node's --p2p-hostname '${name}' is no name for a certificate`);
}

/** In a directory of root's alone: in the node's own, somebody could lead openssl elsewhere by a link. */
function make(facts: StepFacts): Act[] {
  const name = publicName(facts);
  const place = workshop(facts);
  const kind = /^[\d.]+$|:/.test(name) ? 'IP' : 'DNS';
  const subject = ['-subj', `/CN=${name.slice(0, 64)}`, '-addext', `subjectAltName=${kind}:${name}`];
  const made = ['-keyout', `${place}/key.new`, '-out', `${place}/certificate.new`];
  const request = ['req', '-x509', '-newkey', 'rsa:4096', '-sha256', '-nodes', '-days', DAYS];
  return [
    discard(facts),
    { argv: ['mkdir', '--parents', '--mode=700', '--', facts.paths.workshop, place] },
    ...pair(facts).map(([half, path]) => copy(path, `${place}/${half}.before`)),
    { argv: ['openssl', ...request, ...subject, ...made] },
    ...pair(facts).flatMap(([half, path]): Act[] => [
      { argv: ['chown', `--reference=${path}`, '--', `${place}/${half}.new`] },
      { argv: ['chmod', `--reference=${path}`, '--', `${place}/${half}.new`] },
    ]),
    { argv: ['openssl', 'x509', '-in', `${place}/certificate.new`, '-noout', '-fingerprint', '-sha256'] },
  ];
}

const discard = (facts: StepFacts): Act => ({
  argv: ['rm', '--recursive', '--force', '--', workshop(facts)],
});
/** A link is copied as a link, and one that lies in the way is not followed. */
const copy = (from: string, to: string): Act => ({
  argv: ['cp', '--archive', '--remove-destination', '--no-target-directory', '--', from, to],
});
const made = (facts: StepFacts): string => {
  if (facts.marks.includes(MADE)) return workshop(facts);
  throw new RefusalError('root_bad_args', 'this job has made no certificate');
};

/** All bytes are beside their places before the first is exchanged; a cut between the two is set right by `certificate-back`. */
function exchange(facts: StepFacts, which: 'new' | 'before'): Act[] {
  const place = made(facts);
  return [
    ...pair(facts).map(([half, path]) => copy(`${place}/${half}.${which}`, `${path}.new`)),
    ...pair(facts).map(
      ([, path]): Act => ({ argv: ['mv', '--no-target-directory', '--', `${path}.new`, path] }),
    ),
  ];
}

const place = (facts: StepFacts): Act[] => [
  ...pair(facts).map(([half, path]) => copy(`${made(facts)}/${half}.before`, `${path}.before`)),
  ...exchange(facts, 'new'),
];

export type CertificateStep =
  | 'certificate-make'
  | 'certificate-place'
  | 'certificate-back'
  | 'certificate-forget'
  | 'certbot-obtain';

export const CERTIFICATE_STEPS: Readonly<Record<CertificateStep, Step>> = {
  'certificate-make': { ...ROTATES, unproves: MADE, acts: make, effect: () => ({ mark: MADE }) },
  'certificate-place': { ...ROTATES, acts: place },
  'certificate-back': {
    ...ROTATES,
    acts: (facts) => [...exchange(facts, 'before'), ...controlActs(siteOf(facts), 'restart')],
  },
  'certificate-forget': { ...ROTATES, acts: (facts) => [discard(facts)] },
  'certbot-obtain': {
    kinds: { 'stoachain-certbot-obtain': 3 },
    acts: ({ params }) => [
      {
        argv: [
          ...([
            'certbot',
            'certonly',
            '--standalone',
            '--preferred-challenges',
            'http',
            '--non-interactive',
          ] as const),
          ...['--agree-tos', '--keep-until-expiring'],
          `--email=${String(params['email'])}`,
          `--domain=${String(params['domain'])}`,
        ],
        network: true,
      },
    ],
  },
};
