//! Weights as safetensors: as much of them as a form looks at. The engine reads the rest.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a header at most, as the format says.
const MAX_HEADER: u64 = 100_000_000;

/// Whether a file begins as safetensors do: with the length of a header, 8 bytes, the lowest first, and the header's
/// brace.
pub fn is_one(path: &Path) -> bool {
    let mut head = [0; 9];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let [length @ .., brace] = head;
    read.is_ok() && u64::from_le_bytes(length) <= MAX_HEADER && brace == b'{'
}

#[cfg(test)]
mod tests {
    use super::super::test_files::*;
    use super::*;

    #[test]
    fn a_checkpoint_of_another_kind_is_told_apart() {
        let folder = Folder::new();
        let header = [&2u64.to_le_bytes()[..], b"{}"].concat();
        assert!(is_one(&folder.put("good.safetensors", &header)));
        for other in [&b"PK\x03\x04data.pkl and more"[..], b"short", b""] {
            assert!(!is_one(&folder.put("other.pth", other)));
        }
    }
}
