//! Tensors behind one another in one, so that what is done to all of them is one operation. A card takes longer to be asked
//! than to move a few weights: an optimiser that went from weight to weight kept it waiting for a quarter of a small
//! network's step (docs/speed.md).

use tch::nn::VarStore;
use tch::{Tensor, no_grad};

use crate::checkpoint::Named;

/// A network's variables, the backbone's first; those of odd lengths last of each, so that kernels begin where a card reads
/// them fastest.
pub fn in_order(vs: &VarStore) -> Named {
    let mut variables: Named = vs.variables().into_iter().collect();
    variables.sort_by_cached_key(|(name, tensor)| (is_head(name), !tensor.numel().is_multiple_of(4), name.clone()));
    variables
}

/// Whether a variable of this name is not the backbone's.
pub fn is_head(name: &str) -> bool {
    !name.starts_with("backbone.")
}

/// Copies the numbers of some tensors behind one another: `[n]`. Kernels go pixel by pixel, as they lie in memory.
pub fn gather(tensors: &[Tensor]) -> Tensor {
    let rows: Vec<Tensor> = tensors.iter().map(|tensor| by_pixel(tensor).reshape([-1])).collect();
    Tensor::cat(&rows, 0)
}

/// The parts of a block that has the numbers of tensors like these, each of its tensor's shape.
pub fn parts(block: &Tensor, like: &[Tensor]) -> Vec<Tensor> {
    let mut begin = 0;
    let mut part = |tensor: &Tensor| {
        let (shape, n) = (by_pixel(tensor).size(), tensor.numel() as i64);
        begin += n;
        by_channel(&block.narrow(0, begin - n, n).view(&shape[..]))
    };
    like.iter().map(&mut part).collect()
}

/// Moves some tensors into a block. Whoever holds one of them finds it there, with the same numbers.
pub fn bind(tensors: &mut [Tensor]) -> Tensor {
    no_grad(|| {
        let block = gather(tensors);
        let parts = parts(&block, tensors);
        tensors.iter_mut().zip(&parts).for_each(|(tensor, part)| tensor.set_data(part));
        block
    })
}

/// A kernel `[outputs, inputs, h, w]` as `[outputs, h, w, inputs]`, anything else as it is.
fn by_pixel(tensor: &Tensor) -> Tensor {
    if tensor.dim() == 4 { tensor.permute([0, 2, 3, 1]) } else { tensor.shallow_clone() }
}

/// Undoes [`by_pixel`].
fn by_channel(tensor: &Tensor) -> Tensor {
    if tensor.dim() == 4 { tensor.permute([0, 3, 1, 2]) } else { tensor.shallow_clone() }
}

#[cfg(test)]
mod tests {
    use tch::nn::{Init, VarStore};
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn bound_variables_keep_their_numbers_and_move_with_the_block() {
        let vs = VarStore::new(Device::Cpu);
        let kernel = vs.root().var("kernel", &[2, 3, 2, 2], Init::Randn { mean: 0.0, stdev: 1.0 });
        let bias = vs.root().var("bias", &[5], Init::Const(7.0));
        let before = [kernel.copy(), bias.copy()];
        let mut block = bind(&mut [kernel.shallow_clone(), bias.shallow_clone()]);
        assert_eq!(block.size(), [29]);
        assert_eq!([&kernel, &bias], [&before[0], &before[1]]);
        assert!(kernel.requires_grad() && !block.requires_grad());

        let _ = block.g_mul_scalar_(2.0);
        // Whoever else holds them: here the store.
        assert_eq!(vs.variables()["kernel"], &before[0] * 2.0);
        assert_eq!(vs.variables()["bias"], &before[1] * 2.0);
        assert_eq!(gather(&[kernel.detach(), bias.detach()]), block);

        let gradients = Tensor::run_backward(&[kernel.sum(Kind::Float)], &[&kernel], false, false);
        assert_eq!(gradients[0], Tensor::ones([2, 3, 2, 2], (Kind::Float, Device::Cpu)));
    }
}
