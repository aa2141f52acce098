//! Weights files: safetensors in and out, PyTorch's own formats in.

mod cli;
mod file;
mod pickle;
mod pth;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};
use tch::nn::VarStore;
use tch::{Kind, Tensor};
use windlass::formats::{atomic, digest};

pub use cli::WeightsCommand;
pub use file::WeightsError;

use file::WeightsFile;

use crate::layout::shape;

/// What the backbone's variables are called before their names in an ImageNet file.
const BACKBONE: &str = "backbone.";
/// What the others are called.
const HEAD: &str = "head.";

/// Writes all variables, f32, in order of their names: the same weights give the same bytes.
///
/// The file appears whole or not at all.
pub fn save(vs: &VarStore, path: impl AsRef<Path>) -> anyhow::Result<()> {
    let tensors = vs.variables().into_iter().map(|(name, tensor)| {
        let values = Vec::<f32>::try_from(tensor.to_kind(Kind::Float).flatten(0, -1))?;
        Ok((name, (shape(&tensor), values)))
    });
    write(&tensors.collect::<Result<_, tch::TchError>>()?, path.as_ref())
}

/// Reads all variables of `vs` from a file that [`save`] wrote. Further tensors in the file are ignored.
///
/// Everything is checked before the first variable is changed.
pub fn load(vs: &mut VarStore, path: impl AsRef<Path>) -> Result<(), WeightsError> {
    fill(vs, path.as_ref(), |name| Some(name))
}

/// Whether a file holds a whole network, as [`save`] writes it, and not a backbone alone.
pub fn is_whole(path: impl AsRef<Path>) -> Result<bool, WeightsError> {
    has(path.as_ref(), HEAD)
}

/// Reads the variables below `backbone.` from an ImageNet file, whose names have no such beginning, or from a file of
/// torchvision's DeepLab, whose names have it.
///
/// The file's classifier is ignored. Everything is checked before the first variable is changed.
pub fn load_backbone(vs: &mut VarStore, path: impl AsRef<Path>) -> Result<(), WeightsError> {
    let within = has(path.as_ref(), BACKBONE)?;
    fill(vs, path.as_ref(), |name| name.strip_prefix(BACKBONE).map(|own| if within { name } else { own }))
}

/// Writes the floating-point tensors of a PyTorch file, old format or new, as safetensors, f32. Nothing in it is run.
///
/// A safetensors file is accepted too and written anew, so that the same tensors give the same bytes.
pub fn convert(from: impl AsRef<Path>, to: impl AsRef<Path>) -> anyhow::Result<()> {
    let from = from.as_ref();
    let arrays = match pth::is_pth(from)? {
        true => pth::read(from).with_context(|| format!("cannot convert {}", from.display()))?,
        false => {
            let unknown = || format!("cannot convert {}, which torch.save did not write", from.display());
            let mut file = WeightsFile::open(from).with_context(unknown)?;
            let names = file.names();
            names.into_iter().map(|name| file.read(&name).map(|array| (name, array))).collect::<Result<_, _>>()?
        }
    };
    write(&arrays, to.as_ref())
}

