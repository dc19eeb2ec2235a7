import { createRoute, z } from '@hono/zod-openapi';
import { PLATFORMS, TARGET_KINDS } from '@stoa/protocol/release';
import { viewerWith } from '#api-keys/index.ts';
import { type ReleaseRow, type ReleaseViews, releaseHoldersOf } from '#releases/index.ts';
import type { HubContext } from '../http.ts';
import { notFound } from '../http-error.ts';
import { isAtLeast } from '../viewer.ts';
import { type Api, access, FAILURES, iso, json } from './route.ts';

export interface ReleaseApiDeps {
  readonly releases: Pick<ReleaseViews, 'list'>;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.iso.datetime();

const releaseSchema = z
  .strictObject({
    targets: z.int().openapi({ description: 'Version of the signed metadata: names the release.' }),
    release: z.string().openapi({ example: '1.2.3' }),
    sha256: sha256.openapi({
      description: 'Of what was signed: what holders compare, and rings are drawn by.',
    }),
    state: z.enum(['in force', 'earlier', 'revoked']),
    floor: z.string().openapi({ description: 'What is older runs for updating only.' }),
    security: z.boolean(),
    notes: z.string(),
    signers: z.array(z.string()).openapi({ description: 'Holders of the keys that signed.' }),
    expiresAt: instant,
    publishedAt: instant.nullable(),
    publishedBy: z.string().nullable(),
    sbom: sha256.nullable().openapi({ description: 'Fetch it from /releases/targets/…' }),
    files: z.array(
      z.strictObject({
        path: z.string(),
        kind: z.enum(TARGET_KINDS),
        platform: z.enum(PLATFORMS),
        version: z.string(),
        node: z.string(),
        sha256,
        bytes: z.int(),
      }),
    ),
  })
  .openapi('Release');

const releasesSchema = z
  .strictObject({
    root: z
      .int()
      .nullable()
      .openapi({ description: 'Version of the newest root; null where none is trusted.' }),
    mirrorOf: z.string().nullable(),
    fault: z.string().nullable().openapi({ description: 'Why the last attempt to keep it fresh failed.' }),
    ends: z.array(z.strictObject({ what: z.string(), at: instant, due: z.boolean() })),
    releases: z.array(releaseSchema),
  })
  .openapi('Releases');

const list = createRoute({
  method: 'get',
  path: '/api/v1/releases',
  summary: 'Releases of the agent that were published, for admins',
  ...access('nodes:read'),
  responses: { ...FAILURES, 200: json(releasesSchema, 'The one in force first') },
});

export function addReleaseRoutes(api: Api, { releases }: ReleaseApiDeps): void {
  api.openapi(list, async (c) => {
    requireAdmin(c);
    const {
      standing,
      rows,
      ends,
      mirrorOf = null,
      broken,
      fault = broken ?? null,
      now,
    } = await releases.list();
    const holders = (ids: readonly string[]) =>
      standing === undefined ? [] : [...releaseHoldersOf(standing.root, ids)];
    return c.json(
      {
        ...{ root: standing?.root.version ?? null, mirrorOf, fault },
        ends: ends.map(({ name, notAfter, warnMs }) => ({
          ...{ what: name, at: iso(notAfter), due: now > notAfter - warnMs },
        })),
        releases: rows.map((row) => told(row, holders(row.release.signers))),
      },
      200,
    );
  });
}

/** As the page: its being there is nobody else's business. */
function requireAdmin(c: HubContext): void {
  if (!isAtLeast(viewerWith(c, 'nodes:read'), 'modern')) throw notFound('This address');
}

function told({ release, state, published }: ReleaseRow, signers: string[]): z.infer<typeof releaseSchema> {
  return {
    targets: release.version,
    release: release.release,
    ...{ sha256: release.sha256, state, floor: release.floor, security: release.security },
    ...{ notes: release.notes, signers, expiresAt: iso(release.expiresAt) },
    publishedAt: published === undefined ? null : iso(published.at),
    publishedBy: published?.by ?? null,
    sbom: release.sbom?.sha256 ?? null,
    files: release.targets.map(({ path, sha256: hash, length, custom }) => ({
      ...{ path, kind: custom.kind, platform: custom.platform, version: custom.version, node: custom.node },
      ...{ sha256: hash, bytes: length },
    })),
  };
}
