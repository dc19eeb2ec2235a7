CREATE TABLE "agentless_marks" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"set_by" text NOT NULL,
	"set_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"polled_on" text DEFAULT '' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ssh_access" (
	"host" text NOT NULL,
	"port" integer NOT NULL,
	"login" text NOT NULL,
	"owner" text NOT NULL,
	"node_id" text COLLATE "C",
	"key_id" text,
	"key_line" text,
	"next_id" text,
	"next_line" text,
	"old_id" text,
	"old_line" text,
	"seat_job" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ssh_access_host_port_login_pk" PRIMARY KEY("host","port","login")
);
--> statement-breakpoint
CREATE TABLE "ssh_host_keys" (
	"place" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"fingerprint" text NOT NULL,
	"pinned_by" text NOT NULL,
	"pinned_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "ssh_access_node" ON "ssh_access" USING btree ("node_id") WHERE "ssh_access"."node_id" is not null;