-- When a lead put the project away, in milliseconds since 1970; null while it stands on the first page.
alter table project add column archived_at integer;
