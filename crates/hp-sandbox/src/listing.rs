//! The `data` of the product list.

use crate::catalogue::{self, Product};
use crate::fields::{Fields, Signed, Value};

/// Groups and their products, of one currency or of all; nothing if there is none.
pub(crate) fn of(currency: Option<&str>) -> Option<Signed> {
    let mut groups: Vec<&str> = catalogue::products().iter().map(|p| p.group).collect();
    groups.dedup();
    let listed: Vec<(&str, Signed)> = groups
        .into_iter()
        .filter_map(|group| Some((group, rows(group, currency)?)))
        .collect();
    if listed.is_empty() {
        return None;
    }
    Some(object(listed))
}

fn rows(group: &str, currency: Option<&str>) -> Option<Signed> {
    let (mut json, mut flats) = (Vec::new(), Vec::new());
    let wanted = |p: &&Product| p.group == group && currency.is_none_or(|c| c == p.currency);
    for product in catalogue::products().iter().filter(wanted) {
        let row = row(product);
        json.push(row.json);
        flats.push(row.flat);
    }
    flats.sort_unstable();
    (!json.is_empty()).then(|| Signed {
        json: format!("[{}]", json.join(",")),
        flat: flats.concat(),
    })
}

fn row(product: &Product) -> Signed {
    let (par, discount) = (product.par.to_string(), format!("{}%", product.discount));
    Fields([
        ("product_id", Value::Number(product.id)),
        ("product_name", Value::Text(product.brand)),
        ("category_name", Value::Text(product.value)),
        ("category_code", Value::Text(product.code)),
        ("region", Value::Text(product.region)),
        ("currency", Value::Text(product.currency)),
        ("par_value", Value::Text(&par)),
        ("discount_rate", Value::Text(&discount)),
        (
            "max_fetch_quantity",
            Value::Number(product.max_quantity.into()),
        ),
    ])
    .signed()
}

fn object(mut groups: Vec<(&str, Signed)>) -> Signed {
    let member = |(name, rows): &(&str, Signed)| format!("\"{name}\":{}", rows.json);
    let members: Vec<String> = groups.iter().map(member).collect();
    groups.sort_unstable_by_key(|(name, _)| *name);
    Signed {
        json: format!("{{{}}}", members.join(",")),
        flat: groups.into_iter().map(|(_, rows)| rows.flat).collect(),
    }
}
