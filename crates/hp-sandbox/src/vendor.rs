//! The vendor's four calls.

use std::time::{Duration, SystemTime};

use hp_api::sign::Signer;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Method};

use crate::bank::{Bank, Wanted};
use crate::effect::{afterwards, instead, lasting_flaw, passing_flaw};
use crate::fault::Fault;
use crate::fields::Signed;
use crate::gate::Gate;
use crate::mischief::Mischief;
use crate::params::Params;
use crate::refused::{self, Refused};
use crate::reply::{Answer, Reply};
use crate::setting::NotFound;
use crate::trigger::Call;
use crate::{card, catalogue, listing, record};

pub(crate) struct Vendor {
    pub(crate) gate: Gate,
    pub(crate) signer: Signer,
    pub(crate) bank: Bank,
    pub(crate) mischief: Mischief,
    pub(crate) not_found: NotFound,
    pub(crate) late_record: Duration,
    pub(crate) seed: u64,
}

/// A request as it arrived.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Vendor {
    /// Answers one call, or decides that it gets no answer.
    pub(crate) fn call(&self, request: &Request<'_>, now: SystemTime) -> Reply {
        self.route(request, now).unwrap_or_else(Reply::from)
    }

    fn route(&self, request: &Request<'_>, now: SystemTime) -> Result<Reply, Refused> {
        let (get, post) = (Method::GET, Method::POST);
        match request.path {
            "/v1/pin/fetch" if request.method == post => self.fetch(&self.form(request, now)?, now),
            "/v1/order/query" if request.method == get => {
                self.query_order(&self.admitted(request.query.as_bytes(), request, now)?, now)
            }
            "/v1/pin/query" if request.method == get => {
                self.query_card(&self.admitted(request.query.as_bytes(), request, now)?, now)
            }
            "/v1/items" if request.method == get => {
                self.items(&self.admitted(request.query.as_bytes(), request, now)?, now)
            }
            "/v1/pin/fetch" | "/v1/order/query" | "/v1/pin/query" | "/v1/items" => Ok(http(405)),
            _ => Ok(http(404)),
        }
    }

    fn form<'a>(&self, request: &Request<'a>, now: SystemTime) -> Result<Params<'a>, Refused> {
        let kind = request.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if !kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
            return Err(refused::FORMAT);
        }
        self.admitted(request.body, request, now)
    }

    fn admitted<'a>(
        &self,
        encoded: &'a [u8],
        request: &Request<'_>,
        now: SystemTime,
    ) -> Result<Params<'a>, Refused> {
        let params = Params::read(encoded);
        self.gate.admit(request.headers, &params, now)?;
        // Documented as 16 characters, while the vendor's own client sends 36.
        params.text("random_key", 64)?;
        Ok(params)
    }

    fn fetch(&self, params: &Params<'_>, now: SystemTime) -> Result<Reply, Refused> {
        let mut wanted = wanted(params, now)?;
        let currency = wanted.product.currency;
        let fault = self.mischief.next(Call::Fetch, wanted.out_trade_id, || {
            self.bank.top_ups(currency)
        });
        if let Some(reply) = fault.and_then(instead) {
            return Ok(reply);
        }
        wanted.flaw = lasting_flaw(fault);
        if fault == Some(Fault::LateRecord) {
            wanted.hidden = self.late_record;
        }
        let done = self.bank.charge(&wanted);
        if let Some(reply) = fault.and_then(afterwards) {
            return Ok(reply);
        }
        let data = record::of_order(&done?, self.seed, passing_flaw(fault));
        Ok(self.signed(&data, now, fault))
    }

    fn query_order(&self, params: &Params<'_>, now: SystemTime) -> Result<Reply, Refused> {
        let id = params.text("out_trade_id", 50)?;
        let fault = self.mischief.next(Call::Query, id, || 0);
        if let Some(reply) = fault.and_then(|f| instead(f).or_else(|| afterwards(f))) {
            return Ok(reply);
        }
        Ok(match self.bank.find(id, now) {
            Some(order) => {
                let data = record::of_order(&order, self.seed, passing_flaw(fault));
                self.signed(&data, now, fault)
            }
            None => self.missing(),
        })
    }

    fn query_card(&self, params: &Params<'_>, now: SystemTime) -> Result<Reply, Refused> {
        let serial = params.text("pin_sn", 16)?;
        let found = card::locate(serial).and_then(|(number, position)| {
            let order = self.bank.by_number(number)?;
            let exists = (1..=order.quantity).contains(&position)
                && order.numbers(self.seed, position).0 == serial;
            exists.then(|| record::of_card(&order, self.seed, position))
        });
        Ok(found.map_or_else(|| self.missing(), |data| self.signed(&data, now, None)))
    }

    fn items(&self, params: &Params<'_>, now: SystemTime) -> Result<Reply, Refused> {
        let currency = params.get("currency").filter(|text| !text.is_empty());
        if currency.is_some_and(|text| text.chars().count() != 3) {
            return Err(refused::PARAMETER);
        }
        Ok(match listing::of(currency) {
            Some(data) => self.signed(&data, now, None),
            None => Reply::Send(Answer::empty()),
        })
    }

    fn signed(&self, data: &Signed, now: SystemTime, fault: Option<Fault>) -> Reply {
        Reply::Send(Answer::data(data, &self.signer, now, fault))
    }

    fn missing(&self) -> Reply {
        Reply::Send(match self.not_found {
            NotFound::Empty => Answer::empty(),
            NotFound::Code(code) if code == refused::PARAMETER.0 => {
                return refused::PARAMETER.into();
            }
            NotFound::Code(code) => Answer::error(code, "not found"),
        })
    }
}

/// Product and quantity are checked before anything can happen to the order.
fn wanted<'a>(params: &'a Params<'_>, now: SystemTime) -> Result<Wanted<'a>, Refused> {
    let out_trade_id = params.text("out_trade_id", 50)?;
    let product = catalogue::find(params.integer("product_id")?).ok_or(refused::PARAMETER)?;
    let quantity = u32::try_from(params.integer("quantity")?).map_err(|_| refused::PARAMETER)?;
    if !product.has_fixed_value() || quantity > product.max_quantity {
        return Err(refused::PARAMETER);
    }
    Ok(Wanted {
        out_trade_id,
        product,
        quantity,
        now,
        hidden: Duration::ZERO,
        flaw: None,
    })
}

fn http(status: u16) -> Reply {
    let page = format!("<html><body><h1>{status}</h1></body></html>\n");
    Reply::Send(Answer::plain(status, "text/html", page))
}
