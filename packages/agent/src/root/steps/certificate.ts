import { optionOf } from '#collectors/process.ts';
import type { Act, Step, StepFacts } from '#root/act.ts';
import { pathOf, siteOf } from '#root/argument.ts';
import { RefusalError } from '#root/refusal.ts';

const DAYS = '3650';
const ROTATE = { 'stoachain-cert-rotate': 2 } as const;

function files(facts: StepFacts): readonly [certificate: string, key: string] {
  return [pathOf(facts, 'certificate'), pathOf(facts, 'certificateKey')];
}

function publicName(facts: StepFacts): string {
  const name = optionOf(siteOf(facts).argv, '--p2p-hostname') ?? '';
  if (/^[a-z0-9.:-]{1,253}$/.test(name)) return name;
  throw new RefusalError('root_no_node', `the node's --p2p-hostname '${name}' is no name for a certificate`);
}

function make(facts: StepFacts): Act[] {
  const [certificate, key] = files(facts);
  const name = publicName(facts);
  const kind = /^[\d.]+$|:/.test(name) ? 'IP' : 'DNS';
  const subject = ['-subj', `/CN=${name.slice(0, 64)}`, '-addext', `subjectAltName=${kind}:${name}`];
  const made = ['-keyout', `${key}.new`, '-out', `${certificate}.new`];
  return [
    {
      argv: [
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'rsa:4096',
        '-sha256',
        '-nodes',
        '-days',
        DAYS,
        ...subject,
        ...made,
      ],
    },
    ...[certificate, key].flatMap((path): Act[] => [
      { argv: ['chown', `--reference=${path}`, '--', `${path}.new`] },
      { argv: ['chmod', `--reference=${path}`, '--', `${path}.new`] },
    ]),
    { argv: ['openssl', 'x509', '-in', `${certificate}.new`, '-noout', '-fingerprint', '-sha256'] },
  ];
}

const place = (facts: StepFacts): Act[] =>
  files(facts).flatMap((path): Act[] => [
    { argv: ['cp', '--archive', '--', path, `${path}.before`] },
    { argv: ['mv', '--no-target-directory', '--', `${path}.new`, path] },
  ]);

const back = (facts: StepFacts): Act[] =>
  files(facts).map((path): Act => ({ argv: ['mv', '--no-target-directory', '--', `${path}.before`, path] }));

export type CertificateStep =
  | 'certificate-make'
  | 'certificate-place'
  | 'certificate-back'
  | 'certbot-obtain';

export const CERTIFICATE_STEPS: Readonly<Record<CertificateStep, Step>> = {
  'certificate-make': { kinds: ROTATE, needsSite: true, acts: make },
  'certificate-place': { kinds: ROTATE, needsSite: true, acts: place },
  'certificate-back': { kinds: ROTATE, needsSite: true, acts: back },
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
