import type { ComposeFacts, ContainerPlan } from '#root/container.ts';

/** The chainweb-node of this host as root finds it: nothing of it comes from the agent. */
export interface NodeSite {
  readonly supervisor: 'docker' | 'compose' | 'systemd';
  /** Container, or unit with its ending. */
  readonly name: string;
  /** Image or path of the program. */
  readonly program: string;
  /** Without the program. */
  readonly argv: readonly string[];
  /** On the host; '' where the arguments name none. */
  readonly database: string;
  readonly backups: string;
  readonly certificate: string;
  readonly certificateKey: string;
  /** Under Docker and Compose: how to make it again. */
  readonly container?: ContainerPlan;
  readonly compose?: ComposeFacts;
}

/** A node as it was before a job set it aside. */
export interface FormerNode extends NodeSite {
  /** All of that was done: what bears its name by now is another. */
  readonly aside: boolean;
}
