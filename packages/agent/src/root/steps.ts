import type { Step } from '#root/act.ts';
import type { StepLimit } from '#root/gate.ts';
import { CERTIFICATE_STEPS, type CertificateStep } from '#root/steps/certificate.ts';
import { CONTROL_STEPS, type ControlStep } from '#root/steps/control.ts';
import { DATABASE_STEPS, type DatabaseStep } from '#root/steps/database.ts';
import { DEPLOY_STEPS, type DeployStep } from '#root/steps/deploy.ts';
import { PACKAGE_STEPS, type PackageStep } from '#root/steps/packages.ts';

/** All that the privileged unit can do. Nothing else is reachable through its socket. */
export const STEPS: Readonly<Record<StepName, Step>> = {
  ...CONTROL_STEPS,
  ...CERTIFICATE_STEPS,
  ...DATABASE_STEPS,
  ...DEPLOY_STEPS,
  ...PACKAGE_STEPS,
};

export type StepName = ControlStep | CertificateStep | DatabaseStep | DeployStep | PackageStep;

export function isStepName(name: string): name is StepName {
  return Object.hasOwn(STEPS, name);
}

export const stepLimit: StepLimit = (kind, step, params) => {
  if (!isStepName(step)) return undefined;
  const { kinds } = STEPS[step];
  const limit = kinds[kind];
  return typeof limit === 'function' ? limit(params) || undefined : limit;
};
