"""Pages that cut across features: home, lists, the complaint page, inbox, outbox. Owns no table and no rule."""
