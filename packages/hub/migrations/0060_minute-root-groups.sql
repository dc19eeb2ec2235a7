ALTER TABLE "minute_roots" DROP CONSTRAINT "minute_roots_instance_id_hub_hour_pk";--> statement-breakpoint
ALTER TABLE "minute_roots" ADD CONSTRAINT "minute_roots_instance_id_hub_hour_sealed_pk" PRIMARY KEY("instance_id","hub_hour","sealed");--> statement-breakpoint
ALTER TABLE "minute_roots" ADD COLUMN "groups" "bytea" DEFAULT ''::bytea NOT NULL;