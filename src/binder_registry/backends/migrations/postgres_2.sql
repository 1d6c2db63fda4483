-- Two writers cannot both follow one state. A name's rows stand here in the order of their revisions, too, so that it
-- takes the place of the index before it: the queries of schema 1 sort within one name.
CREATE UNIQUE INDEX registry_changes_by_previous ON registry_changes (name, previous DESC);
DROP INDEX registry_changes_by_name;
