-- Tells every hub of this database, at commit, whose rights got less and which node changed its owner: accounts/rights-watch.ts.
CREATE FUNCTION "tell_rights"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('stoa_rights', json_build_object('account', to_jsonb(OLD) ->> TG_ARGV[0])::text);
  IF TG_TABLE_NAME = 'nodes' THEN
    PERFORM pg_notify('stoa_rights', json_build_object('nodeId', NEW.node_id, 'owner', NEW.owner)::text);
  END IF;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER "user_sessions_rights" AFTER DELETE ON "user_sessions" FOR EACH ROW EXECUTE FUNCTION "tell_rights"('user_id');--> statement-breakpoint
CREATE TRIGGER "users_rights" AFTER UPDATE OF "tier", "disabled_at" ON "users" FOR EACH ROW
  WHEN (OLD.tier IS DISTINCT FROM NEW.tier OR OLD.disabled_at IS DISTINCT FROM NEW.disabled_at) EXECUTE FUNCTION "tell_rights"('id');--> statement-breakpoint
CREATE TRIGGER "node_shares_rights" AFTER UPDATE OR DELETE ON "node_shares" FOR EACH ROW EXECUTE FUNCTION "tell_rights"('email');--> statement-breakpoint
CREATE TRIGGER "nodes_rights" AFTER UPDATE OF "owner" ON "nodes" FOR EACH ROW
  WHEN (OLD.owner IS DISTINCT FROM NEW.owner) EXECUTE FUNCTION "tell_rights"('owner');
