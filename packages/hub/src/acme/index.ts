export { AcmeCertificate, type AcmeSettings } from './acme-certificate.ts';
