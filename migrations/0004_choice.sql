-- How the frames of a round are chosen, and what came of it.

-- domain::Choice as JSON; null: as the project's recipe says
alter table round add column choice text;
-- domain::Selection as JSON, without its picks, which have rows of their own; null before the select stage
alter table round add column selection text;
