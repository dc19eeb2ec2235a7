CREATE TABLE "score_breakdowns" (
	"node_id" text COLLATE "C" NOT NULL,
	"version" integer NOT NULL,
	"breakdown" text NOT NULL,
	CONSTRAINT "score_breakdowns_node_id_version_pk" PRIMARY KEY("node_id","version")
);
--> statement-breakpoint
ALTER TABLE "scores" DROP COLUMN "breakdown";