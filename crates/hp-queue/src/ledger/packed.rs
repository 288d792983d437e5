use std::{fmt::Display, io::Write};

use rmp::encode::{write_array_len, write_str_len};
use zeroize::Zeroizing;

/// Texts and lists on their way to a script, packed with `MessagePack`: Redis unpacks one value far faster than it reads many
/// arguments. They may contain card keys.
#[derive(Default)]
pub(super) struct Packed(Zeroizing<Vec<u8>>);

/// A list of names and values inside of [`Packed`].
pub(super) struct PackedFields<'a> {
    packed: &'a mut Packed,
    items: u32,
}

/// The bytes of the header of a text or list of any length: a marker and four bytes.
const HEADER: usize = 5;
const TEXT: u8 = 0xdb;
const LIST: u8 = 0xdd;

impl Packed {
    /// Reserves room for `bytes` of long texts and for all short ones. What grows leaves copies behind, which nobody wipes.
    pub(super) fn with_room_for(bytes: usize) -> Self {
        const SHORT_TEXTS: usize = 4096;
        Self(Zeroizing::new(Vec::with_capacity(SHORT_TEXTS + bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Begins a list of so many items, which are added next.
    pub(super) fn list(&mut self, items: usize) {
        let items = u32::try_from(items).expect("a list is short");
        write_array_len(&mut *self.0, items).expect("memory accepts all bytes");
    }

    /// Adds a text, which need not be UTF-8.
    pub(super) fn text(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let length = u32::try_from(text.len()).expect("a text is short");
        write_str_len(&mut *self.0, length).expect("memory accepts all bytes");
        self.0.extend_from_slice(text);
    }

    /// Adds a value as it is displayed.
    pub(super) fn display(&mut self, value: impl Display) {
        let start = self.reserve_header();
        write!(self.0, "{value}").expect("memory accepts all bytes");
        let length = self.0.len() - start - HEADER;
        self.write_header(start, TEXT, u32::try_from(length).expect("a text is short"));
    }

    /// Adds a list of names and values.
    pub(super) fn fields(&mut self, add: impl FnOnce(&mut PackedFields<'_>)) {
        let start = self.reserve_header();
        let mut fields = PackedFields {
            packed: self,
            items: 0,
        };
        add(&mut fields);
        let items = fields.items;
        self.write_header(start, LIST, items);
    }

    fn reserve_header(&mut self) -> usize {
        let start = self.0.len();
        self.0.resize(start + HEADER, 0);
        start
    }

    fn write_header(&mut self, start: usize, marker: u8, length: u32) {
        self.0[start] = marker;
        self.0[start + 1..start + HEADER].copy_from_slice(&length.to_be_bytes());
    }
}

impl PackedFields<'_> {
    /// Adds a field with a text, which need not be UTF-8.
    pub(super) fn text(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.items += 2;
        self.packed.text(name);
        self.packed.text(value);
    }

    /// Adds a field with a value as it is displayed.
    pub(super) fn display(&mut self, name: &str, value: impl Display) {
        self.items += 2;
        self.packed.text(name);
        self.packed.display(value);
    }
}

#[cfg(test)]
mod tests {
    use super::Packed;

    #[test]
    fn packed_lists_are_message_pack() {
        let mut packed = Packed::default();
        packed.list(3);
        packed.text("A-1");
        packed.display(12);
        packed.fields(|fields| fields.text("meta", b"\xff"));
        let wanted = [
            &b"\x93\xa3A-1"[..],
            b"\xdb\x00\x00\x00\x0212",
            b"\xdd\x00\x00\x00\x02\xa4meta\xa1\xff",
        ];
        assert_eq!(packed.bytes(), wanted.concat());
    }
}
