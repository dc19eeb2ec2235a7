ALTER TABLE "metrics_1h" ADD COLUMN "writer" text NOT NULL;--> statement-breakpoint
ALTER TABLE "metrics_1h" DROP CONSTRAINT "metrics_1h_node_id_bucket_pk";--> statement-breakpoint
ALTER TABLE "metrics_1h" ADD CONSTRAINT "metrics_1h_node_id_bucket_writer_pk" PRIMARY KEY("node_id","bucket","writer");
