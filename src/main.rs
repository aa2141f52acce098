//! `windlass`: arguments to library calls.

fn main() {}
