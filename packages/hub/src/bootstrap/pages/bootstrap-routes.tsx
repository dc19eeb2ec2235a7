import { requireFresh } from '#accounts/index.ts';
import { mapAtOnce } from '../../at-once.ts';
import { type Faults, readForm, type Typed } from '../../console/form.tsx';
import { href } from '../../console/scope.ts';
import type { HubApp, HubContext } from '../../http.ts';
import { HttpError, notFound } from '../../http-error.ts';
import { placeOf, type SshTarget } from '../../seams/ssh-pool/index.ts';
import { isAtLeast, type Viewer, viewerOf } from '../../viewer.ts';
import { type BootstrapDesk, isOfHost, type ShownHost } from '../desk.ts';
import { BootstrapError } from '../error.ts';
import { type HostLine, parseHostList } from '../host-list.ts';
import type { BootstrapPagesDeps } from './deps.ts';
import { acceptForm, beginForm, listForm, loginOf, placeForm } from './forms.ts';
import { BegunPage, HostsPage, KeysPage } from './hosts-page.tsx';
import { KeyPage, PlacePage } from './place-page.tsx';
import { SealedList } from './sealed-list.ts';

/** In one request: their keys are asked for while the browser waits. */
const MOST_HOSTS = 100;
const LOOKS_AT_ONCE = 16;
const HEAD = { title: 'Bootstrap over SSH', nav: 'bootstrap' };

/** Bare hosts: look at the key, accept it, and go to the job. For admins only. */
export function mountBootstrap(app: HubApp, deps: BootstrapPagesDeps): void {
  const { desk, guard, clock } = deps;
  const lists = new SealedList({ vault: deps.vault, now: () => clock.now() });
  const admin = (c: HubContext): Viewer => {
    const viewer = viewerOf(c);
    if (!isAtLeast(viewer, 'ancient')) throw notFound('This page');
    return viewer;
  };
  const fresh = (c: HubContext): Viewer => {
    const viewer = admin(c);
    requireFresh(viewer, clock.now());
    return viewer;
  };
  app.use('/bootstrap', guard);
  app.use('/bootstrap/*', guard);
  app.get('/bootstrap', (c) => {
    const { email } = admin(c);
    return c.render(<PlacePage typed={{ owner: email, ...c.req.query() }} />, HEAD);
  });
  app.post('/bootstrap', async (c) => {
    const viewer = fresh(c);
    const form = await readForm(c, placeForm);
    if (!form.ok) return again(c, <PlacePage {...form} />);
    const typed = typedFrom({ ...form.value, port: `${form.value.port}`, tags: form.value.tags.join(' ') });
    const looked = await look(desk, viewer, form.value);
    if ('why' in looked) return again(c, <PlacePage typed={typed} faults={{ host: looked.why }} />);
    return c.render(<KeyPage shown={looked.shown} typed={typed} />, HEAD);
  });
  app.get('/bootstrap/begin', (c) => c.redirect(href('/bootstrap'), 303));
  app.post('/bootstrap/begin', async (c) => {
    const viewer = fresh(c);
    const form = await readForm(c, beginForm);
    const login = form.ok ? loginOf(form.value) : undefined;
    if (form.ok && login !== undefined) {
      const jobId = await told(desk.bootstrap(viewer, { ...form.value, login }));
      return c.redirect(href(`/jobs/${jobId}`), 303);
    }
    return await askAgain(c, deps, {
      viewer,
      form: form.ok ? { typed: asTyped(form.value), faults: ONE } : form,
    });
  });
  app.get('/bootstrap/hosts', (c) =>
    c.render(<HostsPage typed={{ owner: admin(c).email }} most={MOST_HOSTS} />, HEAD),
  );
  app.post('/bootstrap/hosts', async (c) => {
    const viewer = fresh(c);
    const form = await readForm(c, listForm);
    if (!form.ok) return again(c, <HostsPage {...form} most={MOST_HOSTS} />);
    const { owner, tags } = form.value;
    const read = readList(form.value.csv);
    if ('fault' in read)
      return again(
        c,
        <HostsPage typed={{ owner, tags: tags.join(' ') }} faults={{ csv: read.fault }} most={MOST_HOSTS} />,
      );
    const looked = await mapAtOnce(read.lines, LOOKS_AT_ONCE, (line) => look(desk, viewer, line));
    const hosts = read.lines.flatMap((line, at) => {
      const found = looked[at]!;
      return 'shown' in found
        ? [{ ...line, place: found.place, fingerprint: found.shown.key.fingerprint }]
        : [];
    });
    const sealed = lists.seal(viewer.email, { owner, tags, hosts });
    return c.render(<KeysPage looked={looked} sealed={sealed} />, HEAD);
  });
  app.get('/bootstrap/hosts/begin', (c) => c.redirect(href('/bootstrap/hosts'), 303));
  app.post('/bootstrap/hosts/begin', async (c) => {
    const viewer = fresh(c);
    const form = await readForm(c, acceptForm);
    if (!form.ok) throw badForm();
    const { hosts, owner, tags } = lists.open(viewer.email, form.value.sealed);
    const accepted = new Set([form.value.place ?? []].flat());
    const chosen = hosts.filter((each) => accepted.has(each.place));
    const begun = await mapAtOnce(chosen, LOOKS_AT_ONCE, async ({ place, password, ...host }) => {
      const login = { kind: 'password', password } as const;
      try {
        return { place, jobId: await desk.bootstrap(viewer, { ...host, owner, tags, login }) };
      } catch (error) {
        return whyNot(place)(error);
      }
    });
    if (begun.length === 0) throw badForm();
    if (begun.every((each) => 'jobId' in each)) return c.redirect(href('/jobs?kind=bootstrap'), 303);
    return c.render(<BegunPage begun={begun} />, HEAD);
  });
}

