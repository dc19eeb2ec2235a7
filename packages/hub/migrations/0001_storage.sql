-- What drizzle-kit can't say: room on each page of the rows that change with every heartbeat, so that updates stay HOT.
ALTER TABLE "node_status" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "probe_cache" SET (fillfactor = 50);--> statement-breakpoint
ALTER TABLE "probe_cache" SET UNLOGGED;
