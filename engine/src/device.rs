//! Where tensors live: the CPU and its threads, or a card whose libraries are opened only where there is one.

use std::path::Path;

use anyhow::{Context, Result, bail};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use tch::{Cuda, Device};
use windlass::domain::CARD_DRIVERS;

/// A device by its name in a spec, and a note for a person where `auto` had to leave a card alone.
///
/// Must be called before the first tensor is made: libtorch looks for CUDA once. The binary is linked with the CPU
/// libraries only; opening `libtorch_cuda.so` registers CUDA, so one binary serves both kinds of box.
///
/// # Errors
/// An unknown name, a card that is not there, a libtorch without CUDA where a card was asked for.
pub fn open(name: &str) -> Result<(Device, Option<String>)> {
    let index = match name {
        "cpu" => return Ok((Device::Cpu, None)),
        "auto" => None,
        _ => {
            let index = name.strip_prefix("cuda:").and_then(|index| index.parse().ok());
            Some(index.with_context(|| format!("there is no device {name:?}: give auto, cpu, or cuda:0"))?)
        }
    };
    match (index, cards()) {
        (None, Ok(0)) => Ok((Device::Cpu, None)),
        (None, Ok(_)) => Ok((Device::Cuda(0), None)),
        (None, Err(reason)) => Ok((Device::Cpu, Some(format!("there is a card, but the CPU is used: {reason:#}")))),
        (Some(index), Ok(n)) if index < n => Ok((Device::Cuda(index), None)),
        (Some(_), Ok(0)) => bail!("there is no card for {name} on this box: set the device to auto or cpu"),
        (Some(_), Ok(n)) => bail!("there is no {name}: this box has {n}, counted from cuda:0"),
        (Some(_), Err(reason)) => Err(reason),
    }
}

/// Computes by so many CPU threads from now on, or by all for 0; says how many. To be called once.
pub fn use_threads(wanted: usize) -> Result<usize> {
    let threads = match wanted {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    tch::set_num_threads(threads as i32);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    Ok(threads)
}

/// `cpu`, `cuda:0`.
pub fn name(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Cpu | Device::Mps | Device::Vulkan => "cpu".into(),
    }
}

/// How many cards libtorch can use; an error where there is a driver and libtorch cannot use it.
///
/// cuDNN is left to choose its kernels: trying them all (`cudnn_set_benchmark`) delayed the first steps of each job by far more than
/// a short job lasts, and steps of PyTorch, which had tried them, were no faster (docs/speed.md).
fn cards() -> Result<usize> {
    if !CARD_DRIVERS.iter().any(|path| Path::new(path).exists()) {
        return Ok(0);
    }
    // SAFETY: libtorch's initialisers only register CUDA's kernels; nothing of libtorch has run yet.
    let library = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_NOW | RTLD_GLOBAL) };
    let library = library.context(
        "this libtorch has no CUDA: build with WINDLASS_LIBTORCH=cuda (`make release` or `make dist`), or set the device to cpu",
    )?;
    // It stays open until the process ends: kernels are called through it.
    std::mem::forget(library);
    Ok(Cuda::device_count().max(0) as usize)
}
