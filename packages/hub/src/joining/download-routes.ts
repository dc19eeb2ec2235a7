import { z } from 'zod';
import type { HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Log } from '../log.ts';
import { sendFile } from '../send-file.ts';
import type { Archive, ArtefactStore, Release } from './artefact-store.ts';
import type { Installer } from './installer.ts';
import type { JoinSteps } from './steps.ts';

export interface DownloadDeps {
  readonly artefacts: ArtefactStore;
  readonly installer: Installer;
  readonly steps: JoinSteps;
  readonly log: Log;
}

const line = z.string().max(1_000);
/** As `stoa-agent doctor --report` writes it. */
const doctorReport = z.object({
  result: z.enum(['ok', 'warn', 'fail']),
  checks: z
    .array(
      z.object({
        id: z.string().max(40),
        title: z.string().max(120),
        result: z.enum(['ok', 'warn', 'fail', 'skip']),
        why: line,
        fix: line.optional(),
      }),
    )
    .max(60),
});
export type DoctorReport = z.infer<typeof doctorReport>;

/** What a host fetches on its way in. Public: the signatures are what counts. */
export function downloadRoutes(deps: DownloadDeps): HttpFeature {
  const { artefacts, installer } = deps;
  return {
    mount(app: HubApp) {
      app.get('/install.sh', (c) => {
        c.header('content-type', 'text/x-shellscript; charset=utf-8');
        c.header('cache-control', 'no-cache');
        c.header('etag', `"${installer.sha256}"`);
        return c.body(installer.script);
      });
      app.get('/download/statement', async (c) => sendStatement(c, await artefacts.release()));
      app.get('/download/:version/statement', async (c) =>
        sendStatement(c, await artefacts.release(c.req.param('version'))),
      );
      app.get('/download/sha256/:sha256', async (c) => {
        const archive = await artefacts.archive(c.req.param('sha256'));
        if (archive === undefined) throw notFound('This archive');
        return sendArchive(c, archive, deps);
      });
      app.post('/join-report', async (c) => {
        const report = doctorReport.safeParse(await c.req.json().catch(() => undefined));
        if (!report.success)
          throw new HttpError(400, 'bad_report', 'This is no report of the doctor.', {
            fix: 'Send what `stoa-agent doctor --report FILE` writes.',
          });
        const written = await deps.steps.mark(c.req.header('stoa-join') ?? '', 'doctor', report.data);
        if (!written) throw notFound('This join token');
        return c.body(null, 204);
      });
    },
  };
}

function sendStatement(c: HubContext, release: Release | undefined): Response {
  if (release === undefined)
    throw new HttpError(404, 'no_agent', 'This hub has no signed agent of that version.', {
      fix: 'Whoever runs it builds one with `pnpm build:artefact --sign` into its ARTEFACTS_DIR.',
    });
  c.header('content-type', 'text/plain; charset=utf-8');
  c.header('cache-control', 'no-cache');
  return c.body(release.statement);
}

function sendArchive(c: HubContext, { path, name, sha256, size }: Archive, deps: DownloadDeps): Response {
  return sendFile(c, {
    ...{ path, size, etag: sha256, contentType: 'application/gzip', filename: name },
    sent: () => told(deps, c.req.header('stoa-join') ?? '', name),
  });
}

function told({ steps, log }: DownloadDeps, tokenId: string, name: string): void {
  steps.mark(tokenId, 'downloaded', { name }).catch((err: unknown) => {
    log.warn({ err }, 'a download could not be noted');
  });
}