const ONE: Faults = { password: 'Either a password or a key.' };

/** Step 2 anew, by the key that the host shows now: without what was typed as a secret. */
async function askAgain(
  c: HubContext,
  { desk }: BootstrapPagesDeps,
  { viewer, form }: { viewer: Viewer; form: { typed: Typed; faults: Faults } },
): Promise<Response> {
  const { typed, faults } = form;
  const place = placeForm.safeParse(
    Object.fromEntries(Object.keys(placeForm.shape).map((name) => [name, typed[name]])),
  );
  if (!place.success) return again(c, <PlacePage typed={typed} faults={faults} />);
  const looked = await look(desk, viewer, place.data);
  if ('why' in looked) return again(c, <PlacePage typed={typed} faults={{ host: looked.why }} />);
  return again(c, <KeyPage shown={looked.shown} typed={typed} faults={faults} />);
}

function again(c: HubContext, page: Parameters<HubContext['render']>[0]): Response | Promise<Response> {
  c.status(422);
  return c.render(page, HEAD);
}

function asTyped({
  port,
  tags,
  ...rest
}: { port: number; tags: readonly string[] } & Record<string, unknown>): Typed {
  return typedFrom({ ...rest, port: `${port}`, tags: tags.join(' ') });
}

function typedFrom(values: Readonly<Record<string, unknown>>): Typed {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function readList(csv: string): { lines: readonly HostLine[] } | { fault: string } {
  try {
    const lines = parseHostList(csv);
    if (lines.length > MOST_HOSTS) return { fault: `${lines.length} hosts: ${MOST_HOSTS} at most.` };
    if (lines.some(({ password }) => password === '')) return { fault: 'Each line takes a password here.' };
    return { lines };
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    return { fault: `${error.message}.` };
  }
}

async function look(
  desk: BootstrapDesk,
  viewer: Viewer,
  target: SshTarget,
): Promise<{ place: string; shown: ShownHost } | { place: string; why: string }> {
  const place = placeOf(target);
  try {
    return { place, shown: await desk.look(viewer, target) };
  } catch (error) {
    return whyNot(place)(error);
  }
}

/** What is the host's to answer for is told; anything else is the hub's own fault. */
function whyNot(place: string): (error: unknown) => { place: string; why: string } {
  return (error) => {
    if (isOfHost(error)) return { place, why: `${error.message} [${error.code}]` };
    throw error;
  };
}

async function told<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    if (!isOfHost(cause) || cause instanceof HttpError) throw cause;
    throw new HttpError(422, cause.code, `${cause.message}.`, { fix: 'Look at its key again.', cause });
  }
}

function badForm(): HttpError {
  return new HttpError(422, 'bad_form', 'No host of a list was chosen.', {
    fix: 'Send the list again, and tick the hosts whose keys are right.',
  });
}
