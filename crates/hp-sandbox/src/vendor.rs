//! The four calls of the reseller API.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use hp_api::sign::Signer;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Method};

use crate::accounts::{Accounts, OrderRequest};
use crate::api_error::{self, ApiError};
use crate::authentication::Authenticator;
use crate::fault::Fault;
use crate::fault_effect::{
    answer_defect, record_defect, reply_after_processing, reply_without_processing,
};
use crate::fault_injector::FaultInjector;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::params::Params;
use crate::reply::{Answer, Reply};
use crate::rng::KeyedRng;
use crate::setting::{BadSetting, NotFound};
use crate::signable::Signable;
use crate::trigger::Call;
use crate::{card, catalogue, product_list, record};

/// The longest `random_key`. The vendor documents 16 characters, but its own client sends 36.
const MAX_RANDOM_KEY: usize = 64;
const MAX_ORDER_ID: usize = 50;
const MAX_SERIAL: usize = 16;
const CURRENCY_LEN: usize = 3;

pub(crate) struct Vendor {
    authenticator: Authenticator,
    pub(crate) signer: Signer,
    pub(crate) accounts: Accounts,
    pub(crate) faults: FaultInjector,
    not_found: NotFound,
    late_record: Duration,
    late_surplus: Duration,
    odd_products: bool,
    rng: KeyedRng,
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
    pub(crate) fn new(options: &Options, rng: KeyedRng) -> io::Result<Self> {
        let (authenticator, signer) = Authenticator::new(options)?;
        Ok(Self {
            authenticator,
            signer,
            accounts: Accounts::open(options)?,
            faults: FaultInjector::new(rng, &options.fault, options.plain_ids),
            not_found: options.not_found,
            late_record: options.late_record,
            late_surplus: options.late_surplus,
            odd_products: options.odd_products,
            rng,
        })
    }

    /// Processes one call and returns its reply.
    pub(crate) fn handle(&self, request: &Request<'_>, now: SystemTime) -> Reply {
        self.route(request, now).unwrap_or_else(Reply::from)
    }

    /// Returns all charges so far.
    pub(crate) fn ledger(&self) -> Ledger {
        let (orders, balances) = self.accounts.snapshot();
        Ledger::new(&orders, self.rng, balances)
    }

    fn route(&self, request: &Request<'_>, now: SystemTime) -> Result<Reply, ApiError> {
        match (request.method, request.path) {
            (&Method::POST, "/v1/pin/fetch") => self.fetch(&self.form(request, now)?, now),
            (&Method::GET, "/v1/order/query") => {
                self.query_order(&self.query_string(request, now)?, now)
            }
            (&Method::GET, "/v1/pin/query") => {
                self.query_card(&self.query_string(request, now)?, now)
            }
            (&Method::GET, "/v1/items") => self.products(&self.query_string(request, now)?, now),
            (_, "/v1/pin/fetch" | "/v1/order/query" | "/v1/pin/query" | "/v1/items") => {
                Ok(http_error(405))
            }
            _ => Ok(http_error(404)),
        }
    }

