CREATE TABLE "p2p_certificates" (
	"fingerprint" text COLLATE "C" PRIMARY KEY NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
DROP INDEX "dial_backs_by_fingerprint";--> statement-breakpoint
CREATE INDEX "dial_backs_by_host" ON "dial_backs" USING btree ("host");