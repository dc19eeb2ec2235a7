CREATE TABLE "node_keys" (
	"node_id" text COLLATE "C" NOT NULL,
	"public_key" "bytea" NOT NULL,
	"credential" "bytea",
	"since" timestamp (3) with time zone,
	"until" timestamp (3) with time zone,
	CONSTRAINT "node_keys_node_id_public_key_pk" PRIMARY KEY("node_id","public_key")
);
--> statement-breakpoint
ALTER TABLE "node_keys" ADD CONSTRAINT "node_keys_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;