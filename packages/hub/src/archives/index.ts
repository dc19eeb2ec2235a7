export { ArchiveDesk } from './desk.ts';
export { readKeepsakes } from './keepsakes.ts';
export { MultipartStorage } from './multipart.ts';
export { archiveRoutes } from './routes.tsx';
export { type ArchiveStorage, openArchiveStorage, S3Storage, URL_GOOD_MS } from './storage.ts';
export { uploadRoutes } from './upload-desk.ts';
export { UploadStore } from './upload-store.ts';
