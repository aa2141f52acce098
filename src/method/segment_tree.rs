//! Segments of every scale: superpixels that are merged two by two, the most alike neighbours first.
//!
//! It is Ward's criterion on a region adjacency graph: a merge costs the growth of the squared distances to the mean.
//! Cut after fewer or more merges, the tree gives larger or smaller segments, each made of whole smaller ones.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Merges superpixels until nothing has a neighbour left.
///
/// `ids` `[pixels]` numbers the superpixel of every pixel of a frame `width` pixels wide, from 0 without a gap; `vectors`
/// is `[superpixels, d]`, what each looks like. Returns the parent of every node: superpixels first, then merges in
/// their order; a root is its own parent. Ties go to the lower numbers.
///
/// # Panics
/// Where `vectors` is not `d` numbers for each superpixel.
pub fn merge_tree(ids: &[u32], width: usize, vectors: &[f32], d: usize) -> Vec<u32> {
    let mut sizes = vec![0.0_f32; vectors.len() / d];
    ids.iter().for_each(|&id| sizes[id as usize] += 1.0);
    let mut nodes: Vec<Node> = vectors
        .chunks_exact(d)
        .zip(sizes)
        .map(|(mean, pixels)| Node { mean: mean.to_vec(), pixels, beside: vec![] })
        .collect();
    let mut parents: Vec<u32> = (0..nodes.len() as u32).collect();
    let mut queue = BinaryHeap::new();
    for (a, b) in neighbours(ids, width) {
        nodes[a as usize].beside.push(b);
        nodes[b as usize].beside.push(a);
        queue.push(Reverse((nodes[a as usize].cost(&nodes[b as usize]), a, b)));
    }
    while let Some(Reverse((_, a, b))) = queue.pop() {
        // Merged already, and so queued again under its new name.
        if parents[a as usize] != a || parents[b as usize] != b {
            continue;
        }
        let merged = nodes.len() as u32;
        (parents[a as usize], parents[b as usize]) = (merged, merged);
        let (a, b) = (std::mem::take(&mut nodes[a as usize]), std::mem::take(&mut nodes[b as usize]));
        let mut node = a.merge(b);
        node.beside.retain(|&other| parents[other as usize] == other);
        parents.push(merged);
        for &other in &node.beside {
            nodes[other as usize].beside.push(merged);
            queue.push(Reverse((node.cost(&nodes[other as usize]), other, merged)));
        }
        nodes.push(node);
    }
    parents
}

#[derive(Default)]
struct Node {
    mean: Vec<f32>,
    pixels: f32,
    /// Neighbours, and names that neighbours had before they were merged.
    beside: Vec<u32>,
}

impl Node {
    /// Ward's, as bits that are ordered as the numbers are: it is never negative.
    fn cost(&self, other: &Self) -> u32 {
        let apart: f32 = self.mean.iter().zip(&other.mean).map(|(a, b)| (a - b) * (a - b)).sum();
        (apart * self.pixels * other.pixels / (self.pixels + other.pixels)).to_bits()
    }

    fn merge(mut self, other: Self) -> Self {
        let share = other.pixels / (self.pixels + other.pixels);
        self.mean.iter_mut().zip(&other.mean).for_each(|(a, b)| *a += (b - *a) * share);
        self.pixels += other.pixels;
        self.beside.extend(other.beside);
        self.beside.sort_unstable();
        self.beside.dedup();
        self
    }
}

/// Pairs that touch along a side, each once, the lower number first, in order.
fn neighbours(ids: &[u32], width: usize) -> Vec<(u32, u32)> {
    let pair = |a: u32, b: u32| (a != b).then(|| (a.min(b), a.max(b)));
    let right = ids.chunks_exact(width).flat_map(|row| row.windows(2).filter_map(|two| pair(two[0], two[1])));
    let down = ids.iter().zip(ids.iter().skip(width)).filter_map(|(&above, &below)| pair(above, below));
    let mut pairs: Vec<_> = right.chain(down).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three columns of two superpixels each: dark, dark, light.
    const IDS: [u32; 6] = [0, 1, 2, 3, 4, 5];
    const LOOKS: [f32; 6] = [0.0, 0.1, 1.0, 0.0, 0.1, 1.0];

    #[test]
    fn what_looks_alike_is_merged_first() {
        let parents = merge_tree(&IDS, 3, &LOOKS, 1);
        // Equal ones one above the other, the lower numbers first; then dark with dark; last of all the light ones.
        assert_eq!(parents, [6, 7, 8, 6, 7, 8, 9, 9, 10, 10, 10]);
    }

    #[test]
    fn a_large_segment_takes_a_small_one_before_another_large_one() {
        let ids: Vec<u32> = (0..21).map(|x| if x < 10 { 0 } else { if x == 10 { 1 } else { 2 } }).collect();
        assert_eq!(merge_tree(&ids, 21, &[0.0, 0.6, 1.0], 1), [4, 3, 3, 4, 4]);
    }

    #[test]
    fn every_superpixel_ends_in_the_one_root() {
        let ids: Vec<u32> = (0..40 * 30).map(|at| (at / 40 / 5 * 8 + at % 40 / 5) as u32).collect();
        let looks: Vec<f32> = (0..48 * 2).map(|at| (at as f32 * 0.7).sin()).collect();
        let parents = merge_tree(&ids, 40, &looks, 2);
        assert_eq!(parents.len(), 2 * 48 - 1);
        assert!(parents.iter().zip(0..).all(|(&parent, node)| parent > node || node == 94 && parent == 94));
    }
}
