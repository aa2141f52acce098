//! The engine as its users meet it: a folder, a process, its lines and its files.
#![cfg(test)]

mod toy;
mod whole_loop;
mod alone;
mod features;
mod resume;
mod refusals;
mod losses;
mod mixing;
mod padding;
mod knobs;
mod half;
mod predictions;
