import { AgentError } from '#error.ts';
import {
  PreferenceError,
  type Preferences,
  parseDeferral,
  parsePin,
  parseWindow,
} from '#update/preferences.ts';
import type { UpdateView } from '#update/update-report.ts';
import type { Updates } from '#update/updates.ts';

/** What `stoa-agent update` asks of the running agent. Texts as a person gives them; empty takes a wish back. */
export interface UpdateRequest {
  readonly act: 'view' | 'check' | 'now' | 'rollback' | 'wish';
  readonly channel?: string;
  readonly pin?: string;
  readonly defer?: string;
  readonly window?: string;
}

/** Code `bad_request`. */
export class UpdateRequestError extends AgentError<'bad_request'> {
  override readonly name = 'UpdateRequestError';

  constructor(act: unknown) {
    super('bad_request', `nothing is done for 'act' ${JSON.stringify(act)}: see stoa-agent update --help`, {
      retry: false,
    });
  }
}

/** @throws UpdateRequestError, PreferenceError, UpdateError, HttpError, DiskError */
export async function answerUpdate(updates: Updates, request: unknown): Promise<UpdateView> {
  const fields: Partial<Record<keyof UpdateRequest, unknown>> = { ...(request as object) };
  switch (fields.act) {
    case 'view':
      return updates.view();
    case 'check':
      return updates.check();
    case 'now':
      return updates.now();
    case 'rollback':
      return updates.rollback();
    case 'wish':
      return updates.wish(wishesOf(fields, updates.view()));
    default:
      throw new UpdateRequestError(fields.act);
  }
}

function wishesOf(
  fields: Partial<Record<keyof UpdateRequest, unknown>>,
  { wishes, at }: UpdateView,
): Preferences {
  const read = <T>(name: keyof UpdateRequest, kept: T, none: T, parse: (text: string) => T): T => {
    const text = fields[name];
    if (typeof text !== 'string') return kept;
    return text === '' ? none : parse(text);
  };
  return {
    channel: read('channel', wishes.channel, 'stable', parseChannel),
    pin: read('pin', wishes.pin, '', parsePin),
    deferUntil: read('defer', wishes.deferUntil, 0, (text) => parseDeferral(text, at)),
    window: read('window', wishes.window, '', parseWindow),
  };
}

function parseChannel(text: string): Preferences['channel'] {
  if (text === 'stable' || text === 'early') return text;
  throw new PreferenceError(`'${text}' is no channel: expected stable or early`);
}
