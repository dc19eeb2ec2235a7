import { type NodeAccess, requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import { RateLimit } from '../rate-limit.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import { defaultChannelId } from './channel.ts';
import { type Channel, type ChannelStore, MOST_CHANNELS, type NewChannel } from './channel-store.ts';
import type { ChannelForm } from './forms.ts';
import type { AnyRuleId } from './rule.ts';
import type { RuleStore } from './rule-store.ts';
import { REGION_OWNER, type RuleSetting } from './settings.ts';
import type { NewSilence, SilenceStore, StoredSilence } from './silence-store.ts';

export interface DeskDeps {
  readonly access: NodeAccess;
  readonly audit: AuditLog;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly rules: RuleStore;
  readonly channels: ChannelStore;
  readonly silences: SilenceStore;
}

/** What people do with their alerts: each act in the audit log before it is done. */
export class AlertDesk {
  readonly #deps: DeskDeps;
  readonly #sends: RateLimit;
  readonly #codes: RateLimit;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
    this.#sends = new RateLimit({ clock: deps.clock, perKey: 5, inAll: 200 });
    this.#codes = new RateLimit({ clock: deps.clock, perKey: 5, inAll: 1_000 });
  }

  async setRule(viewer: Viewer, rule: AnyRuleId, setting: RuleSetting | undefined): Promise<void> {
    const { audit, rules, clock } = this.#deps;
    const detail = setting === undefined ? { defaults: true } : { ...setting };
    await audit.append({
      actor: viewer.email,
      act: 'alert-rule.set',
      subject: rule,
      owner: viewer.email,
      detail,
    });
    await rules.set(viewer.email, { rule, setting, now: clock.now() });
  }

  /** @returns the key with which a webhook's messages are signed, shown this once. */
  async addChannel(viewer: Viewer, form: ChannelForm): Promise<{ readonly secret: string | undefined }> {
    const { audit, channels, clock } = this.#deps;
    const now = clock.now();
    requireFresh(viewer, now);
    if ((await channels.ofOwner(viewer.email, now)).length >= MOST_CHANNELS)
      throw new HttpError(409, 'too_many_channels', `An account has ${MOST_CHANNELS} channels at most.`, {
        fix: 'Remove one that is not needed.',
      });
    const channel = this.#channelOf(viewer, form);
    const { kind, name, owner, target, code } = channel;
    if (code !== undefined) this.#maySend(viewer);
    await audit.append({ actor: owner, act: 'alert-channel.add', subject: name, owner, detail: { kind } });
    const id = await channels.add(channel, now);
    if (code !== undefined)
      await channels.put({ id, owner }, { kind: 'confirm', at: now, items: [], counts: {}, code });
    return { secret: kind === 'webhook' && target !== '' ? channel.secret : undefined };
  }

  /** @returns whether the code was right. */
  async confirm(viewer: Viewer, id: string, code: string): Promise<boolean> {
    const channel = await this.#own(viewer, id);
    if (!this.#codes.admit(viewer.email)) throw tooOften();
    const { audit, channels } = this.#deps;
    const { email } = viewer;
    await audit.append({
      actor: email,
      act: 'alert-channel.confirm',
      subject: channel.name,
      owner: email,
      retention: '30d',
    });
    return channels.confirm(id, code);
  }

  async testChannel(viewer: Viewer, id: string): Promise<void> {
    const { audit, channels, clock } = this.#deps;
    const channel = await this.#own(viewer, id);
    if (channel.unproven)
      throw new HttpError(409, 'address_unproven', 'This address has not been confirmed yet.', {
        fix: 'Type the code that was sent to it.',
      });
    this.#maySend(viewer);
    const { email } = viewer;
    await audit.append({
      actor: email,
      act: 'alert-channel.test',
      subject: channel.name,
      owner: email,
      retention: '30d',
    });
    await channels.put(channel, { kind: 'test', at: clock.now(), items: [], counts: {} });
  }

  async enableChannel(viewer: Viewer, id: string, enabled: boolean): Promise<void> {
    const { audit, channels } = this.#deps;
    const channel = await this.#own(viewer, id);
    const act = enabled ? 'alert-channel.enable' : 'alert-channel.disable';
    await audit.append({ actor: viewer.email, act, subject: channel.name, owner: viewer.email });
    await channels.enable(id, enabled);
  }

  async removeChannel(viewer: Viewer, id: string): Promise<void> {
    const { audit, channels, clock } = this.#deps;
    requireFresh(viewer, clock.now());
    const channel = await this.#own(viewer, id);
    if (id === defaultChannelId(viewer.email))
      throw new HttpError(409, 'account_channel', "The account's own e-mail is always a channel.", {
        fix: 'Turn it off instead.',
      });
    await audit.append({
      actor: viewer.email,
      act: 'alert-channel.remove',
      subject: channel.name,
      owner: viewer.email,
    });
    await channels.remove(id, clock.now());
  }

  /** @param silence.nodeId of a node that the viewer works: then the silence is in its owner's name. */
  async addSilence(
    viewer: Viewer,
    silence: Omit<NewSilence, 'owner' | 'createdBy'>,
    whole: 'mine' | 'region' = 'mine',
  ): Promise<string> {
    const { audit, silences, access } = this.#deps;
    if (whole === 'region' && !isAtLeast(viewer, 'ancient')) throw notFound('The region');
    let owner = whole === 'region' ? REGION_OWNER : viewer.email;
    if (silence.nodeId !== undefined) {
      const held = await access.may(viewer, silence.nodeId, 'operator');
      const found = held ? await silences.ownerOf(silence.nodeId) : undefined;
      if (found === undefined) throw notFound('This node');
      owner = found;
    }
    const { kind, nodeId, selector, rule, from, until, reason } = silence;
    await audit.append({
      actor: viewer.email,
      act: `${kind}.add`,
      subject: nodeId ?? '',
      owner,
      detail: {
        selector,
        rule,
        reason,
        from: new Date(from).toISOString(),
        until: new Date(until).toISOString(),
      },
    });
    return silences.add({ ...silence, owner, createdBy: viewer.email });
  }

  async cancelSilence(viewer: Viewer, id: string): Promise<void> {
    const { audit, silences, clock } = this.#deps;
    const silence = await silences.find(id);
    if (silence === undefined || !(await this.#mayCancel(viewer, silence))) throw notFound('This silence');
    const { kind, owner } = silence;
    await audit.append({
      actor: viewer.email,
      act: `${kind}.cancel`,
      subject: silence.nodeId ?? '',
      owner,
      detail: { id },
    });
    await silences.cancel(silence, clock.now());
  }

  async #mayCancel(viewer: Viewer, { owner, nodeId }: StoredSilence): Promise<boolean> {
    if (isAtLeast(viewer, 'ancient') || owner === viewer.email) return true;
    return nodeId !== undefined && this.#deps.access.may(viewer, nodeId, 'operator');
  }

  async #own(viewer: Viewer, id: string): Promise<Channel> {
    const channel = await this.#deps.channels.find(id);
    if (channel?.owner !== viewer.email) throw notFound('This channel');
    return channel;
  }

  #maySend(viewer: Viewer): void {
    if (!this.#sends.admit(viewer.email)) throw tooOften();
  }

  #channelOf({ email }: Viewer, form: ChannelForm): NewChannel {
    const base = { owner: email, kind: form.kind, target: '', secret: '', code: undefined };
    switch (form.kind) {
      case 'email': {
        const code = form.address === email ? undefined : this.#code();
        return { ...base, name: form.address, target: form.address, code };
      }
      case 'webhook': {
        const secret = Buffer.from(this.#deps.random(32)).toString('base64url');
        return { ...base, name: new URL(form.url).host, target: form.url, secret };
      }
      case 'telegram':
        return { ...base, name: `Telegram ${form.chat}`, target: form.chat, secret: form.token };
      case 'discord':
        return { ...base, name: `Discord webhook ${form.discord.split('/').at(-2)}`, secret: form.discord };
    }
  }

  /** Eight digits: at five tries a minute nobody guesses them. */
  #code(): string {
    const number = Buffer.from(this.#deps.random(6)).readUIntBE(0, 6) % 100_000_000;
    return String(number).padStart(8, '0');
  }
}

function tooOften(): HttpError {
  return new HttpError(429, 'too_often', 'That was tried five times within a minute.', {
    fix: 'Wait a minute.',
    retry: true,
  });
}