    fn form<'a>(&self, request: &Request<'a>, now: SystemTime) -> Result<Params<'a>, ApiError> {
        let kind = request.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if !kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
            return Err(api_error::FORMAT);
        }
        self.authenticated(request.body, request, now)
    }

    fn query_string<'a>(
        &self,
        request: &Request<'a>,
        now: SystemTime,
    ) -> Result<Params<'a>, ApiError> {
        self.authenticated(request.query.as_bytes(), request, now)
    }

    fn authenticated<'a>(
        &self,
        encoded: &'a [u8],
        request: &Request<'_>,
        now: SystemTime,
    ) -> Result<Params<'a>, ApiError> {
        let params = Params::parse(encoded);
        self.authenticator.check(request.headers, &params, now)?;
        params.text("random_key", MAX_RANDOM_KEY)?;
        Ok(params)
    }

    fn fetch(&self, params: &Params<'_>, now: SystemTime) -> Result<Reply, ApiError> {
        let mut request = order_request(params, now)?;
        if let Err(BadSetting(why)) = self.faults.check_suffixes(request.out_trade_id) {
            return Ok(unknown_fault(&why));
        }
        let currency = request.product.currency;
        let top_ups = || self.accounts.top_ups(currency);
        let fault = self
            .faults
            .next_fault(Call::Fetch, request.out_trade_id, top_ups);
        if let Some(reply) = fault.and_then(reply_without_processing) {
            return Ok(reply);
        }
        request.record_defect = record_defect(fault);
        if fault == Some(Fault::LateRecord) {
            request.record_delay = self.late_record;
        }
        let charged = match self.accounts.charge(&request) {
            Ok(charged) => charged,
            Err(why) => {
                let _ = writeln!(io::stderr(), "hp-sandbox: {why}; nothing was charged");
                return Ok(http_error(500));
            }
        };
        if let Some(reply) = fault.and_then(reply_after_processing) {
            return Ok(reply);
        }
        let data = record::order_data(&charged?, self.rng, answer_defect(fault), self.odd_products);
        Ok(self.signed(&data, now, fault))
    }

    fn query_order(&self, params: &Params<'_>, now: SystemTime) -> Result<Reply, ApiError> {
        let id = params.text("out_trade_id", MAX_ORDER_ID)?;
        let fault = self.faults.next_fault(Call::Query, id, || 0);
        let replaced = |f| reply_without_processing(f).or_else(|| reply_after_processing(f));
        if let Some(reply) = fault.and_then(replaced) {
            return Ok(reply);
        }
        Ok(match self.accounts.find(id, now) {
            Some(order) => {
                let data =
                    record::order_data(&order, self.rng, answer_defect(fault), self.odd_products);
                self.signed(&data, now, fault)
            }
            None => self.not_found(),
        })
    }

    fn query_card(&self, params: &Params<'_>, now: SystemTime) -> Result<Reply, ApiError> {
        let serial = params.text("pin_sn", MAX_SERIAL)?;
        let found = card::parse_serial(serial).and_then(|(number, position)| {
            let order = self.accounts.find_by_number(number)?;
            let exists = (1..=order.quantity).contains(&position)
                && order.card(self.rng, position).0 == serial;
            exists.then(|| record::card_data(&order, self.rng, position, self.odd_products))
        });
        Ok(found.map_or_else(|| self.not_found(), |data| self.signed(&data, now, None)))
    }

    fn products(&self, params: &Params<'_>, now: SystemTime) -> Result<Reply, ApiError> {
        let currency = params.get("currency").filter(|text| !text.is_empty());
        if currency.is_some_and(|text| text.chars().count() != CURRENCY_LEN) {
            return Err(api_error::PARAMETER);
        }
        Ok(match product_list::data(currency, self.odd_products) {
            Some(data) => self.signed(&data, now, None),
            None => Reply::Send(Answer::empty()),
        })
    }

    fn signed(&self, data: &Signable, now: SystemTime, fault: Option<Fault>) -> Reply {
        let mut answer = Answer::data(data, &self.signer, now, fault);
        answer.surplus = match fault {
            Some(Fault::Surplus) => Some(Duration::ZERO),
            Some(Fault::LateSurplus) => Some(self.late_surplus),
            _ => None,
        };
        Reply::Send(answer)
    }

    fn not_found(&self) -> Reply {
        Reply::Send(match self.not_found {
            NotFound::Empty => Answer::empty(),
            NotFound::Code(code) if code == api_error::PARAMETER.0 => {
                return api_error::PARAMETER.into();
            }
            NotFound::Code(code) => Answer::error(code, "not found"),
        })
    }
}

/// Validates the parameters of a fetch, before a fault can affect the order.
fn order_request<'a>(
    params: &'a Params<'_>,
    now: SystemTime,
) -> Result<OrderRequest<'a>, ApiError> {
    let out_trade_id = params.text("out_trade_id", MAX_ORDER_ID)?;
    let product = catalogue::find(params.integer("product_id")?).ok_or(api_error::PARAMETER)?;
    let quantity = u32::try_from(params.integer("quantity")?).map_err(|_| api_error::PARAMETER)?;
    if !product.has_fixed_value() || quantity > product.max_quantity {
        return Err(api_error::PARAMETER);
    }
    Ok(OrderRequest {
        out_trade_id,
        product,
        quantity,
        now,
        record_delay: Duration::ZERO,
        record_defect: None,
    })
}

/// Nothing was charged. A fetch without a fault would hide the slip.
fn unknown_fault(why: &str) -> Reply {
    // The whole text lists all names, which is too long for a message.
    let slip = why.split(';').next().unwrap_or(why);
    let text = format!(
        "hp-sandbox: the order id requests a fault, but {slip}; `hp-sandbox --help` lists the faults"
    );
    Reply::Send(Answer::error(api_error::PARAMETER.0, &text))
}

fn http_error(status: u16) -> Reply {
    let page = format!("<html><body><h1>{status}</h1></body></html>\n");
    Reply::Send(Answer::new(status, "text/html", page))
}
