//! PyTorch's two file formats: a zip with a pickle and a file a storage, and before 1.6 five pickles and raw storages.
//!
//! Format: `torch/serialization.py`, `_save` and `_legacy_save`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::Array;
use super::pickle::{Global, Id, Object, Pickle, Scalar};

/// How a zip begins.
const ZIP: &[u8] = b"PK\x03\x04";
/// How the old format begins: a pickle of protocol 2 with a number of ten bytes.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a";
/// The magic number of the old format, little-endian.
const LEGACY_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const LEGACY_PROTOCOL: i64 = 1001;
/// A file with more numbers (1 GiB of them) is refused: ResNet-101 has 45 million.
const MAX_NUMBERS: usize = 1 << 28;
/// A tensor of more dimensions is refused: weights have five at most.
const MAX_DIMENSIONS: usize = 16;

/// Whether it begins as one of the two does.
pub(super) fn is_pth(path: &Path) -> Result<bool> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut start = Vec::new();
    file.take(4).read_to_end(&mut start)?;
    Ok(matches!(&start[..], ZIP | LEGACY))
}

/// The floating-point tensors of a state dict by name; counters are left out.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Array>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut start = [0; 4];
    file.read_exact(&mut start).context("it has fewer than 4 bytes")?;
    file.rewind()?;
    if start == ZIP { read_zip(file) } else { read_legacy(file) }
}

fn read_zip(file: BufReader<File>) -> Result<BTreeMap<String, Array>> {
    let mut zip = zip::ZipArchive::new(file)?;
    let root =
        zip.file_names().find_map(|name| name.strip_suffix("data.pkl")).context("it has no data.pkl")?.to_owned();
    if let Ok(order) = zip.by_name(&format!("{root}byteorder")) {
        let mut text = String::new();
        order.take(16).read_to_string(&mut text)?;
        ensure!(text == "little", "it was written on a big-endian machine");
    }
    let pickle = Pickle::read(&mut zip.by_name(&format!("{root}data.pkl"))?)?;
    let plan = Plan::of(&pickle)?;
    let mut arrays = BTreeMap::new();
    for (key, storage) in &plan.storages {
        let mut entry = zip.by_name(&format!("{root}data/{key}")).with_context(|| format!("storage {key}"))?;
        let bytes = storage.bytes(&mut entry).with_context(|| format!("storage {key}"))?;
        plan.take(key, &bytes, &mut arrays)?;
    }
    Ok(arrays)
}

fn read_legacy(mut file: BufReader<File>) -> Result<BTreeMap<String, Array>> {
    let magic = Pickle::read(&mut file).context("it is no file of torch.save")?;
    ensure!(*magic.get(magic.root()) == Object::Long(LEGACY_MAGIC.to_vec()), "it is no file of torch.save");
    let protocol = Pickle::read(&mut file)?;
    ensure!(*protocol.get(protocol.root()) == Object::Int(LEGACY_PROTOCOL), "its protocol is not {LEGACY_PROTOCOL}");
    let system = Pickle::read(&mut file)?;
    let little = entries(&system, system.root())?.into_iter().find(|(key, _)| *key == "little_endian");
    ensure!(
        little.is_none_or(|(_, id)| *system.get(id) == Object::Bool(true)),
        "it was written on a big-endian machine"
    );
    let pickle = Pickle::read(&mut file)?;
    let plan = Plan::of(&pickle)?;
    let keys = Pickle::read(&mut file)?;
    let mut arrays = BTreeMap::new();
    for &key in keys.tuple(keys.root())? {
        let key = keys.str(key)?;
        let storage = plan.storages.get(key).with_context(|| format!("nothing is known of storage {key}"))?;
        let mut count = [0; 8];
        file.read_exact(&mut count).context("it was cut off")?;
        ensure!(u64::from_le_bytes(count) == storage.numbers as u64, "storage {key} is not as long as its tensors say");
        let bytes = storage.bytes(&mut file).with_context(|| format!("storage {key}"))?;
        plan.take(key, &bytes, &mut arrays)?;
    }
    ensure!(arrays.len() == plan.n_floating(), "it lacks a storage that its tensors need");
    Ok(arrays)
}

