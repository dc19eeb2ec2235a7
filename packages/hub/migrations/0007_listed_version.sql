ALTER TABLE "nodes" ADD COLUMN "agent_version" text;--> statement-breakpoint
UPDATE "nodes" n SET "agent_version" = d."agent_version" FROM "node_descriptions" d WHERE d."node_id" = n."node_id";