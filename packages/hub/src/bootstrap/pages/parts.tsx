import type { Child } from 'hono/jsx';
import { control, type Faults, Field, type Typed, typedOf } from '../../console/form.tsx';
import { Tabs } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import { sudoFileOf } from '../sudo-rule.ts';

const TABS = [
  { id: 'one', path: '/bootstrap', word: 'One host' },
  { id: 'many', path: '/bootstrap/hosts', word: 'Many hosts' },
] as const;

export function BootstrapFrame({
  tab,
  aside,
  children,
}: {
  tab: (typeof TABS)[number]['id'];
  aside: Child;
  children?: Child;
}) {
  return (
    <article class="join">
      <header class="title">
        <h1>Bootstrap over SSH</h1>
        <p class="panel-aside">{aside}</p>
      </header>
      <Tabs
        label="Bootstrap"
        active={tab}
        tabs={TABS.map(({ id, path, word }) => ({ id, word, href: href(path) }))}
      />
      {children}
    </article>
  );
}

/** What is agreed to with the key of the host. */
export function RootNote({ user = 'USER' }: { user?: string }) {
  return (
    <p class="field-hint">
      From then on the hub has a key to the host and is root there without a password: whoever takes over the
      hub takes over the host. Both end, and recovery over SSH with them, when its line of{' '}
      <code>authorized_keys</code>
      {user !== 'root' && (
        <>
          {' '}
          and <code>{sudoFileOf(user)}</code>
        </>
      )}{' '}
      {user === 'root' ? 'is' : 'are'} removed.
    </p>
  );
}

export function OwnerAndTags({ typed, faults }: { typed: Typed | undefined; faults: Faults }) {
  return (
    <>
      <Field name="owner" label="Owner" hint="Whose node it becomes." fault={faults['owner']}>
        <input
          {...control('owner', faults['owner'], true)}
          value={typedOf(typed, 'owner')}
          type="email"
          maxlength={254}
          required
          autocomplete="off"
        />
      </Field>
      <Field name="tags" label="Tags" hint="Spaces between: home, rack-2, lab." fault={faults['tags']}>
        <input
          {...control('tags', faults['tags'], true)}
          value={typedOf(typed, 'tags')}
          maxlength={400}
          autocomplete="off"
          spellcheck={false}
        />
      </Field>
    </>
  );
}
