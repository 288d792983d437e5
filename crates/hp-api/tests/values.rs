//! Values that the checked types accept and reject.

use hp_api::{
    CardStatus, Currency, CurrencyText, Money, OrderId, OrderStatus, PinSn, ProductId, Quantity,
};

#[test]
fn order_id_is_1_to_50_visible_ascii_characters() {
    let longest = "~".repeat(50);
    for good in ["!", "A-1", "0", longest.as_str()] {
        assert_eq!(
            good.parse::<OrderId>().map(|id| id.to_string()),
            Ok(good.to_owned())
        );
    }
    for (bad, why) in [
        ("", "this one has 0"),
        (&*"a".repeat(51), "this one has 51"),
        ("a b", "byte 2"),
        ("ab\n", "byte 3"),
        ("ab\x7f", "byte 3"),
        ("é", "byte 1"),
    ] {
        let error = bad.parse::<OrderId>().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn serial_number_is_16_visible_ascii_characters() {
    assert!("T000000417K00001".parse::<PinSn>().is_ok());
    for bad in [
        "T000000417K0000",
        "T000000417K000011",
        "T000000417K 0001",
        "éé000000417K00",
    ] {
        assert!(bad.parse::<PinSn>().is_err(), "{bad}");
    }
}

#[test]
fn numbers_are_plain_decimal_integers_in_their_range() {
    assert_eq!(
        "9007199254740991".parse::<ProductId>().map(ProductId::get),
        Ok(ProductId::MAX)
    );
    assert_eq!(
        "10000".parse::<Quantity>().map(Quantity::get),
        Ok(Quantity::MAX)
    );
    for bad in [
        "",
        "0",
        "-1",
        "+1",
        "01",
        " 1",
        "1.0",
        "1e3",
        "9007199254740992",
        "99999999999999999999",
    ] {
        assert!(bad.parse::<ProductId>().is_err(), "{bad}");
        assert!(bad.parse::<Quantity>().is_err(), "{bad}");
    }
    assert!("10001".parse::<Quantity>().is_err());
}

#[test]
fn money_has_exactly_two_decimals_and_no_sign() {
    for good in ["0.00", "43.75", "12345678901234567890123456.78"] {
        assert_eq!(
            good.parse::<Money>().map(|money| money.to_string()),
            Ok(good.to_owned())
        );
    }
    for bad in [
        "", "1", "1.", ".00", "1.0", "1.000", "-1.00", "+1.00", "1,00", " 1.00", "1.0a", "1.00.00",
        "1e2.00",
    ] {
        assert!(bad.parse::<Money>().is_err(), "{bad}");
    }
    assert!(format!("{}.00", "9".repeat(27)).parse::<Money>().is_err());
}

#[test]
fn money_takes_decimals_of_at_most_two_places() {
    let new = |text: &str| Money::new(text.parse().unwrap()).map(|money| money.to_string());
    assert_eq!(new("5"), Ok("5.00".to_owned()));
    assert_eq!(new("5.100"), Ok("5.10".to_owned()));
    assert!(new("5.001").is_err());
    assert!(new("-5").is_err());
    assert!(Money::new(rust_decimal::Decimal::MAX).is_err());
}

#[test]
fn price_times_count_is_exact() {
    let price: Money = "43.75".parse().unwrap();
    assert_eq!(
        price.times(3).map(|total| total.to_string()),
        Some("131.25".to_owned())
    );
    let large: Money = "12345678901234567890123456.78".parse().unwrap();
    assert_eq!(large.times(u32::MAX), None);
}

#[test]
fn currency_is_three_capital_letters() {
    assert_eq!(
        "USD"
            .parse::<Currency>()
            .map(|currency| currency.to_string()),
        Ok("USD".to_owned())
    );
    for bad in ["", "US", "USDT", "usd", "U1D", "é!"] {
        assert!(bad.parse::<Currency>().is_err(), "{bad}");
    }
}

#[test]
fn currency_text_is_short_visible_ascii() {
    for (good, code) in [
        ("USD", Some("USD")),
        ("USDT", None),
        ("usd", None),
        ("X-1/2.ABCDEF", None),
    ] {
        let text: CurrencyText = good.parse().unwrap();
        assert_eq!(text.to_string(), good);
        assert_eq!(text.code(), code.map(|code| code.parse().unwrap()));
    }
    for bad in ["", "US D", "US\n", "€", "ABCDEFGHIJKLM"] {
        assert!(bad.parse::<CurrencyText>().is_err(), "{bad}");
    }
}

#[test]
fn status_keeps_unknown_words() {
    for word in [
        "active", "inactive", "verified", "void", "expired", "frozen",
    ] {
        assert_eq!(CardStatus::from(word).as_str(), word);
    }
    assert_eq!(
        CardStatus::from("frozen"),
        CardStatus::Other("frozen".to_owned())
    );
    assert_eq!(OrderStatus::from("completed"), OrderStatus::Completed);
    assert_eq!(OrderStatus::from("pending").as_str(), "pending");
}
