CREATE TABLE "region_settings" (
	"name" text PRIMARY KEY NOT NULL,
	"value" "bytea" NOT NULL
);
--> statement-breakpoint
ALTER TABLE "node_status" ADD COLUMN "lag" smallint;--> statement-breakpoint
ALTER TABLE "node_status" ADD COLUMN "forked" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "node_status" ADD COLUMN "chainweb" text DEFAULT 'unknown' NOT NULL;--> statement-breakpoint
ALTER TABLE "node_status" ADD COLUMN "skew_ms" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "node_status" ADD COLUMN "nat_idle_s" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "node_descriptions" ADD COLUMN "components" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "node_descriptions" ADD COLUMN "settings" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "candidate_key" "bytea";--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "candidate_cert" "bytea";--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "previous_key" "bytea";--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "previous_key_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "checkpoints" DROP COLUMN "signature";--> statement-breakpoint
ALTER TABLE "receipts" DROP COLUMN "signature";