/// Where the numbers of which tensor stand.
struct Plan {
    storages: HashMap<String, Storage>,
    tensors: HashMap<String, Vec<View>>,
}

#[derive(Clone, Copy, PartialEq)]
struct Storage {
    scalar: Scalar,
    numbers: usize,
}

struct View {
    name: String,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl Plan {
    fn of(pickle: &Pickle) -> Result<Self> {
        let mut plan = Self { storages: HashMap::new(), tensors: HashMap::new() };
        let mut total = 0;
        let mut names = HashSet::new();
        for (name, id) in state_dict(pickle)? {
            ensure!(names.insert(name), "{name} is there twice");
            let Some((storage_id, view)) = tensor(pickle, name, id).with_context(|| format!("tensor {name}"))? else {
                continue;
            };
            let (key, storage) = storage(pickle, storage_id).with_context(|| format!("tensor {name}"))?;
            let numbers = view.check(storage).with_context(|| format!("tensor {name}"))?;
            total += numbers.max(storage.numbers);
            ensure!(total <= MAX_NUMBERS, "it has more than {MAX_NUMBERS} numbers");
            let known = plan.storages.insert(key.clone(), storage);
            ensure!(known.is_none_or(|known| known == storage), "storage {key} is described twice and differently");
            plan.tensors.entry(key).or_default().push(view);
        }
        ensure!(plan.n_floating() > 0, "it holds no tensor");
        Ok(plan)
    }

    fn n_floating(&self) -> usize {
        let floating = |key: &String| !matches!(self.storages[key].scalar, Scalar::Integer(_));
        self.tensors.iter().filter(|(key, _)| floating(key)).map(|(_, views)| views.len()).sum()
    }

    /// Turns the bytes of a storage into the tensors that stand in it.
    fn take(&self, key: &str, bytes: &[u8], arrays: &mut BTreeMap<String, Array>) -> Result<()> {
        let Some(numbers) = floats(self.storages[key].scalar, bytes) else { return Ok(()) };
        for view in &self.tensors[key] {
            let values = view.values(&numbers);
            ensure!(values.iter().all(|v| v.is_finite()), "tensor {} has a number that is not finite", view.name);
            arrays.insert(view.name.clone(), (view.shape.clone(), values));
        }
        Ok(())
    }
}

impl Storage {
    fn bytes(self, from: &mut impl Read) -> Result<Vec<u8>> {
        let size = match self.scalar {
            Scalar::Half | Scalar::BFloat16 => 2,
            Scalar::Float => 4,
            Scalar::Double => 8,
            Scalar::Integer(size) => size,
        };
        let wanted = self.numbers * size;
        // Grows with what is there, not with what is promised.
        let mut bytes = Vec::new();
        from.take(wanted as u64).read_to_end(&mut bytes)?;
        ensure!(bytes.len() == wanted, "it was cut off");
        Ok(bytes)
    }
}

impl View {
    /// How many numbers it has; refuses one that reaches out of its storage or repeats numbers.
    fn check(&self, storage: Storage) -> Result<usize> {
        let outside = || "it reaches out of its storage";
        ensure!(self.shape.len() == self.strides.len(), "its shape and strides differ in length");
        let numbers = self.shape.iter().try_fold(1_usize, |n, &side| n.checked_mul(side)).with_context(outside)?;
        let reach = self.shape.iter().zip(&self.strides).try_fold(self.offset, |reach, (&side, &stride)| {
            reach.checked_add(side.saturating_sub(1).checked_mul(stride)?)
        });
        let reach = reach.with_context(outside)?;
        ensure!(numbers <= storage.numbers && (numbers == 0 || reach < storage.numbers), outside());
        Ok(numbers)
    }

    /// In row-major order, whatever the strides.
    fn values(&self, numbers: &[f32]) -> Vec<f32> {
        let count = self.shape.iter().product();
        let mut place = vec![0; self.shape.len()];
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            let at: usize = place.iter().zip(&self.strides).map(|(i, stride)| i * stride).sum();
            values.push(numbers[self.offset + at]);
            for (i, &side) in place.iter_mut().zip(&self.shape).rev() {
                *i += 1;
                if *i < side {
                    break;
                }
                *i = 0;
            }
        }
        values
    }
}

