//! `windlass-engine DIR` runs the job in a folder.

fn main() {}
