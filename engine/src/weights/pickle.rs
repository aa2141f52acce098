//! The part of Python's pickle format that `torch.save` uses for a dict of tensors. It builds data and calls nothing.
//!
//! Format: CPython's `Lib/pickletools.py`. Names outside the list in [`Global::named`] end the reading.

use std::collections::HashMap;
use std::io::Read;

use anyhow::{Context, Result, bail, ensure};

/// A pickle of more bytes is not a list of tensors: ResNet-101's has 60 kB.
const MAX_BYTES: u64 = 16 << 20;
/// A call with more arguments makes no tensor: torch gives `_rebuild_tensor_v2` seven at most. A few bytes repeat a call, so
/// its length has to be bounded.
const MAX_ARGUMENTS: usize = 8;

/// A place in [`Pickle::objects`].
pub(super) type Id = usize;

/// A number's type in a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Half,
    BFloat16,
    Float,
    Double,
    /// Counters; so many bytes each.
    Integer(usize),
}

/// What a file may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Scalar),
}

impl Global {
    fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", "HalfStorage") => Self::Storage(Scalar::Half),
            ("torch", "BFloat16Storage") => Self::Storage(Scalar::BFloat16),
            ("torch", "FloatStorage") => Self::Storage(Scalar::Float),
            ("torch", "DoubleStorage") => Self::Storage(Scalar::Double),
            ("torch", "LongStorage") => Self::Storage(Scalar::Integer(8)),
            ("torch", "IntStorage") => Self::Storage(Scalar::Integer(4)),
            ("torch", "ShortStorage") => Self::Storage(Scalar::Integer(2)),
            ("torch", "CharStorage" | "ByteStorage" | "BoolStorage") => Self::Storage(Scalar::Integer(1)),
            _ => return None,
        })
    }
}

/// Objects refer to each other by place, so that a deeply nested file cannot exhaust the stack.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    None,
    Bool(bool),
    Int(i64),
    /// More than 64 bits, little-endian.
    Long(Vec<u8>),
    Float,
    Str(String),
    Global(Global),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A persistent id: torch's reference to a storage.
    Persistent(Id),
    /// What a call of a [`Global`] with a tuple would have made.
    Call(Global, Vec<Id>),
}

/// A pickle that was read.
#[derive(Debug)]
pub(super) struct Pickle {
    objects: Vec<Object>,
    root: Id,
}

impl Pickle {
    /// Reads one pickle and leaves `from` after its end.
    pub(super) fn read(from: &mut impl Read) -> Result<Self> {
        let mut machine = Machine {
            from: from.take(MAX_BYTES),
            objects: vec![Object::None],
            stack: vec![],
            marks: vec![],
            memo: HashMap::new(),
        };
        while machine.step()? {}
        let root = machine.pop()?;
        Ok(Self { objects: machine.objects, root })
    }

    pub(super) fn root(&self) -> Id {
        self.root
    }

    pub(super) fn get(&self, id: Id) -> &Object {
        &self.objects[id]
    }

    pub(super) fn str(&self, id: Id) -> Result<&str> {
        match self.get(id) {
            Object::Str(text) => Ok(text),
            other => bail!("text was expected, not {other:?}"),
        }
    }

    /// A length, an offset, a stride: never negative.
    pub(super) fn count(&self, id: Id) -> Result<usize> {
        match self.get(id) {
            &Object::Int(value) => usize::try_from(value).context("a count is negative"),
            other => bail!("a count was expected, not {other:?}"),
        }
    }

    pub(super) fn tuple(&self, id: Id) -> Result<&[Id]> {
        match self.get(id) {
            Object::Tuple(items) | Object::List(items) => Ok(items),
            other => bail!("a tuple was expected, not {other:?}"),
        }
    }
}

