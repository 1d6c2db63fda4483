-- The newest format of a content that was written: a release that knows only older ones does not write here.
ALTER TABLE registry_head ADD COLUMN format integer NOT NULL DEFAULT 1;
