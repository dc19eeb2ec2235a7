import { createRequire, isBuiltin } from 'node:module';
import { compileFunction } from 'node:vm';
import { AgentError } from '#error.ts';
import type { Payload } from '#launcher/launched.ts';

/** Code `not_a_payload`: it was evaluated and has not the face of one. */
export class NotAPayloadError extends AgentError<'not_a_payload'> {
  override readonly name = 'NotAPayloadError';

  constructor(name: string) {
    super('not_a_payload', `${name} exports no version and no start()`, { retry: false });
  }
}

/**
 * Runs exactly these bytes as a CommonJS module. It can require what is built into Node and nothing else, and has no
 * `import()`: no file becomes code unverified.
 * @param name for stack traces
 */
export function evaluate(bytes: Uint8Array, name: string): Payload {
  const load = createRequire('/');
  const require = Object.assign((id: string): unknown => {
    if (isBuiltin(id)) return load(id);
    throw Object.assign(new Error(`Cannot find module '${id}'`), { code: 'MODULE_NOT_FOUND' });
  });
  const module = { exports: {} };
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  const run = compileFunction(new TextDecoder().decode(bytes), parameters, {
    filename: name,
  });
  run.call(module.exports, module.exports, require, module, name, '/');
  const payload: Partial<Payload> = module.exports;
  if (typeof payload.start !== 'function' || typeof payload.version !== 'string')
    throw new NotAPayloadError(name);
  return payload as Payload;
}
