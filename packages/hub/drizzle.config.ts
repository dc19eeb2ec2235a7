import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './packages/hub/src/schema.ts',
  out: './packages/hub/migrations',
});
