SELECT $body$ x $$;
