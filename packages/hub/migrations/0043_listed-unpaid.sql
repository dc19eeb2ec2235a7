ALTER TABLE "nodes" ADD COLUMN "listed_unpaid" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "nodes_unpaid" ON "nodes" USING btree ("owner") WHERE "nodes"."listed_unpaid";