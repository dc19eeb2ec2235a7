CREATE TABLE "imported_benchmarks" (
	"owner" text NOT NULL,
	"label" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"score" numeric(12, 6) NOT NULL,
	"breakdown" jsonb NOT NULL,
	"source_line" integer NOT NULL,
	CONSTRAINT "imported_benchmarks_owner_label_at_pk" PRIMARY KEY("owner","label","at")
);
--> statement-breakpoint
CREATE TABLE "imported_nodes" (
	"owner" text NOT NULL,
	"label" text NOT NULL,
	"node_id" text COLLATE "C",
	"region" text NOT NULL,
	"role" text NOT NULL,
	"hw_type" text NOT NULL,
	"tags" text[] NOT NULL,
	"hosts" text[] NOT NULL,
	"source_line" integer NOT NULL,
	CONSTRAINT "imported_nodes_owner_label_pk" PRIMARY KEY("owner","label"),
	CONSTRAINT "imported_nodes_node_id_unique" UNIQUE("node_id")
);
--> statement-breakpoint
CREATE TABLE "imported_ssh_keys" (
	"owner" text NOT NULL,
	"label" text NOT NULL,
	"public_key" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"source_line" integer NOT NULL,
	CONSTRAINT "imported_ssh_keys_owner_label_public_key_pk" PRIMARY KEY("owner","label","public_key")
);
--> statement-breakpoint
CREATE TABLE "opening_balances" (
	"email" text PRIMARY KEY NOT NULL,
	"pending" numeric(38, 0) NOT NULL,
	"current" numeric(38, 0) NOT NULL,
	"redeemed" numeric(38, 0) NOT NULL,
	"source_line" integer NOT NULL,
	CONSTRAINT "opening_balances_positive" CHECK ("opening_balances"."pending" >= 0 and "opening_balances"."current" >= 0 and "opening_balances"."redeemed" >= 0)
);
