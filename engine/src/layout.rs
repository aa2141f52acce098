//! Safetensors files whose tensors are written one after another, larger together than memory has room for.

use std::collections::HashMap;

use anyhow::Result;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use tch::{Device, Tensor};

/// Where each tensor of a file lies.
#[derive(Default)]
pub struct Layout {
    infos: Vec<(String, TensorInfo)>,
    /// Bytes of all tensors.
    pub end: usize,
}

impl Layout {
    /// Puts one more tensor behind the others, of elements of `size` bytes; says where it begins behind the head.
    pub fn add(&mut self, name: String, dtype: Dtype, shape: Vec<usize>, size: usize) -> usize {
        let begin = self.end;
        self.end += shape.iter().product::<usize>() * size;
        self.infos.push((name, TensorInfo { dtype, shape, data_offsets: (begin, self.end) }));
        begin
    }

    /// What stands before the tensors: the length of the header, and the header, which begins and ends at multiples of
    /// eight bytes.
    pub fn head(self, about: Option<HashMap<String, String>>) -> Result<Vec<u8>> {
        let mut header = serde_json::to_vec(&Metadata::new(about, self.infos)?)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        Ok([&(header.len() as u64).to_le_bytes()[..], &header].concat())
    }
}

/// A tensor's shape as files have it.
pub fn shape(tensor: &Tensor) -> Vec<usize> {
    tensor.size().iter().map(|&n| n as usize).collect()
}

/// A tensor's numbers, of `size` bytes each, row-major.
pub fn bytes(tensor: &Tensor, size: usize) -> Result<Vec<u8>> {
    let tensor = tensor.detach().to_device(Device::Cpu).contiguous();
    let mut bytes = vec![0; tensor.numel() * size];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}
