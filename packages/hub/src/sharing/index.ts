export { sharingRoutes } from './routes.tsx';
export { ShareStore } from './share-store.ts';
export { Shares } from './shares.ts';
export { TransferStore } from './transfer-store.ts';
export { Transfers } from './transfers.ts';
