CREATE TABLE "dial_backs" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"verdict" text NOT NULL,
	"fingerprint" text COLLATE "C" NOT NULL,
	"host" text NOT NULL,
	"port" integer NOT NULL,
	"dialler" text COLLATE "C" NOT NULL,
	"sealed" "bytea" NOT NULL,
	"passed_until" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE INDEX "dial_backs_by_fingerprint" ON "dial_backs" USING btree ("fingerprint");