ALTER TABLE "nodes" ADD COLUMN "listed_state" text DEFAULT 'new' NOT NULL;--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "listed_lag" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "version_key" text COLLATE "C" GENERATED ALWAYS AS (case when length(agent_version) <= 100
  and agent_version ~ '^v?[0-9]{1,9}(\.[0-9]{1,9}){0,2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'
  then lpad(split_part(substring(agent_version from '^v?([0-9.]+)'), '.', 1), 9, '0') || '.' || lpad(split_part(substring(agent_version from '^v?([0-9.]+)'), '.', 2), 9, '0') || '.'
    || lpad(split_part(substring(agent_version from '^v?([0-9.]+)'), '.', 3), 9, '0') || '.' || coalesce(regexp_replace(regexp_replace(regexp_replace(
      replace(substring(agent_version from '^[^+-]*-([^+]*)'), '.', ' '), '(^| )([0-9]+)(?=$| )', '\1!000000000\2', 'g'), '(^| )(?=[0-9A-Za-z-])', '\1"', 'g'),
      '!0[0-9]*([0-9]{9})(?=$| )', '!\1', 'g'), '~') end) STORED;--> statement-breakpoint
CREATE INDEX "nodes_listed_state" ON "nodes" USING btree ("listed_state","label","node_id");--> statement-breakpoint
CREATE INDEX "nodes_listed_lag" ON "nodes" USING btree ("listed_lag") WHERE "nodes"."listed_lag" > 0;--> statement-breakpoint
CREATE INDEX "nodes_region" ON "nodes" USING btree ("region","label","node_id");--> statement-breakpoint
CREATE INDEX "nodes_version" ON "nodes" USING btree ("version_key");--> statement-breakpoint
CREATE INDEX "nodes_folded_label" ON "nodes" USING btree ((translate(label, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') collate "C"),"node_id");--> statement-breakpoint
CREATE INDEX "nodes_tags" ON "nodes" USING gin (array_to_tsvector(array_remove(array_remove(tags, ''), null)));