ALTER TABLE "hub_gaps" ADD COLUMN "sealed" "bytea";--> statement-breakpoint
ALTER TABLE "hub_gaps" ADD COLUMN "region" "bytea";--> statement-breakpoint
ALTER TABLE "hub_gaps" ADD COLUMN "instance" "bytea";