/// Names and values of the dict, or of the dict called `state_dict` or `model` in it.
fn state_dict(pickle: &Pickle) -> Result<Vec<(&str, Id)>> {
    let outer = entries(pickle, pickle.root())?;
    let inner = outer.iter().find(|(name, _)| matches!(*name, "state_dict" | "model"));
    match inner {
        Some(&(_, id)) => entries(pickle, id),
        None => Ok(outer),
    }
}

fn entries(pickle: &Pickle, id: Id) -> Result<Vec<(&str, Id)>> {
    let Object::Dict(entries) = pickle.get(id) else { bail!("it holds no dict of tensors") };
    entries.iter().map(|&(key, value)| Ok((pickle.str(key)?, value))).collect()
}

/// The storage and the view of a tensor; nothing for other values, such as an epoch.
fn tensor(pickle: &Pickle, name: &str, id: Id) -> Result<Option<(Id, View)>> {
    let mut object = pickle.get(id);
    if let Object::Call(Global::RebuildParameter, arguments) = object {
        object = pickle.get(*arguments.first().context("a parameter has no tensor")?);
    }
    let Object::Call(Global::RebuildTensor, arguments) = object else { return Ok(None) };
    let &[storage, offset, shape, strides, ..] = &arguments[..] else { bail!("it has too few parts") };
    let counts = |id| {
        let sides = pickle.tuple(id)?;
        ensure!(sides.len() <= MAX_DIMENSIONS, "it has {} dimensions: {MAX_DIMENSIONS} are read at most", sides.len());
        sides.iter().map(|&n| pickle.count(n)).collect::<Result<Vec<_>>>()
    };
    let view =
        View { name: name.into(), offset: pickle.count(offset)?, shape: counts(shape)?, strides: counts(strides)? };
    Ok(Some((storage, view)))
}

/// `("storage", type, key, device, numbers)`, in the old format with a sixth that only files before 0.4 use.
fn storage(pickle: &Pickle, id: Id) -> Result<(String, Storage)> {
    let &Object::Persistent(id) = pickle.get(id) else { bail!("it has no storage") };
    let parts = pickle.tuple(id)?;
    let &[tag, kind, key, _, numbers, ref rest @ ..] = parts else { bail!("its storage has too few parts") };
    ensure!(pickle.str(tag)? == "storage", "its storage is of an unknown kind");
    ensure!(rest.iter().all(|&part| *pickle.get(part) == Object::None), "its storage is a view: save it anew");
    let &Object::Global(Global::Storage(scalar)) = pickle.get(kind) else { bail!("its storage has no type") };
    let key = pickle.str(key)?;
    Ok((key.to_owned(), Storage { scalar, numbers: pickle.count(numbers)? }))
}

/// Nothing for integers.
fn floats(scalar: Scalar, bytes: &[u8]) -> Option<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], to: impl Fn([u8; N]) -> f32) -> Option<Vec<f32>> {
        Some(bytes.as_chunks::<N>().0.iter().map(|&chunk| to(chunk)).collect())
    }
    match scalar {
        Scalar::Integer(_) => None,
        Scalar::Float => each(bytes, f32::from_le_bytes),
        Scalar::Double => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Scalar::BFloat16 => each(bytes, |[low, high]| f32::from_le_bytes([0, 0, low, high])),
        Scalar::Half => each(bytes, |b| half(u16::from_le_bytes(b))),
    }
}

/// IEEE 754 binary16 to binary32.
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15), u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    match exponent {
        0 => f32::from_bits(sign << 31) + (if sign == 1 { -1.0 } else { 1.0 }) * fraction as f32 * 2_f32.powi(-24),
        0x1f => f32::from_bits(sign << 31 | 0xff << 23 | fraction << 13),
        _ => f32::from_bits(sign << 31 | (exponent + 112) << 23 | fraction << 13),
    }
}
