//! What a search is made of: descriptors, ranges, groups.

use super::*;
use crate::explorer::online::bitcoin::fake;

#[test]
fn a_script_becomes_a_descriptor_with_its_checksum() {
    // The pair of BIP-380's test vectors.
    assert_eq!(descriptor(&ScriptBuf::from_hex("deadbeef").expect("hex")).as_deref(), Ok("raw(deadbeef)#89f8spxm"));
}

#[test]
fn ranges_cover_every_block_once() {
    assert_eq!(ranges(0, 0).collect::<Vec<_>>(), [(0, 0)]);
    assert_eq!(ranges(5, 99_999).collect::<Vec<_>>(), [(5, 99_999)]);
    assert_eq!(ranges(0, 250_000).collect::<Vec<_>>(), [(0, 99_999), (100_000, 199_999), (200_000, 250_000)]);
    assert_eq!(ranges(1, 0).count(), 0);
    assert_eq!(ranges(u32::MAX - 1, u32::MAX).collect::<Vec<_>>(), [(u32::MAX - 1, u32::MAX)]);
}

#[test]
fn scripts_are_searched_from_where_they_were_left() {
    let mut memory = Searched::default();
    let scripts: BTreeSet<ScriptBuf> = (0..3).map(fake::script).collect();
    let tip = Tip { height: 9, hash: BlockHash::all_zeros() };
    assert_eq!(groups(&memory, &scripts, tip), BTreeMap::from([(0, scripts.clone())]));
    memory.watch(&scripts);
    let at = |height| Some(Tip { height, ..tip });
    memory.scripts.get_mut(&fake::script(0)).expect("watched").to = at(9);
    memory.scripts.get_mut(&fake::script(1)).expect("watched").to = at(4);
    let only = |number| BTreeSet::from([fake::script(number)]);
    assert_eq!(groups(&memory, &scripts, tip), BTreeMap::from([(0, only(2)), (5, only(1))]));
    memory.forget(&[fake::script(0)]);
    assert_eq!(groups(&memory, &only(0), tip), BTreeMap::from([(0, only(0))]));
}
