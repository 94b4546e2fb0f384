-- The role whose members may press what else takes Manage Server; NULL: nobody.
ALTER TABLE guild ADD COLUMN manager_role_id INTEGER;
