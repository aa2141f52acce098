//! PNG and JPEG files up to the point where their header is known and nothing is decoded yet.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use png::{BitDepth, ColorType, Transformations};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::domain::Size;

/// The longest side that is read.
pub const MAX_SIDE: u32 = 16_384;
/// The most pixels that are read: 8192x8192.
pub const MAX_PIXELS: u64 = 1 << 26;
/// No JPEG file of [`MAX_PIXELS`] is larger.
const MAX_JPEG_BYTES: u64 = 4 * MAX_PIXELS;
/// What the chunks of a PNG file around its pixels may take.
const PNG_LIMITS: png::Limits = png::Limits { bytes: 64 << 20 };

/// What is wrong with a picture: the end of a sentence that begins with the file's name.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum PictureFault {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("is not a file")]
    NotAFile,
    #[error("is neither PNG nor JPEG: save it as one of these")]
    NotAPicture,
    #[error("is {0}, where at most {MAX_SIDE} a side and {MAX_PIXELS} pixels in all are read: scale it down")]
    TooLarge(Size),
    #[error("is a JPEG file of {0} bytes, more than any picture needs: save it again")]
    TooManyBytes(u64),
    #[error("has 16 bits a channel: save it with 8")]
    SixteenBit,
    #[error("is in printing colours (CMYK): save it as RGB")]
    Cmyk,
    #[error("is damaged or cut short: copy it again ({0})")]
    Damaged(String),
}

impl PictureFault {
    pub(super) fn of(self, path: &Path) -> PictureError {
        PictureError { path: path.into(), fault: self }
    }
}

/// A picture that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("{} {fault}", path.display())]
pub struct PictureError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: PictureFault,
}

/// A file whose header was read and has a size that may be decoded.
pub(super) enum Opened {
    Png(Png),
    Jpeg(Jpeg),
}

impl Opened {
    /// Goes by the first bytes, never by the name.
    pub(super) fn open(path: &Path) -> Result<Self, PictureFault> {
        // Asked before opening: opening a pipe would wait for somebody to write into it.
        if !std::fs::metadata(path)?.is_file() {
            return Err(PictureFault::NotAFile);
        }
        let mut file = File::open(path)?;
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic)?;
        file.rewind()?;
        match magic.as_slice() {
            b"\x89PNG" => Png::open(file).map(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Jpeg::open(file).map(Self::Jpeg),
            _ => Err(PictureFault::NotAPicture),
        }
    }
}

/// A PNG file, its IHDR chunk read.
pub(super) struct Png {
    decoder: Box<png::Decoder<BufReader<File>>>,
    pub(super) size: Size,
    pub(super) color: ColorType,
    pub(super) depth: BitDepth,
}

impl Png {
    fn open(file: File) -> Result<Self, PictureFault> {
        let reader = BufReader::with_capacity(1 << 16, file);
        let mut decoder = Box::new(png::Decoder::new_with_limits(reader, PNG_LIMITS));
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let header = decoder.read_header_info()?;
        let size = fit(Size { width: header.width, height: header.height })?;
        let (color, depth) = (header.color_type, header.bit_depth);
        Ok(Self { decoder, size, color, depth })
    }

    /// All samples, row by row (whole bytes a row), and how they are laid out. Reads to the file's last chunk.
    pub(super) fn decode(mut self, transformations: Transformations) -> Result<(Vec<u8>, ColorType), PictureFault> {
        self.decoder.set_transformations(transformations);
        let mut reader = self.decoder.read_info()?;
        let length = reader.output_buffer_size().ok_or(PictureFault::TooLarge(self.size))?;
        let mut samples = vec![0; length];
        let frame = reader.next_frame(&mut samples)?;
        if (Size { width: frame.width, height: frame.height }) != self.size {
            return Err(PictureFault::Damaged("its pixels do not fill it".into()));
        }
        reader.finish()?;
        Ok((samples, frame.color_type))
    }
}

/// A JPEG file, read up to its first scan.
pub(super) struct Jpeg {
    file: File,
    pub(super) size: Size,
    color: ColorSpace,
}

impl Jpeg {
    fn open(file: File) -> Result<Self, PictureFault> {
        let mut decoder = JpegDecoder::new_with_options(BufReader::new(&file), jpeg_options());
        decoder.decode_headers()?;
        let no_header = || PictureFault::Damaged("it has no header".into());
        let (width, height) = decoder.dimensions().ok_or_else(no_header)?;
        let size = fit(Size { width: width as u32, height: height as u32 })?;
        let color = match decoder.input_colorspace().ok_or_else(no_header)? {
            ColorSpace::Luma => ColorSpace::Luma,
            ColorSpace::CMYK | ColorSpace::YCCK => return Err(PictureFault::Cmyk),
            _ => ColorSpace::RGB,
        };
        drop(decoder);
        Ok(Self { file, size, color })
    }

    /// All samples, row by row, and how many make a pixel: 1 or 3.
    pub(super) fn decode(mut self) -> Result<(Vec<u8>, usize), PictureFault> {
        let length = self.file.metadata()?.len();
        if length > MAX_JPEG_BYTES {
            return Err(PictureFault::TooManyBytes(length));
        }
        let mut bytes = Vec::with_capacity(length as usize);
        self.file.rewind()?;
        self.file.take(MAX_JPEG_BYTES).read_to_end(&mut bytes)?;
        if !jpeg_ends(&bytes) {
            return Err(PictureFault::Damaged("its end is missing".into()));
        }
        let options = jpeg_options().jpeg_set_out_colorspace(self.color);
        let samples = JpegDecoder::new_with_options(ZCursor::new(&bytes), options).decode()?;
        let channels = samples.len() / self.size.pixels();
        if samples.len() != channels * self.size.pixels() || !(channels == 1 || channels == 3) {
            return Err(PictureFault::Damaged("its pixels do not fill it".into()));
        }
        Ok((samples, channels))
    }
}

/// Strict, because otherwise what is missing becomes gray. The size is ours to judge, with a sentence of ours.
fn jpeg_options() -> DecoderOptions {
    DecoderOptions::default().set_strict_mode(true).set_max_width(usize::MAX).set_max_height(usize::MAX)
}

/// Whether an end marker follows the last start of a scan. Without it a progressive file may lack its fine scans and
/// still decode.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    last(0xd9) > last(0xda)
}

fn fit(size: Size) -> Result<Size, PictureFault> {
    let pixels = u64::from(size.width) * u64::from(size.height);
    if size.width > MAX_SIDE || size.height > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(PictureFault::TooLarge(size));
    }
    Ok(size)
}

impl From<png::DecodingError> for PictureFault {
    fn from(error: png::DecodingError) -> Self {
        match error {
            png::DecodingError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                Self::Unreadable(error)
            }
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<zune_jpeg::errors::DecodeErrors> for PictureFault {
    fn from(error: zune_jpeg::errors::DecodeErrors) -> Self {
        Self::Damaged(error.to_string())
    }
}
