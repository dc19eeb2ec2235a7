CREATE TABLE "hub_incidents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "hub_incidents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "hub_incidents_kind" CHECK ("hub_incidents"."kind" in ('database', 'heads', 'freeze'))
);
--> statement-breakpoint
CREATE TABLE "node_publicity" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"listed" boolean DEFAULT false NOT NULL,
	"badge_hash" "bytea",
	"changed_by" text NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "node_publicity" ADD CONSTRAINT "node_publicity_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "hub_incidents_open" ON "hub_incidents" USING btree ("kind") WHERE "hub_incidents"."ended_at" is null;