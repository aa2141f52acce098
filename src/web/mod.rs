//! Routes, pages, server-sent events, sessions.
