import { describeOrder, toBase64Url, toHex } from '@stoa/protocol';
import { control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { Facts, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { ShownOrder } from './orders.ts';

interface Refused {
  readonly typed: Typed;
  readonly faults: Faults;
}

/** One order: what it says, and its signature or how to give it. */
export function OrderPage({
  shown,
  refused,
  back,
}: {
  shown: ShownOrder;
  refused: Refused | undefined;
  /** Where the work goes on that it orders. */
  back: string | undefined;
}) {
  const { order, sealed } = shown;
  return (
    <article class="settings">
      <div class="title">
        <h1>Order</h1>
      </div>
      <p class="lead">
        Work that changes nodes takes the signature of a person: nodes check it themselves, against the key
        that they pinned{shown.signedAs === 'admin' && ', or the certificate of an admin’s key'}. The hub
        can't make it.
      </p>
      <div class="stack">
        <Panel id="order" title="What it says">
          <Facts facts={describeOrder(shown).map(({ name, value }) => ({ name, value }))} />
          {shown.signedAs === 'admin' && (
            <p class="field-hint">
              You sign as an admin. Where it brings code, only nodes take it whose own policy file names your
              key.
            </p>
          )}
        </Panel>
        <Panel id="signature" title="Signature">
          {sealed === undefined ? (
            <OrderSigning {...{ shown, refused, back }} />
          ) : (
            <>
              {back !== undefined && (
                <p>
                  <a href={href(back)}>Go on with what it orders</a>
                </p>
              )}
              <Facts
                facts={[
                  { name: 'Key', value: <code>{toHex(order.signerKey)}</code> },
                  { name: 'Signed order', value: <code class="secret">{toBase64Url(sealed)}</code> },
                ]}
              />
            </>
          )}
        </Panel>
      </div>
    </article>
  );
}

/**
 * The form that takes the signature: from the key in this browser, or pasted from where the key is. Its script is
 * `order.js`; what is signed is built there from the values that stand here.
 */
export function OrderSigning({
  shown,
  refused,
  back,
}: {
  shown: ShownOrder;
  refused: Refused | undefined;
  back: string | undefined;
}) {
  const { order, params } = shown;
  const id = toHex(order.orderId);
  const faults = refused?.faults ?? {};
  const file = `order-${id.slice(0, 8)}.json`;
  return (
    <form
      method="post"
      action={href(`/orders/${id}${back === undefined ? '' : `?${new URLSearchParams({ back })}`}`)}
      class="form"
      data-order={id}
      data-region={order.region}
      data-kind={order.kind}
      data-params={params}
      data-nodes={toHex(order.nodes)}
      data-node-count={order.nodeCount}
      data-max-attempts={order.maxAttempts}
      data-signer={order.signer}
      data-signer-key={toHex(order.signerKey)}
      data-issued-at={order.issuedAt}
      data-expires-at={order.expiresAt}
    >
      <FormFault faults={faults} />
      <ol class="how-to">
        <li data-order-step="browser" hidden>
          <strong>In this browser</strong>, which has your key:{' '}
          <button type="button" class="quiet">
            Sign it here
          </button>{' '}
          <span role="status" />
        </li>
        <li>
          <strong>Or where your key file is:</strong> <a href={href(`/orders/${id}/draft.json`)}>{file}</a>{' '}
          names every node. The command checks it, says what it orders, and asks for the passphrase.
          <pre tabindex={0}>
            <code>{`stoa-hub key sign-order ${file} --file owner.key`}</code>
          </pre>
        </li>
      </ol>
      <Field
        name="signed"
        label="Signed order"
        fault={faults['signed']}
        hint="What sign-order printed, in one line."
      >
        <textarea
          {...control('signed', faults['signed'], true)}
          rows={4}
          required
          spellcheck={false}
          maxlength={2000}
        >
          {typedOf(refused?.typed, 'signed')}
        </textarea>
      </Field>
      <div>
        <button type="submit" class="primary">
          Give the order
        </button>
      </div>
    </form>
  );
}
