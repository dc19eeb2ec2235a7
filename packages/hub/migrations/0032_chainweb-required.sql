ALTER TABLE "nodes" ADD COLUMN "chainweb_version" text;--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "chainweb_key" text COLLATE "C" GENERATED ALWAYS AS (case when length(chainweb_version) <= 100
  and chainweb_version ~ '^v?[0-9]{1,9}(\.[0-9]{1,9}){0,2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'
  then lpad(split_part(substring(chainweb_version from '^v?([0-9.]+)'), '.', 1), 9, '0') || '.' || lpad(split_part(substring(chainweb_version from '^v?([0-9.]+)'), '.', 2), 9, '0') || '.'
    || lpad(split_part(substring(chainweb_version from '^v?([0-9.]+)'), '.', 3), 9, '0') || '.' || coalesce(regexp_replace(regexp_replace(regexp_replace(
      replace(substring(chainweb_version from '^[^+-]*-([^+]*)'), '.', ' '), '(^| )([0-9]+)(?=$| )', '\1!000000000\2', 'g'), '(^| )(?=[0-9A-Za-z-])', '\1"', 'g'),
      '!0[0-9]*([0-9]{9})(?=$| )', '!\1', 'g'), '~') end) STORED;--> statement-breakpoint
CREATE INDEX "nodes_chainweb" ON "nodes" USING btree ("chainweb_key","region");--> statement-breakpoint
-- What agents described before: they tell it again only when it changes or they reconnect.
UPDATE "nodes" n SET "chainweb_version" = d."chainweb_version" FROM "node_descriptions" d WHERE d."node_id" = n."node_id";
