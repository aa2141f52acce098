-- What the eighth migration made room for: a project that a lead has put away.
update project set archived_at = 1795439630460;
