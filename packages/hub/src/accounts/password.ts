import { z } from 'zod';
import { PASSWORD_LENGTH } from './auth.ts';

const { least, most } = PASSWORD_LENGTH;

/** A password that is being chosen. Length alone counts: rules about signs make people write `Password1!`. */
export const newPassword: z.ZodString = z
  .string(`at least ${least} characters`)
  .min(least, `at least ${least} characters`)
  .max(most, `at most ${most} characters`);
