CREATE TABLE "node_transfers" (
	"transfer_id" text PRIMARY KEY NOT NULL,
	"node_id" text COLLATE "C",
	"from_owner" text NOT NULL,
	"to_owner" text NOT NULL,
	"offered_by" text NOT NULL,
	"offered_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"accepted_at" timestamp (3) with time zone,
	"effective_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"outcome" text,
	CONSTRAINT "node_transfers_outcome" CHECK ("node_transfers"."outcome" in ('applied', 'declined', 'cancelled', 'expired')),
	CONSTRAINT "node_transfers_ended" CHECK (("node_transfers"."outcome" is null) = ("node_transfers"."ended_at" is null)),
	CONSTRAINT "node_transfers_accepted" CHECK (("node_transfers"."accepted_at" is null) = ("node_transfers"."effective_at" is null))
);
--> statement-breakpoint
ALTER TABLE "node_transfers" ADD CONSTRAINT "node_transfers_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "node_transfers_from" ON "node_transfers" USING btree ("from_owner","offered_at");--> statement-breakpoint
CREATE INDEX "node_transfers_to" ON "node_transfers" USING btree ("to_owner","offered_at");--> statement-breakpoint
CREATE UNIQUE INDEX "node_transfers_open" ON "node_transfers" USING btree ("from_owner",coalesce("node_id", '')) WHERE "node_transfers"."outcome" is null;