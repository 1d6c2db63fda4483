-- The newest format of a content that was written: a release that knows only older ones does not write here.
ALTER TABLE origin ADD COLUMN format INTEGER NOT NULL DEFAULT 1
