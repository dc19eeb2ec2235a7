ALTER TABLE "nodes" ADD COLUMN "refused_by_admin" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "node_publicity" ADD COLUMN "owner" text DEFAULT '' NOT NULL;