export { ArtefactStore } from './artefact-store.ts';
export { downloadRoutes } from './download-routes.ts';
export { type Installer, loadInstaller } from './installer.ts';
export { JoinSteps } from './steps.ts';
