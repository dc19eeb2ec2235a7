CREATE TABLE "node_notes" (
	"note_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "node_notes_note_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"node_id" text COLLATE "C" NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"author" text NOT NULL,
	"text" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "saved_views" (
	"view_id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"name" text NOT NULL,
	"selector" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
DROP INDEX "nodes_listed_lag";--> statement-breakpoint
DROP INDEX "nodes_version";--> statement-breakpoint
ALTER TABLE "nodes" ALTER COLUMN "listed_lag" SET DEFAULT -1;--> statement-breakpoint
ALTER TABLE "node_notes" ADD CONSTRAINT "node_notes_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "node_notes_node" ON "node_notes" USING btree ("node_id","note_id");--> statement-breakpoint
CREATE UNIQUE INDEX "saved_views_name" ON "saved_views" USING btree ("account_id","name");--> statement-breakpoint
CREATE INDEX "nodes_listed_lag" ON "nodes" USING btree ("listed_lag") WHERE "nodes"."listed_lag" <> 0;--> statement-breakpoint
CREATE INDEX "nodes_version" ON "nodes" USING btree ("version_key","region");