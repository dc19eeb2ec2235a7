import { createHash } from 'node:crypto';
import type { Component } from './components.ts';
import type { Executable } from './executables.ts';

const RULE = '='.repeat(100);

/** What the binary's licences ask to be shipped with it. */
export function licencesText(components: readonly Component[]): string {
  const texts = components.map(
    ({ name, version, licence, licenceText }) =>
      `${RULE}\n${name} ${version} (${licence})\n${RULE}\n\n${licenceText.trim()}\n`,
  );
  return `stoa-agent holds the software below, each under its own terms.\n\n${texts.join('\n')}`;
}

/** CycloneDX 1.6, of what the binaries of one version are made of. It names no time: the same build says the same. */
export function sbom(by: {
  version: string;
  components: readonly Component[];
  executables: readonly Executable[];
  strippedBy: string;
}): string {
  const { version, components, executables, strippedBy } = by;
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': 'stoa-agent',
        name: 'stoa-agent',
        version,
        properties: [{ name: 'stoa:stripped-by', value: strippedBy }],
        components: executables.map(({ platform, sha256 }) => ({
          type: 'file',
          name: `stoa-agent-${platform}`,
          hashes: [{ alg: 'SHA-256', content: sha256 }],
        })),
      },
    },
    components: components.map(entry),
    dependencies: [
      { ref: 'stoa-agent', dependsOn: components.map(reference) },
      ...components.map((component) => ({ ref: reference(component) })),
    ],
  };
  const serial = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  const text = { ...document, serialNumber: `urn:uuid:${uuidOf(serial)}` };
  return `${JSON.stringify(text, null, 2)}\n`;
}

function entry(component: Component): object {
  const { name, version, licence, integrities, parts } = component;
  return {
    type: name === 'node' ? 'platform' : 'library',
    'bom-ref': reference(component),
    name,
    version,
    purl: reference(component),
    licenses: [{ expression: licence }],
    ...(integrities.length === 1 && {
      hashes: integrities.map(({ integrity }) => ({ alg: 'SHA-512', content: hexOf(integrity) })),
    }),
    ...(integrities.length > 1 && {
      components: integrities.map(({ name: file, integrity }) => ({
        type: 'file',
        name: file,
        hashes: [{ alg: 'SHA-512', content: hexOf(integrity) }],
      })),
    }),
    ...(Object.keys(parts).length > 0 && {
      properties: Object.entries(parts).map(([part, of]) => ({ name: `stoa:holds:${part}`, value: of })),
    }),
  };
}

function reference({ name, version }: Component): string {
  return name === 'node' ? `pkg:generic/node@${version}` : `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function hexOf(integrity: string): string {
  return Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
}

/** Version 8 of RFC 9562: from a hash of our own. */
function uuidOf(hex: string): string {
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
