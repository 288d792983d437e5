//! Values of orders that have lost digits on their way to `worker enqueue`.

use e2e::World;

use crate::enqueue_command::{shop, shop_with};

#[tokio::test(flavor = "multi_thread")]
async fn enqueue_refuses_values_that_lost_digits() {
    let world = World::start();
    let json = r#"{"order_id":20261128000000000017,"product_id":2,"quantity":1}
{"order_id":20261128000000000018,"product_id":2,"quantity":1}"#;
    let words = ["enqueue", "--file", "-"];
    let (code, stdout, stderr) = shop_with(&world, &words, json);
    assert_eq!((code, &*stdout), (0, "2 orders enqueued\n"), "{stderr}");
    let ids: Vec<_> = world.stream("{hp}:jobs").await;
    let ids: Vec<_> = ids.iter().map(|entry| &*entry["order_id"]).collect();
    assert_eq!(ids, ["20261128000000000017", "20261128000000000018"]);

    let inputs = [
        (
            "{\"order_id\":2.0261128e+19,\"product_id\":2,\"quantity\":1}",
            "-:1: order_id: 2.0261128e+19 is not a whole number",
        ),
        (
            "order_id,product_id,quantity\r\n\r\n1.23E+15,2,1\r\n",
            "-:3: order_id: 1.23E+15 is a rounded number: a spreadsheet",
        ),
        (
            "order_id,product_id,quantity,meta\nA-1,2,1,\"till\nA-2,2,1,\nA-3,2,1,\nA-4,2,1,\n",
            "-:2: the quote in column 4 is not closed",
        ),
        (
            "order_id,product_id,quantity,deadline\nA-1,2,1,1795890000\n",
            "-:2: deadline must be Unix milliseconds: 1795890000 looks like seconds; did you mean 1795890000000?",
        ),
    ];
    for (input, expected) in inputs {
        let (code, stdout, stderr) = shop_with(&world, &words, input);
        assert_eq!((code, &*stdout), (2, ""), "{input}");
        assert!(stderr.contains(expected), "no `{expected}` in {stderr}");
    }
    let order = |id, deadline| {
        let order = ["enqueue", "--order-id", id, "--product-id", "2"];
        [&order[..], &["--quantity", "1", "--deadline", deadline]].concat()
    };
    let trials = [
        (order("1.23E+15", "1795890000000"), "a spreadsheet"),
        (order("A-1", "1795890000"), "did you mean 1795890000000?"),
    ];
    for (words, expected) in trials {
        let (code, _, stderr) = shop(&world, &words);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(expected), "no `{expected}` in {stderr}");
    }
    let bytes = b"order_id,product_id,quantity\nA-1,2,1\nB-\xe4,2,1\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("latin1.csv");
    std::fs::write(&file, bytes).unwrap();
    let (code, _, stderr) = shop(&world, &["enqueue", "--file", file.to_str().unwrap()]);
    assert_eq!(code, 2, "{stderr}");
    assert!(
        stderr.contains("latin1.csv:3: this is not UTF-8"),
        "{stderr}"
    );
    assert_eq!(
        world.stream("{hp}:jobs").await.len(),
        2,
        "nothing else is enqueued"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn spreadsheet_files_are_read_or_named() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let enqueue = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        shop(&world, &["enqueue", "--file", file.to_str().unwrap()])
    };
    let utf16 = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect()
    };
    let row = |id: &str, mark: &str| {
        format!("order_id{mark}product_id{mark}quantity\r\n{id}{mark}2{mark}1\r\n")
    };
    for (id, bytes) in [
        ("semicolons", row("semicolons", ";").into_bytes()),
        ("tabs", row("tabs", "\t").into_bytes()),
        ("sep", format!("sep=;\r\n{}", row("sep", ";")).into_bytes()),
        ("mark", format!("\u{feff}{}", row("mark", ",")).into_bytes()),
        ("excel", utf16(&row("excel", "\t"))),
    ] {
        let (code, stdout, stderr) = enqueue("orders.csv", &bytes);
        assert_eq!(
            (code, &*stdout),
            (0, "1 orders enqueued\n"),
            "{id}: {stderr}"
        );
        let entries = world.stream("{hp}:jobs").await;
        assert_eq!(entries.last().unwrap()["order_id"], id);
    }
    for (bytes, words) in [
        (row("pipes", "|").into_bytes(), "commas, semicolons or tabs"),
        (
            format!("sep=|\n{}", row("pipes", "|")).into_bytes(),
            "the separator \"|\"",
        ),
        (
            [&utf16("order")[..], b"x"].concat(),
            "UTF-16 that is damaged",
        ),
        (vec![0xff, 0xfe, 0, 0, b'o', 0, 0, 0], "UTF-32"),
    ] {
        let (code, _, stderr) = enqueue("orders.csv", &bytes);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(words), "no `{words}` in {stderr}");
    }
}
