DROP INDEX "nodes_tags";--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "tag_words" "tsvector" GENERATED ALWAYS AS (array_to_tsvector(array_remove(array_remove(tags, ''), null))) STORED;--> statement-breakpoint
CREATE INDEX "nodes_tags" ON "nodes" USING gin ("tag_words");