CREATE TABLE "uptime_words" (
	"hub_hour" integer NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"epoch" bigint NOT NULL,
	"minutes" bigint NOT NULL,
	CONSTRAINT "uptime_words_hub_hour_node_id_epoch_pk" PRIMARY KEY("hub_hour","node_id","epoch")
);
--> statement-breakpoint
-- What drizzle-kit can't say: a word is written up to sixty times in its hour, so pages keep room for HOT updates.
ALTER TABLE "uptime_words" SET (fillfactor = 50);
