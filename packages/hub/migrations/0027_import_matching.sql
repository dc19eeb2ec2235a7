CREATE TABLE "imported_candidates" (
	"node_id" text COLLATE "C" NOT NULL,
	"owner" text NOT NULL,
	"label" text NOT NULL,
	"why" text NOT NULL,
	CONSTRAINT "imported_candidates_node_id_owner_label_pk" PRIMARY KEY("node_id","owner","label")
);
--> statement-breakpoint
ALTER TABLE "imported_nodes" ADD COLUMN "notes" text[] DEFAULT '{}'::text[] NOT NULL;--> statement-breakpoint
ALTER TABLE "imported_nodes" ADD COLUMN "joined_as" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "imported_candidates" ADD CONSTRAINT "imported_candidates_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "imported_candidates" ADD CONSTRAINT "imported_candidates_owner_label_imported_nodes_owner_label_fk" FOREIGN KEY ("owner","label") REFERENCES "public"."imported_nodes"("owner","label") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "imported_candidates_owner" ON "imported_candidates" USING btree ("owner");--> statement-breakpoint
ALTER TABLE "imported_nodes" ADD CONSTRAINT "imported_nodes_joined_as_unique" UNIQUE("joined_as");