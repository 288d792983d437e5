use super::{
    error::JsonError,
    key::Key,
    number, object, text,
    value::{Member, Value},
};

/// The most levels that PHP's reader takes: one below its limit of 512.
pub(crate) const MAX_LEVELS: usize = 511;

/// The most values in one text. An order of 10,000 cards, the largest there is, has about 100,000.
///
/// A value needs far more memory than its shortest text.
pub(crate) const MAX_VALUES: usize = 400_000;

/// Reads a whole JSON text of at most `levels` levels.
pub(crate) fn read(json: &[u8], levels: usize) -> Result<Value<'_>, JsonError> {
    Reader::new(json, levels)?.document()
}

/// Like [`read`], but refuses an outermost object with a repeated name.
///
/// The outermost object of an answer is not signed. Programs differ in which of two values counts.
pub(crate) fn read_unambiguous(json: &[u8], levels: usize) -> Result<Value<'_>, JsonError> {
    let mut reader = Reader::new(json, levels)?;
    reader.unambiguous_level = levels.checked_sub(1);
    reader.document()
}

/// Reads a JSON text once, from left to right.
struct Reader<'a> {
    json: &'a str,
    at: usize,
    levels_left: usize,
    values_left: usize,
    /// The value of `levels_left` inside the object that must not repeat a name, if there is one.
    unambiguous_level: Option<usize>,
}

impl<'a> Reader<'a> {
    fn new(json: &'a [u8], levels: usize) -> Result<Self, JsonError> {
        let json = std::str::from_utf8(json)
            .map_err(|error| JsonError::new("bytes that are not UTF-8", error.valid_up_to()))?;
        Ok(Self {
            json,
            at: 0,
            levels_left: levels,
            values_left: MAX_VALUES,
            unambiguous_level: None,
        })
    }

    fn document(mut self) -> Result<Value<'a>, JsonError> {
        let value = self.value()?;
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.unexpected()),
        }
    }

    fn value(&mut self) -> Result<Value<'a>, JsonError> {
        let Some(left) = self.values_left.checked_sub(1) else {
            return Err(JsonError::new("too many values", self.at));
        };
        self.values_left = left;
        match self.peek() {
            Some(b'"') => self.text().map(Value::Text),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.literal(),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value<'a>, JsonError>,
    ) -> Result<Value<'a>, JsonError> {
        let Some(left) = self.levels_left.checked_sub(1) else {
            return Err(JsonError::new("too many levels", self.at));
        };
        self.levels_left = left;
        self.at += 1;
        let value = read(self)?;
        self.levels_left += 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Value<'a>, JsonError> {
        let mut elements = Vec::new();
        if self.skip(b']') {
            return Ok(Value::List(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.skip(b']') {
                return Ok(Value::List(elements));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self) -> Result<Value<'a>, JsonError> {
        if self.skip(b'}') {
            return Ok(Value::List(Vec::new()));
        }
        // The documented objects have 9 to 16 members.
        let mut members = Vec::with_capacity(16);
        loop {
            members.push(self.member()?);
            if self.skip(b'}') {
                return self.finish_object(members);
            }
            self.expect(b',')?;
        }
    }

    fn finish_object(&self, mut members: Vec<Member<'a>>) -> Result<Value<'a>, JsonError> {
        // Many tiny objects must not keep room for the documented ones.
        if members.len() < members.capacity() / 2 {
            members.shrink_to_fit();
        }
        if self.unambiguous_level != Some(self.levels_left) {
            return Ok(object::from_members(members));
        }
        object::from_unambiguous_members(members)
            .ok_or_else(|| JsonError::new("a repeated name in the object that ends", self.at))
    }

    fn member(&mut self) -> Result<Member<'a>, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let name = Key::new(self.text()?);
        self.expect(b':')?;
        Ok((name, self.value()?))
    }

    fn text(&mut self) -> Result<std::borrow::Cow<'a, str>, JsonError> {
        let (text, end) = text::read(self.json, self.at + 1)?;
        self.at = end;
        Ok(text)
    }

    fn number(&mut self) -> Result<Value<'a>, JsonError> {
        let (number, length) =
            number::read(&self.json[self.at..]).ok_or_else(|| self.unexpected())?;
        self.at += length;
        Ok(number)
    }

    fn literal(&mut self) -> Result<Value<'a>, JsonError> {
        let rest = &self.json[self.at..];
        let literals = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        let found = literals
            .into_iter()
            .find(|(literal, _)| rest.starts_with(literal));
        let (literal, value) = found.ok_or_else(|| self.unexpected())?;
        self.at += literal.len();
        Ok(value)
    }

    /// Skips blanks and returns the next byte without taking it.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.json.as_bytes()[self.at..];
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(is_blank).count();
        self.json.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: u8) -> Result<(), JsonError> {
        if self.skip(wanted) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn unexpected(&self) -> JsonError {
        let what = if self.at == self.json.len() {
            "an unexpected end"
        } else {
            "an unexpected character"
        };
        JsonError::new(what, self.at)
    }
}
