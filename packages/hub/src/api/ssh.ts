import { createRoute } from '@hono/zod-openapi';
import type { NodeAccess } from '#accounts/index.ts';
import { viewerWith } from '#api-keys/index.ts';
import {
  type AccessStore,
  type Agentless,
  type BootstrapDesk,
  isOfHost,
  LONGEST_MARK_MS,
  SSH_KINDS,
  sshKindOf,
} from '#bootstrap/index.ts';
import { placeOf, type SshLogin } from '#seams/ssh-pool/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import { parametersOut } from './parameters.ts';
import { type Api, access, FAILURES, iso, json } from './route.ts';
import { nodeIdParam } from './schemas.ts';
import {
  bootstrapBody,
  lookBody,
  lookSchema,
  markBody,
  sshJobSchema,
  sshKindsSchema,
  sshSchema,
  sshWorkBody,
} from './ssh-schemas.ts';

export interface SshApiDeps {
  readonly ssh: {
    readonly desk: BootstrapDesk;
    readonly agentless: Agentless;
    readonly access: AccessStore;
  };
  readonly nodeAccess: NodeAccess;
  readonly clock: Pick<Clock, 'now'>;
}

const IN_PERSON = 'for whoever proved to be there within five minutes, which no key does';

const body = <Schema>(schema: Schema) => ({
  required: true as const,
  content: { 'application/json': { schema } },
});
const kinds = createRoute({
  method: 'get',
  path: '/api/v1/ssh-kinds',
  summary: 'Kinds of work over SSH, with their parameters',
  ...access('jobs:read'),
  responses: { ...FAILURES, 200: json(sshKindsSchema, 'What workers can do') },
});
const look = createRoute({
  method: 'post',
  path: '/api/v1/ssh/look',
  summary: `Show the key of a host, before anything is sent to it: an admin's, ${IN_PERSON}`,
  ...access('jobs:write'),
  request: { body: body(lookBody) },
  responses: { ...FAILURES, 200: json(lookSchema, 'What it shows') },
});
const bootstrap = createRoute({
  method: 'post',
  path: '/api/v1/ssh/bootstrap',
  summary: `Make a bare host a node: an admin's, ${IN_PERSON}`,
  ...access('jobs:write'),
  request: { body: body(bootstrapBody) },
  responses: { ...FAILURES, 201: json(sshJobSchema, 'The job') },
});
const show = createRoute({
  method: 'get',
  path: '/api/v1/nodes/{id}/ssh',
  summary: 'How the hub reaches a node over SSH',
  ...access('nodes:read'),
  request: { params: nodeIdParam },
  responses: { ...FAILURES, 200: json(sshSchema, 'Its way, and its mark') },
});
const work = createRoute({
  method: 'post',
  path: '/api/v1/nodes/{id}/ssh',
  summary: `Recover, install, re-seat, repair or set the firewall over SSH: its owner's, ${IN_PERSON}`,
  ...access('jobs:write'),
  request: { params: nodeIdParam, body: body(sshWorkBody) },
  responses: { ...FAILURES, 201: json(sshJobSchema, 'The job') },
});
const mark = createRoute({
  method: 'post',
  path: '/api/v1/nodes/{id}/agentless',
  summary: `Let the hub poll a node over SSH while it has no agent: an admin's, ${IN_PERSON}`,
  ...access('nodes:write'),
  request: { params: nodeIdParam, body: body(markBody) },
  responses: { ...FAILURES, 200: json(sshSchema, 'As it is now') },
});
const unmark = createRoute({
  method: 'delete',
  path: '/api/v1/nodes/{id}/agentless',
  summary: `Remove that mark: an admin's, ${IN_PERSON}`,
  ...access('nodes:write'),
  request: { params: nodeIdParam },
  responses: { ...FAILURES, 200: json(sshSchema, 'As it is now') },
});