struct Machine<R> {
    from: R,
    objects: Vec<Object>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<R: Read> Machine<R> {
    /// Follows one opcode; false at the end.
    fn step(&mut self) -> Result<bool> {
        let [opcode] = self.bytes()?;
        match opcode {
            b'.' => return Ok(false),
            0x80 => drop(self.bytes::<1>()?), // protocol
            0x95 => drop(self.bytes::<8>()?), // frame
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'N' => self.push(Object::None),
            0x88 => self.push(Object::Bool(true)),
            0x89 => self.push(Object::Bool(false)),
            b'J' => self.bytes().map(|b| self.push(Object::Int(i32::from_le_bytes(b).into())))?,
            b'K' => self.bytes().map(|[b]| self.push(Object::Int(b.into())))?,
            b'M' => self.bytes().map(|b| self.push(Object::Int(u16::from_le_bytes(b).into())))?,
            0x8a => self.long()?,
            b'G' => self.bytes::<8>().map(|_| self.push(Object::Float))?,
            b'X' | b'T' => {
                let length = u32::from_le_bytes(self.bytes()?);
                self.text(length)?;
            }
            0x8c | b'U' => {
                let [length] = self.bytes()?;
                self.text(length.into())?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop_str()?, self.pop_str()?);
                self.global(&module, &name)?;
            }
            b'q' => self.bytes().map(|[place]| place.into()).and_then(|place| self.remember(place))?,
            b'r' => self.bytes().map(u32::from_le_bytes).and_then(|place| self.remember(place))?,
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => self.bytes().map(|[place]| place.into()).and_then(|place| self.recall(place))?,
            b'j' => self.bytes().map(u32::from_le_bytes).and_then(|place| self.recall(place))?,
            b')' => self.push(Object::Tuple(vec![])),
            b']' => self.push(Object::List(vec![])),
            b'}' => self.push(Object::Dict(vec![])),
            0x85..=0x87 => {
                let start = self.stack.len().checked_sub(usize::from(opcode - 0x84)).context("a tuple lacks items")?;
                let items = self.stack.split_off(start);
                self.push(Object::Tuple(items));
            }
            b't' => self.marked().map(|items| self.push(Object::Tuple(items)))?,
            b'a' => self.pop().and_then(|item| self.append(vec![item]))?,
            b'e' => self.marked().and_then(|items| self.append(items))?,
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.insert(&[key, value])?;
            }
            b'u' => self.marked().and_then(|items| self.insert(&items))?,
            b'Q' => self.pop().map(|id| self.push(Object::Persistent(id)))?,
            b'R' => self.call()?,
            // Attributes, such as a state dict's `_metadata`: none is needed.
            b'b' => drop(self.pop()?),
            _ => bail!("opcode {opcode:#04x} has no place in a dict of tensors"),
        }
        Ok(true)
    }

    fn call(&mut self) -> Result<()> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let (Object::Tuple(arguments), &Object::Global(callee)) = (&self.objects[arguments], &self.objects[callee])
        else {
            bail!("something that is no function is called");
        };
        let n = arguments.len();
        ensure!(
            n <= MAX_ARGUMENTS,
            "something is called with {n} arguments: a tensor is made of {MAX_ARGUMENTS} at most"
        );
        let made = match callee {
            Global::OrderedDict => Object::Dict(vec![]),
            Global::RebuildTensor | Global::RebuildParameter => Object::Call(callee, arguments.clone()),
            Global::Storage(_) => bail!("a storage is made by a call"),
        };
        self.push(made);
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Result<()> {
        let Some(global) = Global::named(module, name) else {
            bail!("it asks for {module}.{name}, which a dict of tensors has no need of; nothing was run");
        };
        self.push(Object::Global(global));
        Ok(())
    }

    fn append(&mut self, mut more: Vec<Id>) -> Result<()> {
        match self.stack.last().map(|&top| &mut self.objects[top]) {
            Some(Object::List(items)) => items.append(&mut more),
            _ => bail!("something that is no list is added to"),
        }
        Ok(())
    }

    fn insert(&mut self, items: &[Id]) -> Result<()> {
        match self.stack.last().map(|&top| &mut self.objects[top]) {
            Some(Object::Dict(entries)) => entries.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1]))),
            _ => bail!("something that is no dict is added to"),
        }
        Ok(())
    }

    fn long(&mut self) -> Result<()> {
        let [length] = self.bytes()?;
        let mut bytes = vec![0; length.into()];
        self.from.read_exact(&mut bytes)?;
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        if bytes.len() > 8 {
            self.push(Object::Long(bytes));
        } else {
            bytes.resize(8, if negative { 0xff } else { 0 });
            let value = bytes.iter().rev().fold(0_i64, |value, &byte| value << 8 | i64::from(byte));
            self.push(Object::Int(value));
        }
        Ok(())
    }

    fn text(&mut self, length: u32) -> Result<()> {
        let mut text = String::new();
        let read = self.from.by_ref().take(length.into()).read_to_string(&mut text).context("a text is not UTF-8")?;
        ensure!(read == length as usize, "it ends within a text");
        self.push(Object::Str(text));
        Ok(())
    }

    fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        loop {
            match self.bytes()? {
                [b'\n'] => return Ok(String::from_utf8_lossy(&line).into_owned()),
                [byte] if line.len() < 256 => line.push(byte),
                _ => bail!("a name is longer than 256 bytes"),
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes).context("it was cut off, or its list of tensors is longer than 16 MiB")?;
        Ok(bytes)
    }

    fn push(&mut self, object: Object) {
        self.stack.push(self.objects.len());
        self.objects.push(object);
    }

    fn pop(&mut self) -> Result<Id> {
        self.stack.pop().context("it takes more than it has put")
    }

    fn pop_str(&mut self) -> Result<String> {
        let id = self.pop()?;
        match &self.objects[id] {
            Object::Str(text) => Ok(text.clone()),
            other => bail!("text was expected, not {other:?}"),
        }
    }

    fn marked(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len());
        Ok(self.stack.split_off(mark.context("it closes what it has not opened")?))
    }

    fn remember(&mut self, place: u32) -> Result<()> {
        let &top = self.stack.last().context("it remembers nothing")?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<()> {
        let &id = self.memo.get(&place).context("it recalls what it has not remembered")?;
        self.stack.push(id);
        Ok(())
    }
}
