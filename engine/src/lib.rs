//! Windlass's engine: a job is a folder with a spec; this turns it into results.