/** Work over SSH by JSON: the same desk and marks as the console's. */
export function addSshRoutes(api: Api, { ssh, nodeAccess, clock }: SshApiDeps): void {
  const { desk, agentless } = ssh;
  const sshOf = async (viewer: Viewer, nodeId: string) => {
    if (!(await nodeAccess.may(viewer, nodeId, 'viewer'))) throw notFound('This node');
    const [reach, held] = await Promise.all([ssh.access.ofNode(nodeId), agentless.of(nodeId)]);
    const hostKey = reach && (await ssh.access.pinned(placeOf(reach)));
    return {
      reach: reach
        ? { host: reach.host, port: reach.port, user: reach.user, hostKey: hostKey ?? null }
        : null,
      agentless: held
        ? { reason: held.reason, setBy: held.setBy, setAt: iso(held.setAt), until: iso(held.endsAt) }
        : null,
    };
  };
  api.openapi(kinds, (c) => {
    viewerWith(c, 'jobs:read');
    const listed = Object.entries(SSH_KINDS).map(([kind, { class: of, doc, undo, parameters }]) => ({
      ...{ kind, class: of, doc, undo },
      parameters: parametersOut(parameters),
    }));
    return c.json({ kinds: listed }, 200);
  });
  api.openapi(look, async (c) => {
    const viewer = viewerWith(c, 'jobs:write');
    const { place, key, pinned = null } = await asked(desk.look(viewer, c.req.valid('json')));
    return c.json({ place, type: key.type, fingerprint: key.fingerprint, pinned }, 200);
  });
  api.openapi(bootstrap, async (c) => {
    const viewer = viewerWith(c, 'jobs:write');
    const { password, privateKey, ...host } = c.req.valid('json');
    const job = await asked(desk.bootstrap(viewer, { ...host, login: loginOf({ password, privateKey }) }));
    return c.json({ job }, 201);
  });
  api.openapi(show, async (c) => {
    const viewer = viewerWith(c, 'nodes:read');
    return c.json(await sshOf(viewer, c.req.valid('param').id), 200);
  });
  api.openapi(work, async (c) => {
    const viewer = viewerWith(c, 'jobs:write');
    const { kind, allow, password } = c.req.valid('json');
    if (password !== undefined && !sshKindOf(kind).seats)
      throw badBody(`password: ${kind} takes none`, 'Leave it out: our own key signs in.');
    const job = await desk.submit(viewer, {
      ...{ kind, nodeId: c.req.valid('param').id, params: allow === undefined ? {} : { allow } },
      ...(password !== undefined && { login: { kind: 'password', password } as const }),
    });
    return c.json({ job }, 201);
  });
  api.openapi(mark, async (c) => {
    const viewer = viewerWith(c, 'nodes:write');
    const { id } = c.req.valid('param');
    const { reason, until } = c.req.valid('json');
    const ms = Date.parse(until) - clock.now();
    if (!(ms > 0 && ms <= LONGEST_MARK_MS))
      throw badBody(`until: '${until}' is not within the next 90 days`, 'Name a day that is.');
    await agentless.mark(viewer, id, { ms, reason });
    return c.json(await sshOf(viewer, id), 200);
  });
  api.openapi(unmark, async (c) => {
    const viewer = viewerWith(c, 'nodes:write');
    const { id } = c.req.valid('param');
    await agentless.unmark(viewer, id);
    return c.json(await sshOf(viewer, id), 200);
  });
}

function loginOf({ password, privateKey }: Record<'password' | 'privateKey', string | undefined>): SshLogin {
  if (password !== undefined && privateKey === undefined) return { kind: 'password', password };
  if (privateKey !== undefined && password === undefined) return { kind: 'key', privateKey };
  throw badBody('password, privateKey: exactly one of both is expected', 'Send the one that the host takes.');
}

/** What a host answers, or that it does not, is no fault of the hub's. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof HttpError || !isOfHost(error)) throw error;
    throw new HttpError(422, error.code, `${error.message}.`, {
      fix: 'Nothing was done on the host. See that it answers, and ask again.',
      retry: error.retry,
      cause: error,
    });
  }
}

function badBody(message: string, fix: string): HttpError {
  return new HttpError(422, 'bad_body', message, { fix });
}
