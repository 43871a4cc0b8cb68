use super::*;

/// Of one item with this value.
fn batch(sequence: u64, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![START];
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(sequence.to_le_bytes());
    bytes.extend([ITEM, 0, 0]);
    bytes.extend(1u64.to_le_bytes());
    bytes.extend(3u16.to_le_bytes());
    bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend(b"key");
    bytes.extend(value);
    bytes.push(END);
    bytes.extend([9; 12]);
    bytes
}

fn look(journals: &[Vec<u8>]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    for (number, bytes) in journals.iter().enumerate() {
        // Beyond 9, so that an order by text would be wrong.
        std::fs::write(folder.path().join(format!("{}.jnl", number + 9)), bytes).unwrap();
    }
    std::fs::write(folder.path().join("lock"), "x").unwrap();
    fault(folder.path()).unwrap()
}

#[test]
fn whole_journals_whose_numbers_rise_are_good_with_zeros_behind_them_or_not() {
    let zeros = [batch(3, b"x"), vec![0; 10_000]].concat();
    assert_eq!(look(&[[batch(1, b"x"), batch(2, b"")].concat(), zeros, batch(9, b"z")]), None);
    assert_eq!(look(&[]).as_deref(), Some("its journal is gone"));
}

#[test]
fn only_the_last_journal_may_end_in_the_middle() {
    let whole = batch(1, b"value");
    for length in 1..whole.len() {
        let cut = whole[..length].to_vec();
        assert_eq!(look(std::slice::from_ref(&cut)), None, "of a process that was killed");
        assert_eq!(look(&[cut, batch(2, b"")]).as_deref(), Some("journal 9 ends early"), "{length}");
    }
    let hole = [batch(1, b"x"), vec![0; 100], batch(2, b"x")].concat();
    assert_eq!(look(&[hole, batch(3, b"")]).as_deref(), Some("journal 9 ends early"));
}

#[test]
fn a_number_that_does_not_rise_is_told() {
    for (first, second) in [(2, 2), (2, 1), (1 << 40, 3)] {
        let one = [batch(first, b""), batch(second, b"")].concat();
        assert_eq!(look(&[one]).as_deref(), Some("journal 9: batches are not in their order"));
        let two = [batch(first, b""), batch(second, b"")];
        assert_eq!(look(&two).as_deref(), Some("journal 10: batches are not in their order"));
    }
}

#[test]
fn a_journal_that_is_gone_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for number in [3, 5] {
        std::fs::write(folder.path().join(format!("{number}.jnl")), batch(number, b"")).unwrap();
    }
    assert_eq!(fault(folder.path()).unwrap().as_deref(), Some("a journal is gone"));
    std::fs::remove_file(folder.path().join("3.jnl")).unwrap();
    assert_eq!(fault(folder.path()).unwrap(), None, "the first ones go when their tables are written");
    std::fs::remove_file(folder.path().join("5.jnl")).unwrap();
    assert_eq!(fault(folder.path()).unwrap().as_deref(), Some("its journal is gone"));
}
