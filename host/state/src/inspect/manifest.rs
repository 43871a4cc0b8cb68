//! Which tables a tree has: fjall writes a checksum of that list beside it and doesn't read it again. A list with one
//! wrong byte would be a tree that has lost a table, or has its tables in another order.

use std::io::{self, ErrorKind, Read};
use std::path::Path;

const TREES: &str = "keyspaces";
/// The engine's own tree: which trees there are.
const LIST_OF_TREES: &str = "0";
/// The number of the list in use (8 bytes), its checksum (16), the kind of checksum (1).
const CURRENT: &str = "current";
const XXH3: u8 = 0;

/// What is wrong with the lists in `folder`; `None` if nothing is.
pub(super) fn fault(folder: &Path) -> io::Result<Option<String>> {
    let trees = folder.join(TREES);
    if !trees.join(LIST_OF_TREES).join(CURRENT).exists() {
        // The engine would take all trees for left over and delete them.
        return Ok(Some("its list of trees is gone".into()));
    }
    for entry in std::fs::read_dir(trees)? {
        let tree = entry?.path();
        match check(&tree) {
            Ok(true) => {}
            Ok(false) => return Ok(Some(format!("the list of tables in {} is not what was written", tree.display()))),
            // Made and not yet filled, when the process ended: the engine removes it.
            Err(error) if error.kind() == ErrorKind::NotFound && !tree.join(CURRENT).exists() => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => {
                return Ok(Some(format!("the list of tables in {} is gone", tree.display())));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn check(tree: &Path) -> io::Result<bool> {
    let mut current = std::fs::File::open(tree.join(CURRENT))?;
    let (mut number, mut checksum, mut kind) = ([0; 8], [0; 16], [0; 1]);
    current.read_exact(&mut number)?;
    current.read_exact(&mut checksum)?;
    current.read_exact(&mut kind)?;
    let list = std::fs::read(tree.join(format!("v{}", u64::from_le_bytes(number))))?;
    Ok(kind == [XXH3] && xxhash_rust::xxh3::xxh3_128(&list) == u128::from_le_bytes(checksum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CacheLimits;
    use crate::engine::{Engine, Tree};

    #[test]
    fn any_wrong_byte_of_a_list_and_of_its_checksum_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(folder.path(), &CacheLimits::default(), &["group/store".into()]).unwrap();
        let mut write = engine.write();
        write.put(Tree(0), b"key".to_vec(), b"value".to_vec());
        write.commit().unwrap();
        drop(engine);
        assert_eq!(fault(folder.path()).unwrap(), None);
        let tree = folder.path().join(TREES).join("1");
        let mut files: Vec<_> = std::fs::read_dir(&tree).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.is_file());
        assert_eq!(files.len(), 2, "{files:?}");
        for file in files {
            let whole = std::fs::read(&file).unwrap();
            for at in 0..whole.len() {
                let mut bytes = whole.clone();
                bytes[at] ^= 1;
                std::fs::write(&file, bytes).unwrap();
                assert!(fault(folder.path()).unwrap().is_some(), "byte {at} of {}", file.display());
            }
            std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
            assert!(fault(folder.path()).unwrap().is_some(), "{} is short", file.display());
            std::fs::write(&file, whole).unwrap();
        }
        assert_eq!(fault(folder.path()).unwrap(), None);
        std::fs::remove_file(folder.path().join(TREES).join(LIST_OF_TREES).join(CURRENT)).unwrap();
        assert_eq!(fault(folder.path()).unwrap().as_deref(), Some("its list of trees is gone"));
    }
}
