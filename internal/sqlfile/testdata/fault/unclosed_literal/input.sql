SELECT 'it''s
  open;
