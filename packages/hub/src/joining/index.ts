export { ArtefactStore } from './artefact-store.ts';
export { ChecklistReader } from './checklist-reader.ts';
export { downloadRoutes } from './download-routes.ts';
export { type Installer, loadInstaller } from './installer.ts';
export { joinRoutes } from './join-routes.tsx';
export { joinSource } from './source.tsx';
export { JoinSteps } from './steps.ts';
export {
  TokenLedger,
  type TokenPage,
  type TokenRecord,
  type TokenState,
  tokenState,
} from './token-ledger.ts';
