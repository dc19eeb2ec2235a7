export { AnnouncementMails } from './announcement-mails.ts';
export { announcementRoutes } from './routes.tsx';
export { AnnouncementStore } from './store.ts';
