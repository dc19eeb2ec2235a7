CREATE TABLE "sybil_disputed_nodes" (
	"dispute_id" text NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	CONSTRAINT "sybil_disputed_nodes_dispute_id_node_id_pk" PRIMARY KEY("dispute_id","node_id")
);
--> statement-breakpoint
CREATE TABLE "sybil_disputes" (
	"dispute_id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	"evidence" jsonb NOT NULL,
	"decision" text,
	"decided_by" text,
	"decided_at" timestamp (3) with time zone,
	"reason" text
);
--> statement-breakpoint
CREATE TABLE "sybil_rounds" (
	"round_id" text PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"instance_id" text NOT NULL,
	"cluster" text NOT NULL,
	"pace" text NOT NULL,
	"answers" jsonb NOT NULL
);
--> statement-breakpoint
CREATE INDEX "sybil_disputed_nodes_node" ON "sybil_disputed_nodes" USING btree ("node_id");--> statement-breakpoint
CREATE UNIQUE INDEX "sybil_disputes_open" ON "sybil_disputes" USING btree ("kind","subject") WHERE "sybil_disputes"."decision" is null;--> statement-breakpoint
CREATE INDEX "sybil_disputes_last" ON "sybil_disputes" USING btree ("last_at");--> statement-breakpoint
CREATE INDEX "sybil_rounds_cluster" ON "sybil_rounds" USING btree ("cluster","at");--> statement-breakpoint
CREATE INDEX "sybil_rounds_at" ON "sybil_rounds" USING btree ("at");