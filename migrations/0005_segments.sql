-- Below the workspace: what an annotator corrects the start mask by. Picks from before have none.
alter table pick add column segments_path text;
