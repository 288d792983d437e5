//! Corner cases of PHP's JSON reader, casts, comparison and sort. PHP 8.2 made the expected texts.
#![allow(
    clippy::unwrap_used,
    reason = "a failure in test support is a failed test"
)]

use hp_api::{
    AppSecret,
    sign::{Signer, flatten},
};

const FLAT: &[(&str, &str)] = &[
    // Whole floats of 15 digits that end in 05 keep their zeros.
    ("[577247008623405.0]", "5.7724700862340E+14"),
    ("[100000000000205.0,1]", "11.0000000000020E+14"),
    ("[100000000000215.0]", "1.0000000000022E+14"),
    // Halves go to the even digit, zeros at the end are dropped.
    ("[100000000000.125]", "100000000000.12"),
    ("[100000000000.375]", "100000000000.38"),
    (
        "[0.0001,0.00001,1e13,1e14]",
        "1.0E-50.0001100000000000001.0E+14",
    ),
    ("[1e400,-1e400,-0,-0.0,\"INF\"]", "-INF0-0INFINF"),
    // The smallest integer followed by a blank is too large for 64 bits; without one it is not.
    (
        r#"["-9223372036854775809","-9223372036854775808 "]"#,
        "-9223372036854775808 -9223372036854775809",
    ),
    (
        r#"["-9223372036854775808","-9223372036854775809"]"#,
        "-9223372036854775809-9223372036854775808",
    ),
    // Twenty digits are beyond 64 bits, whatever the exponent.
    (
        r#"["123456789012345678901e-18","9"]"#,
        "9123456789012345678901e-18",
    ),
    // Two infinities are compared as bytes.
    (r#"["1e1000","2e1000","1e999"]"#, "1e10001e9992e1000"),
    (r#"["+.5","-.5","5.","1.e1"]"#, "-.5+.55.1.e1"),
    (r#"["\u000b3","2"]"#, "2\u{b}3"),
    (r#"["\ud83d\ude00","\u00e9","z"]"#, "zé😀"),
    // Keys: integers, texts that look like integers, repeated names, objects that are lists.
    (
        r#"{"9223372036854775808":"b","9223372036854775807":"a"}"#,
        "ba",
    ),
    (r#"{"-0":"c","0":"b","00":"a"}"#, "cba"),
    (r#"{"1":"x","1":"y","0":"z"}"#, "zy"),
    (r#"{"":"1","\u0000":"2"}"#, "12"),
    (r#"{"b":{"1":"p","0":"q"},"a":{"0":"p","1":"o"}}"#, "opqp"),
    (r#"{"5":"1","5x":"2","4.5":"3","abc":"4","":"5"}"#, "53124"),
    (r#"{"a":[[],{},"",null,false],"b":true}"#, "1"),
];

#[test]
fn json_is_flattened_as_php_does() {
    for (json, flat) in FLAT {
        let got = flatten(json.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), *flat, "{json}");
    }
}

#[test]
fn invalid_json_is_an_error_with_its_position() {
    for (json, at) in [
        ("", 0),
        ("[1,]", 3),
        ("[1", 2),
        ("[TRUE]", 1),
        ("[nul]", 1),
        ("[01]", 2),
        ("[1.]", 2),
        ("[.5]", 1),
        ("[+1]", 1),
        ("[-]", 1),
        ("[1]x", 3),
        ("[1]\0", 3),
        ("\u{feff}[1]", 0),
        ("{\"a\" 1}", 5),
        ("{a:1}", 1),
        ("[\"a\tb\"]", 3),
        ("[\"a", 3),
        (r#"["\x"]"#, 2),
        (r#"["\ud800"]"#, 2),
        (r#"["\ud800\u0041"]"#, 2),
        (r#"["\udc00\ud800"]"#, 2),
        (r#"["\u00g0"]"#, 2),
        ("[\"\\", 2),
        ("5", 0),
        ("\"text\"", 0),
        ("null", 0),
    ] {
        assert_eq!(flatten(json.as_bytes()).unwrap_err().at(), at, "{json}");
    }
    assert_eq!(flatten(b"[\"a\xff\"]").unwrap_err().at(), 3);
    assert_eq!(flatten(b"[\"\xed\xa0\x80\"]").unwrap_err().at(), 2);
}

#[test]
fn data_has_at_most_510_levels() {
    let nested = |levels| [vec![b'['; levels], vec![b']'; levels]].concat();
    assert_eq!(flatten(&nested(510)), Ok(Vec::new()));
    assert!(flatten(&nested(511)).is_err());
    assert!(flatten(&nested(1_000_000)).is_err());
}

#[test]
fn text_has_at_most_400000_values() {
    for (value, text) in [("0", "0"), ("{}", "")] {
        // The list is a value, too.
        let list = |count| format!("[{}]", vec![value; count].join(","));
        let flat = flatten(list(399_999).as_bytes()).unwrap();
        assert_eq!(flat.len(), text.len() * 399_999);
        let fault = flatten(list(400_000).as_bytes()).unwrap_err();
        assert!(fault.to_string().starts_with("too many values"), "{fault}");
    }
    let members: Vec<_> = (0..400_000).map(|n| format!("\"{n}x\":0")).collect();
    let object = |count| format!("{{{}}}", members[..count].join(","));
    assert!(flatten(object(399_999).as_bytes()).is_ok());
    assert!(flatten(object(400_000).as_bytes()).is_err());
    let nested = format!("[{}]", vec![r#"{"a":0}"#; 200_000].join(","));
    assert!(flatten(nested.as_bytes()).is_err());
}

#[test]
fn repeated_name_keeps_last_value_at_first_place() {
    let members: Vec<_> = (0..5000)
        .map(|n| format!("\"k{}\":\"{n};\"", n % 1000))
        .collect();
    let flat = flatten(format!("{{{}}}", members.join(",")).as_bytes()).unwrap();
    let flat = String::from_utf8(flat).unwrap();
    assert!(
        flat.starts_with("4000;4001;4010;4100;4101;"),
        "{}",
        &flat[..40]
    );
    assert_eq!(flat.matches(';').count(), 1000);
}

/// Generates numbers and texts in which PHP's comparison has many cycles, so that the result shows every step of the sort.
struct Cycles(u64);

impl Cycles {
    fn flat(&mut self, count: usize) -> Vec<u8> {
        let texts: Vec<_> = (0..count).map(|_| format!("\"{}\"", self.text())).collect();
        flatten(format!("[{}]", texts.join(",")).as_bytes()).unwrap()
    }

    fn text(&mut self) -> String {
        self.0 = (self.0 * 1_103_515_245 + 12_345) % (1 << 31);
        let number = (self.0 >> 16) % 40;
        if (self.0 >> 8) & 1 == 1 {
            format!("{number}a")
        } else {
            number.to_string()
        }
    }
}

fn fingerprint(flat: &[u8]) -> String {
    Signer::secret(AppSecret::from("key".to_owned())).sign(flat, "")
}

#[test]
fn cyclic_sets_are_sorted_by_the_steps_of_php() {
    let mut cycles = Cycles(1);
    let small: Vec<u8> = (0..=64).flat_map(|count| cycles.flat(count)).collect();
    assert_eq!(
        fingerprint(&small),
        "8gXxZFjIHDQRePo3wcN1RMGuUsMJDzDT+45KJ8LuNoI="
    );
    for (count, expected) in [
        (1023, "c2JKlzl/SC5X2oCihleePUnev0Ho8LPJ4boDwJFLwts="),
        (1024, "WyNdGcHjbiMen2hOqUlMJBt5/Wox63Q0LvOTgc1qGHY="),
        (3000, "2vK51xQZl9cYFIC/D/RJ+QarjN4LNhMTP89jeAU1OB8="),
    ] {
        assert_eq!(fingerprint(&cycles.flat(count)), expected, "{count}");
    }
}
