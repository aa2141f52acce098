//! The database and the workspace folder: the only room that knows SQL.
