//! Jobs: queue, prepare, launch, follow, ingest, resume.
