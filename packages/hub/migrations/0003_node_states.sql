ALTER TABLE "node_status" ADD COLUMN "at_tip_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "disputed_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "search" "tsvector" GENERATED ALWAYS AS (to_tsvector('simple', regexp_replace(regexp_replace(regexp_replace(
  lower(label || ' ' || owner || ' ' || region), '[^[:alnum:]]+', ' ', 'g'),
  '([[:alpha:]])([[:digit:]])', '\1 \2', 'g'), '([[:digit:]])([[:alpha:]])', '\1 \2', 'g'))) STORED;--> statement-breakpoint
CREATE INDEX "nodes_search" ON "nodes" USING gin ("search");