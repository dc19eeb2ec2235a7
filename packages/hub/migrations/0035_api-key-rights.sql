-- A key that was revoked ends what it follows: as the triggers of 0026_rights_told.
CREATE TRIGGER "api_keys_rights" AFTER UPDATE OF "revoked_at" ON "api_keys" FOR EACH ROW
  WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at) EXECUTE FUNCTION "tell_rights"('owner');
