import { fromBase64Url } from '@stoa/protocol';
import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { localPath } from '#accounts/index.ts';
import { readForm } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { viewerOf } from '../viewer.ts';
import type { Orders } from './orders.ts';
import { OrderPage } from './page.tsx';

type Refused = Parameters<typeof OrderPage>[0]['refused'];

const signedForm = z.strictObject({
  signed: z
    .string('one line of letters, digits, - and _')
    .trim()
    .regex(
      /^[A-Za-z0-9_-]{100,2000}$/,
      'one line of letters, digits, - and _, as `stoa-hub key sign-order` prints it',
    ),
});

/** The page of one order: read it, take its draft away, bring its signature. */
export function orderRoutes(deps: { orders: Orders; guard: MiddlewareHandler<HttpEnv> }): HttpFeature {
  const { orders, guard } = deps;
  const show = async (c: HubContext, refused?: Refused): Promise<Response> => {
    const shown = await orders.show(viewerOf(c), c.req.param('orderId') ?? '');
    const page = <OrderPage shown={shown} refused={refused} back={backOf(c)} />;
    return c.render(page, { title: 'Order', nav: 'jobs', scripts: ['order.js'] });
  };
  return {
    mount(app: HubApp) {
      app.use('/orders/*', guard);
      app.get('/orders/:orderId', (c) => show(c));
      app.get('/orders/:orderId/draft.json', async (c) => {
        const orderId = c.req.param('orderId');
        const file = await orders.file(viewerOf(c), orderId);
        return c.body(file, 200, {
          'content-type': 'application/json',
          'content-disposition': `attachment; filename="order-${orderId.slice(0, 8)}.json"`,
          'cache-control': 'no-store',
        });
      });
      app.post('/orders/:orderId', async (c) => {
        const form = await readForm(c, signedForm);
        if (!form.ok) {
          c.status(422);
          return show(c, form);
        }
        const orderId = c.req.param('orderId');
        await orders.sign(viewerOf(c), orderId, fromBase64Url(form.value.signed));
        return c.redirect(href(backOf(c) ?? `/orders/${orderId}`), 303);
      });
    },
  };
}

/** Where the work goes on once the order is signed; within this console only. */
function backOf(c: HubContext): string | undefined {
  const back = c.req.query('back');
  return back === undefined ? undefined : localPath(back);
}
