//! The `data` of the product list.

use crate::catalogue::{self, Product};
use crate::signable::{Fields, Signable, Value};

/// Returns the groups with their products, in one currency or in all. `None` if there are no products.
pub(crate) fn data(currency: Option<&str>, has_odd_rows: bool) -> Option<Signable> {
    let mut groups: Vec<&str> = catalogue::products().iter().map(|p| p.group).collect();
    groups.dedup();
    let groups: Vec<(&str, Signable)> = groups
        .into_iter()
        .filter_map(|group| Some((group, rows(group, currency, has_odd_rows)?)))
        .collect();
    (!groups.is_empty()).then(|| object(groups))
}

fn rows(group: &str, currency: Option<&str>, has_odd_rows: bool) -> Option<Signable> {
    let is_listed = |p: &&Product| p.group == group && currency.is_none_or(|c| c == p.currency);
    let (json, mut texts): (Vec<_>, Vec<_>) = catalogue::products()
        .iter()
        .filter(is_listed)
        .map(|product| row(product, has_odd_rows))
        .map(|row| (row.json, row.signed_text))
        .unzip();
    texts.sort_unstable();
    (!json.is_empty()).then(|| Signable {
        json: format!("[{}]", json.join(",")),
        signed_text: texts.concat(),
    })
}

fn row(product: &Product, is_odd: bool) -> Signable {
    let (par, discount) = (product.par.to_string(), format!("{}%", product.discount));
    let max_quantity = product.max_quantity.into();
    let mut row = Fields([
        ("product_id", Value::Number(product.id)),
        ("product_name", Value::Text(product.brand)),
        ("category_name", Value::Text(product.value)),
        ("category_code", Value::Text(product.code)),
        ("region", Value::Text(product.region)),
        ("currency", Value::Text(product.listed_currency(is_odd))),
        ("par_value", Value::Text(&par)),
        ("discount_rate", Value::Text(&discount)),
        ("max_fetch_quantity", Value::Number(max_quantity)),
    ]);
    match product.id {
        5 if is_odd => row.set("max_fetch_quantity", Value::Null),
        9 if is_odd => row.set("par_value", Value::Text("1")),
        _ => {}
    }
    row.signable()
}

fn object(mut groups: Vec<(&str, Signable)>) -> Signable {
    let member = |(name, rows): &(&str, Signable)| format!("\"{name}\":{}", rows.json);
    let members: Vec<String> = groups.iter().map(member).collect();
    groups.sort_unstable_by_key(|(name, _)| *name);
    Signable {
        json: format!("{{{}}}", members.join(",")),
        signed_text: groups
            .into_iter()
            .map(|(_, rows)| rows.signed_text)
            .collect(),
    }
}