/// Of a file's bytes, hexadecimal.
pub fn sha256(path: impl AsRef<Path>) -> anyhow::Result<String> {
    let path = path.as_ref();
    digest::sha256(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Whether a tensor's name begins so.
fn has(path: &Path, beginning: &str) -> Result<bool, WeightsError> {
    Ok(WeightsFile::open(path)?.names().iter().any(|name| name.starts_with(beginning)))
}

/// Fills the variables to which `called` gives a name in the file.
fn fill(vs: &mut VarStore, path: &Path, called: impl Fn(&str) -> Option<&str>) -> Result<(), WeightsError> {
    let mut file = WeightsFile::open(path)?;
    let variables: BTreeMap<String, Tensor> = vs.variables().into_iter().collect();
    let wanted = || variables.iter().filter_map(|(name, var)| Some((called(name)?, var)));
    for (name, variable) in wanted() {
        file.check(name, &shape(variable))?;
    }
    let arrays: Vec<Array> = wanted().map(|(name, _)| file.read(name)).collect::<Result<_, _>>()?;
    let _guard = tch::no_grad_guard();
    for ((_, variable), (_, values)) in wanted().zip(arrays) {
        variable.shallow_clone().copy_(&Tensor::from_slice(&values).view(&variable.size()[..]));
    }
    Ok(())
}

/// A shape and its numbers in row-major order.
pub(crate) type Array = (Vec<usize>, Vec<f32>);

/// Writes tensors by their names. The file appears whole or not at all.
pub(crate) fn write(tensors: &BTreeMap<String, Array>, path: &Path) -> anyhow::Result<()> {
    let bytes: Vec<(&String, &[usize], Vec<u8>)> = tensors
        .iter()
        .map(|(name, (shape, values))| (name, &shape[..], values.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views =
        bytes.iter().map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)));
    let views: Vec<_> = views.collect::<Result<_, safetensors::SafeTensorError>>()?;
    atomic::write_synced(path, &serialize(views, None)?)
        .with_context(|| format!("cannot write {}: is the disk full or the folder read-only?", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tch::{Device, nn};

    use super::*;

    /// A store with a weight `[2, 3]` and a frozen bias `[2]`, all 7.
    fn small() -> VarStore {
        let vs = VarStore::new(Device::Cpu);
        let _weight = vs.root().var("weight", &[2, 3], nn::Init::Const(7.0));
        let _bias = vs.root().add("bias", Tensor::full([2], 7.0, (Kind::Float, Device::Cpu)), false);
        vs
    }

    fn arrays() -> BTreeMap<String, Array> {
        let weight = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        [("bias".into(), (vec![2], vec![0.5, 1.5])), ("weight".into(), (vec![2, 3], weight))].into()
    }

    fn in_folder(test: impl FnOnce(PathBuf)) {
        let folder = tempfile::tempdir().unwrap();
        test(folder.path().join("model.safetensors"));
    }

    #[test]
    fn a_model_comes_back_as_it_was_saved_and_the_same_model_has_the_same_bytes() {
        in_folder(|path| {
            let mut vs = small();
            write(&arrays(), &path).unwrap();
            load(&mut vs, &path).unwrap();
            let again = path.with_file_name("again.safetensors");
            save(&vs, &again).unwrap();
            assert_eq!(sha256(&path).unwrap(), sha256(&again).unwrap());
            assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 2, "no half-written file is left");
        });
    }

    #[test]
    fn a_backbone_is_found_under_the_names_of_imagenet_files_and_of_torchvision_s_deeplab() {
        for beginning in ["", BACKBONE] {
            in_folder(|path| {
                let vs = &mut VarStore::new(Device::Cpu);
                let ours = |name: &str| (vs.root() / name).var("weight", &[2], nn::Init::Const(7.0));
                let (backbone, head) = (ours("backbone"), ours("head"));
                let theirs = [format!("{beginning}weight"), "classifier.0.weight".to_owned()];
                write(&theirs.map(|name| (name, (vec![2], vec![0.5, 1.5]))).into(), &path).unwrap();
                assert!(!is_whole(&path).unwrap());
                load_backbone(vs, &path).unwrap();
                assert_eq!(
                    [backbone, head],
                    [Tensor::from_slice(&[0.5_f32, 1.5]), Tensor::from_slice(&[7.0_f32, 7.0])]
                );
            });
        }
    }

    #[track_caller]
    fn is_refused(change: impl FnOnce(&mut BTreeMap<String, Array>), sentence: &str) {
        let mut arrays = arrays();
        change(&mut arrays);
        in_folder(|path| {
            write(&arrays, &path).unwrap();
            file_is_refused(&path, sentence);
        });
    }

    #[track_caller]
    fn file_is_refused(path: &Path, sentence: &str) {
        let mut vs = small();
        let refused = load(&mut vs, path).unwrap_err().to_string();
        assert!(refused.contains(sentence), "{refused}");
        let untouched = vs.variables().values().all(|var| var.eq(7.0).all().int64_value(&[]) == 1);
        assert!(untouched, "a refused file has changed the model");
    }

    #[test]
    fn a_missing_tensor_is_named() {
        is_refused(|arrays| drop(arrays.remove("weight")), "has no tensor weight: it belongs to another network");
    }

    #[test]
    fn a_wrong_shape_is_shown_beside_the_right_one() {
        is_refused(
            |arrays| arrays.get_mut("weight").unwrap().0 = vec![3, 2],
            "is of shape [3, 2], the network needs [2, 3]",
        );
    }

    #[test]
    fn a_number_that_is_none_is_refused() {
        is_refused(|arrays| arrays.get_mut("weight").unwrap().1[5] = f32::NAN, "not finite");
        is_refused(|arrays| arrays.get_mut("bias").unwrap().1[1] = f32::INFINITY, "tensor bias");
    }

    #[test]
    fn a_header_longer_than_the_file_costs_no_memory() {
        in_folder(|path| {
            std::fs::write(&path, [&u64::MAX.to_le_bytes()[..], b"{}"].concat()).unwrap();
            file_is_refused(&path, "its header is longer than the file");
            std::fs::write(&path, b"{}").unwrap();
            file_is_refused(&path, "fewer than 8 bytes");
        });
    }

    #[test]
    fn a_file_that_was_cut_off_is_refused() {
        in_folder(|path| {
            write(&arrays(), &path).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
            file_is_refused(&path, "it was cut off");
        });
    }

    #[test]
    fn tensors_that_say_they_are_longer_than_any_file_cost_no_memory() {
        in_folder(|path| {
            // 16 tensors of 2^60 bytes, the last a number shorter: with the header they are longer than a u64 counts.
            let side = 1_u64 << 58;
            let tensor = |at: u64| {
                let numbers = if at == 15 { side - 1 } else { side };
                let from = at * 4 * side;
                format!(
                    r#""{at}":{{"dtype":"F32","shape":[{numbers}],"data_offsets":[{from},{}]}}"#,
                    from + 4 * numbers
                )
            };
            let header = format!("{{{}}}", (0..16).map(tensor).collect::<Vec<_>>().join(","));
            std::fs::write(&path, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()).unwrap();
            file_is_refused(&path, "its tensors do not fill it");
        });
    }

    #[test]
    fn another_number_format_is_refused() {
        in_folder(|path| {
            let mut header = br#"{"bias":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#.to_vec();
            header.resize(64, b' ');
            std::fs::write(&path, [&64_u64.to_le_bytes()[..], &header, &[0; 4]].concat()).unwrap();
            file_is_refused(&path, "tensor bias of");
            file_is_refused(&path, "is F16");
        });
    }

    #[track_caller]
    fn pth_is_refused(bytes: &[u8], sentence: &str) {
        in_folder(|out| {
            let pth = out.with_extension("pth");
            std::fs::write(&pth, bytes).unwrap();
            let refused = format!("{:#}", convert(&pth, &out).unwrap_err());
            assert!(refused.contains(sentence), "{refused}");
            assert!(!out.exists());
        });
    }

    /// The old format up to the pickle of the tensors.
    const LEGACY: &[u8] =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02";

    #[test]
    fn a_pickle_that_calls_something_is_refused_and_nothing_is_run() {
        let evil = b"cposix\nsystem\nX\x04\0\0\0true\x85R.";
        pth_is_refused(&[LEGACY, evil].concat(), "it asks for posix.system");
    }

    #[test]
    fn a_pickle_that_makes_no_sense_is_refused() {
        pth_is_refused(&[LEGACY, b"}."].concat(), "it holds no tensor");
        pth_is_refused(&[LEGACY, b"K\x01."].concat(), "it holds no dict of tensors");
        pth_is_refused(&[LEGACY, b"tttt."].concat(), "it closes what it has not opened");
        pth_is_refused(&[LEGACY, b"X\xff\xff\xff\xffab"].concat(), "it ends within a text");
        let called = [b"ccollections\nOrderedDict\n(".as_slice(), &[b'N'; 9], b"tR."].concat();
        pth_is_refused(&[LEGACY, &called].concat(), "something is called with 9 arguments");
        pth_is_refused(&[LEGACY, b"}(X\x01\0\0\0xNX\x01\0\0\0xNu."].concat(), "x is there twice");
        pth_is_refused(&[LEGACY, &state_dict(&[1; 17])].concat(), "it has 17 dimensions: 16 are read at most");
        pth_is_refused(LEGACY, "it was cut off");
        pth_is_refused(b"PK\x03\x04 and no more", "cannot convert");
        pth_is_refused(b"a letter about weights", "which torch.save did not write");
    }

    /// A tensor `x` of `shape` with strides 1 in a storage of four f32.
    fn state_dict(shape: &[u8]) -> Vec<u8> {
        let counts =
            |values: &[u8]| [b"(", &values.iter().flat_map(|&n| [b'K', n]).collect::<Vec<_>>()[..], b"t"].concat();
        [
            b"}X\x01\0\0\0xctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n".as_slice(),
            b"X\x01\0\0\x000X\x03\0\0\0cpuK\x04NtQK\0",
            &counts(shape),
            &counts(&vec![1; shape.len()]),
            b"\x89}tRs.",
        ]
        .concat()
    }

    #[test]
    fn a_tensor_that_reaches_out_of_its_storage_is_refused() {
        let keys = b"\x80\x02]X\x01\0\0\x000a.\x04\0\0\0\0\0\0\0";
        let numbers = [1.0_f32, 2.0, 3.0, 4.0].map(f32::to_le_bytes).concat();
        let whole = [LEGACY, &state_dict(&[4]), keys, &numbers].concat();
        in_folder(|out| {
            let pth = out.with_extension("pth");
            std::fs::write(&pth, &whole).unwrap();
            convert(&pth, &out).unwrap();
            assert_eq!(Tensor::read_safetensors(&out).unwrap()[0].1, Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]));
        });
        pth_is_refused(&whole[..whole.len() - 1], "it was cut off");
        pth_is_refused(&[LEGACY, &state_dict(&[5]), keys, &numbers].concat(), "it reaches out of its storage");
        pth_is_refused(&[LEGACY, &state_dict(&[255; 12]), keys, &numbers].concat(), "it reaches out of its storage");
    }
}
