export { createOrders, orderTasks } from './order-side.ts';
export type { Orders, ShownOrder, Wanted } from './orders.ts';
export { OrderSigning } from './page.tsx';
export { orderRoutes } from './routes.tsx';
