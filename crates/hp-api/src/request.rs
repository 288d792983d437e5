//! Requests without I/O: method, path, parameters and signature.

use std::borrow::Cow;

use crate::{
    model::FetchCards,
    sign::{self, Signer},
    value::{Currency, OrderId, PinSn},
};

/// A request to the vendor.
///
/// ```
/// use hp_api::{AppSecret, request::{Method, Request}, sign::Signer};
///
/// let request = Request::QueryOrder { order_id: &"A-1".parse()? };
/// assert_eq!((request.method(), request.path()), (Method::Get, "/v1/order/query"));
///
/// let signer = Signer::secret(AppSecret::from("secret".to_owned()));
/// let signed = request.sign(&signer, "Qm3ZrT6yUe1WpLk9", "Sat, 04 Apr 2026 00:21:24 GMT");
/// assert_eq!(signed.params, "out_trade_id=A-1&random_key=Qm3ZrT6yUe1WpLk9");
/// # Ok::<(), hp_api::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Lists the products, in one currency or in all.
    Products {
        /// Limits the list to one currency.
        currency: Option<Currency>,
    },
    /// Buys cards.
    FetchCards(&'a FetchCards),
    /// Returns the record of an order.
    QueryOrder {
        /// The reseller's own id of the order.
        order_id: &'a OrderId,
    },
    /// Returns the record of a card.
    QueryPin {
        /// The card's serial number.
        pin_sn: &'a PinSn,
    },
}

/// The HTTP method, which decides where the parameters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// The parameters are in the query of the URL.
    Get,
    /// The parameters are in a form, which is the body.
    Post,
}

/// The name and the value of a parameter, not encoded.
pub type Param<'a> = (&'static str, Cow<'a, str>);

impl<'a> Request<'a> {
    /// Returns the HTTP method.
    pub fn method(&self) -> Method {
        match self {
            Self::FetchCards(_) => Method::Post,
            _ => Method::Get,
        }
    }

    /// Returns the path, which is the same in every environment.
    pub fn path(&self) -> &'static str {
        match self {
            Self::Products { .. } => "/v1/items",
            Self::FetchCards(_) => "/v1/pin/fetch",
            Self::QueryOrder { .. } => "/v1/order/query",
            Self::QueryPin { .. } => "/v1/pin/query",
        }
    }

    /// Returns the parameters, sorted by name.
    ///
    /// `random_key` has 16 characters `A-Z a-z 0-9` and begins with a letter. Each attempt needs a new one.
    pub fn params(&self, random_key: &'a str) -> Vec<Param<'a>> {
        let random_key = ("random_key", Cow::Borrowed(random_key));
        match self {
            Self::Products { currency: None } => vec![random_key],
            Self::Products {
                currency: Some(currency),
            } => {
                vec![
                    ("currency", currency.as_str().to_owned().into()),
                    random_key,
                ]
            }
            Self::FetchCards(order) => vec![
                ("out_trade_id", order.order_id.as_str().into()),
                ("product_id", order.product_id.to_string().into()),
                ("quantity", order.quantity.to_string().into()),
                random_key,
            ],
            Self::QueryOrder { order_id } => {
                vec![("out_trade_id", order_id.as_str().into()), random_key]
            }
            Self::QueryPin { pin_sn } => vec![("pin_sn", pin_sn.as_str().into()), random_key],
        }
    }

    /// Signs the request. `date` is the value of the `Date-GMT` header, see [`date::format`](crate::date::format).
    pub fn sign(&self, signer: &Signer, random_key: &str, date: &str) -> Signed {
        let params = Request::params(self, random_key);
        let flat = sign::flatten_params(&params);
        Signed {
            method: self.method(),
            path: self.path(),
            params: encode(&params),
            sign: signer.sign(&flat, date),
        }
    }
}

/// A signed request, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// The HTTP method.
    pub method: Method,
    /// The path.
    pub path: &'static str,
    /// The parameters, encoded for a query or a form.
    pub params: String,
    /// The value of the `Sign` header.
    pub sign: String,
}

/// Encodes all but unreserved characters as `%XX`, which means the same in a query and in a form.
fn encode(params: &[Param]) -> String {
    let mut encoded = String::with_capacity(128);
    for (name, value) in params {
        if !encoded.is_empty() {
            encoded.push('&');
        }
        encoded.push_str(name);
        encoded.push('=');
        value
            .bytes()
            .for_each(|byte| push_encoded(&mut encoded, byte));
    }
    encoded
}

fn push_encoded(encoded: &mut String, byte: u8) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        encoded.push(char::from(byte));
        return;
    }
    encoded.push('%');
    encoded.push(HEX[usize::from(byte >> 4)]);
    encoded.push(HEX[usize::from(byte & 15)]);
}
