CREATE TABLE "node_shares" (
	"node_id" text COLLATE "C" NOT NULL,
	"email" text NOT NULL,
	"role" text NOT NULL,
	"shared_by" text NOT NULL,
	"shared_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "node_shares_node_id_email_pk" PRIMARY KEY("node_id","email"),
	CONSTRAINT "node_shares_role" CHECK ("node_shares"."role" in ('viewer', 'operator'))
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"actor" text NOT NULL,
	"act" text NOT NULL,
	"subject" text NOT NULL,
	"owner" text,
	"detail" jsonb NOT NULL,
	"retention" text NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_log_retention" CHECK ("audit_log"."retention" in ('permanent', '30d', '7d'))
);
--> statement-breakpoint
ALTER TABLE "node_shares" ADD CONSTRAINT "node_shares_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "node_shares_email" ON "node_shares" USING btree ("email","node_id");--> statement-breakpoint
CREATE INDEX "audit_log_actor" ON "audit_log" USING btree ("actor","seq");--> statement-breakpoint
CREATE INDEX "audit_log_subject" ON "audit_log" USING btree ("subject","seq");--> statement-breakpoint
CREATE INDEX "audit_log_owner" ON "audit_log" USING btree ("owner","seq");