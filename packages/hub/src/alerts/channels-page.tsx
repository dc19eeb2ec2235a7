import type { Child } from 'hono/jsx';
import { Act, control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { Ago, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { type ChannelKind, defaultChannelId, KIND_WORDS } from './channel.ts';
import type { Channel } from './channel-store.ts';
import { AlertPage } from './pages.tsx';

export interface ChannelsPageProps {
  readonly channels: readonly Channel[];
  readonly now: number;
  /** Of a webhook that was just made: shown this once. */
  readonly made?: string | undefined;
  /** Said after an act. */
  readonly said?: string | undefined;
  readonly typed?: Typed;
  readonly faults?: Faults;
}

/** Where notices go. */
export function ChannelsPage({ channels, now, made, said, typed, faults = {} }: ChannelsPageProps) {
  return (
    <AlertPage tab="channels" aside="each notice goes to all that are on">
      {said !== undefined && (
        <p class="filter-note" role="status">
          {said}
        </p>
      )}
      {made !== undefined && <Made secret={made} />}
      <div class="stack">
        <Panel id="channels" title="Your channels">
          <Table
            caption="Channels of this account"
            columns={['Channel', 'Kind', 'Last delivered', 'State']}
            acts
          >
            {channels.map((channel) => (
              <ChannelRow channel={channel} now={now} fault={faults[`code ${channel.id}`]} />
            ))}
          </Table>
        </Panel>
        <Panel id="new-channel" title="Add a channel" aside="needs that you signed in within five minutes">
          <NewChannels typed={typed ?? {}} faults={faults} />
        </Panel>
      </div>
    </AlertPage>
  );
}

function Made({ secret }: { secret: string }) {
  return (
    <section class="secret-once" role="status" aria-label="The signing key">
      <p>
        The webhook is added. Its messages are signed with this key, shown this once: check that{' '}
        <code>Stoa-Signature</code> is <code>v1=</code> and the HMAC-SHA256, in hex, of{' '}
        <code>Stoa-Timestamp.Stoa-Delivery.body</code>.
      </p>
      <p>
        <code>{secret}</code>
      </p>
    </section>
  );
}

function ChannelRow({ channel, now, fault }: { channel: Channel; now: number; fault: string | undefined }) {
  const base = `/alerts/channels/${encodeURIComponent(channel.id)}`;
  const { name, enabled, unproven } = channel;
  return (
    <tr>
      <th scope="row">
        {name}
        {channel.target !== '' && channel.target !== name && <span class="sub">{channel.target}</span>}
      </th>
      <td>{KIND_WORDS[channel.kind]}</td>
      <td>
        {channel.lastSentAt === undefined ? (
          <Unknown why="nothing yet" />
        ) : (
          <Ago at={channel.lastSentAt} now={now} />
        )}
      </td>
      <td>
        {unproven ? <Confirm base={base} name={name} fault={fault} /> : enabled ? 'on' : 'off'}
        {channel.lastError !== undefined && <span class="sub warn">{channel.lastError}</span>}
      </td>
      <td>
        <div class="acts-row">
          {!unproven && <Act path={`${base}/test`} word="Send test" label={`Send test to ${name}`} />}
          {!unproven && (
            <Act
              path={`${base}/${enabled ? 'disable' : 'enable'}`}
              word={enabled ? 'Turn off' : 'Turn on'}
              label={`${enabled ? 'Turn off' : 'Turn on'} ${name}`}
            />
          )}
          {channel.id !== defaultChannelId(channel.owner) && (
            <Act path={`${base}/remove`} word="Remove" label={`Remove ${name}`} />
          )}
        </div>
      </td>
    </tr>
  );
}

function Confirm({ base, name, fault }: { base: string; name: string; fault: string | undefined }) {
  const id = `code-${base.slice(-8)}`;
  return (
    <form method="post" action={href(`${base}/confirm`)} class="form-row">
      <div class={fault === undefined ? 'field' : 'field is-faulty'}>
        <label for={id}>Code sent to it</label>
        <input id={id} name="code" inputmode="numeric" maxlength={8} autocomplete="one-time-code" required />
        {fault !== undefined && (
          <p class="field-fault" role="alert">
            {fault}
          </p>
        )}
      </div>
      <button type="submit" class="quiet" aria-label={`Confirm ${name}`}>
        Confirm
      </button>
    </form>
  );
}

function NewChannels({ typed, faults }: { typed: Typed; faults: Faults }) {
  const text = (name: string, label: string, hint: Child) => (
    <Field name={name} label={label} hint={hint} fault={faults[name]}>
      <input
        {...control(name, faults[name], true)}
        value={name === 'token' ? '' : typedOf(typed, name)}
        maxlength={2_000}
        autocomplete="off"
        spellcheck={false}
        required
      />
    </Field>
  );
  return (
    <div class="channel-kinds">
      <FormFault faults={faults} />
      <NewChannel kind="email" open={faults['address'] !== undefined}>
        {text('address', 'Address', 'Another one than yours is sent a code first.')}
      </NewChannel>
      <NewChannel kind="webhook" open={faults['url'] !== undefined}>
        {text(
          'url',
          'Address of the webhook',
          'It gets JSON by POST, signed. It must be on the public internet.',
        )}
      </NewChannel>
      <NewChannel kind="telegram" open={(faults['token'] ?? faults['chat']) !== undefined}>
        {text('token', 'Token of your bot', 'From @BotFather. It is never shown again.')}
        {text('chat', 'Chat', 'Its id, or @channel. The bot must be in it.')}
      </NewChannel>
      <NewChannel kind="discord" open={faults['discord'] !== undefined}>
        {text(
          'discord',
          'Webhook of the channel',
          'From the settings of the channel, Integrations. It is never shown again.',
        )}
      </NewChannel>
    </div>
  );
}

function NewChannel({ kind, open, children }: { kind: ChannelKind; open: boolean; children?: Child }) {
  return (
    <details open={open}>
      <summary>{KIND_WORDS[kind]}</summary>
      <form method="post" action={href('/alerts/channels')} class="form">
        <input type="hidden" name="kind" value={kind} />
        {children}
        <div>
          <button type="submit" class="primary">
            Add {KIND_WORDS[kind]}
          </button>
        </div>
      </form>
    </details>
  );
}
