use std::time::{Duration, SystemTime};

use http::{HeaderMap, header::HeaderValue};
use tokio::time::Instant;

use super::{
    cancellable_body::Permit,
    clock,
    connection::{Answer, Connection},
    decisive::must_ask_again,
    extra_calls::ExtraCalls,
    http_request::{DATE_GMT, HttpRequest, SIGN},
    observation::{CallObserver, OpenCall},
    pool::Pool,
    random::RandomSource,
    random_key::random_key,
    span::{self, Server},
};
use crate::{
    answer::{self, Data, Header, Headers},
    call_error::{CallError, CallResult},
    date,
    request::Request,
    sign::{Signer, Verifier},
};

/// Signs, sends and verifies. It makes one attempt for each call.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) pool: Pool,
    pub(super) server: Server,
    /// The headers that are the same in every request.
    pub(super) headers: HeaderMap,
    pub(super) timeout: Duration,
    pub(super) signer: Signer,
    pub(super) verifier: Verifier,
    pub(super) date_window: Duration,
    pub(super) random: RandomSource,
    pub(super) extra_calls: ExtraCalls,
    pub(super) observer: CallObserver,
}

/// A request that was written, and its answer.
pub(super) struct Exchange<'a> {
    pub(super) answer: Answer,
    pub(super) connection: Connection,
    /// Ends when the answer is read.
    call: OpenCall<'a>,
}

impl Transport {
    /// Makes one attempt: signs, sends, verifies and reads.
    pub(super) async fn call<T>(
        &self,
        request: &Request<'_>,
        read: impl Fn(Data<'_>) -> CallResult<T>,
    ) -> CallResult<T> {
        self.call_if(request, None, read).await
    }

    /// Like [`call`](Self::call), but sends the body only if the permit still allows it then.
    ///
    /// It keeps the connection only after an answer that certainly belongs to the request. What is rare is in a box, so that
    /// the future of every call is small: callers move it.
    pub(super) async fn call_if<T>(
        &self,
        request: &Request<'_>,
        permit: Option<Permit>,
        read: impl Fn(Data<'_>) -> CallResult<T>,
    ) -> CallResult<T> {
        let exchanged = self.exchange(request, permit).await;
        if exchanged.as_ref().is_err_and(CallError::asks_to_send_less) {
            self.pool.separate_calls();
        }
        let mut exchange = exchanged?;
        let mut answer = self.read(&mut exchange, &read);
        if let Err(error) = &answer
            && must_ask_again(error, request, &exchange.connection)
        {
            self.extra_calls.permit().await;
            let in_step = Box::pin(self.check_step(&mut exchange.connection)).await;
            if in_step.is_ok() {
                self.pool.keep(exchange.connection).await;
                return answer;
            }
            self.extra_calls.permit().await;
            exchange = Box::pin(self.exchange_on_new_connection(request)).await?;
            answer = self.read(&mut exchange, &read);
        }
        match answer {
            Ok(value) => {
                self.pool.keep(exchange.connection).await;
                Ok(value)
            }
            Err(error) => Err(Box::pin(self.attribute(error, request, exchange.connection)).await),
        }
    }

    /// Makes a connection and drops it.
    pub(super) async fn connect(&self) -> CallResult<()> {
        let connection = self.pool.connect(Instant::now() + self.timeout).await;
        connection.map(drop)
    }

    fn read<T>(
        &self,
        exchange: &mut Exchange<'_>,
        read: &impl Fn(Data<'_>) -> CallResult<T>,
    ) -> CallResult<T> {
        let answer = self.accept(&exchange.answer).and_then(read);
        exchange.call.end(answer.as_ref().err());
        answer
    }

    /// Returns the date of the answer, and checks nothing else.
    pub(super) async fn time(&self, request: &Request<'_>) -> CallResult<SystemTime> {
        let mut exchange = self.exchange(request, None).await?;
        let date = exchange.answer.headers.get(DATE_GMT);
        let time = date
            .and_then(|date| date::parse(date.to_str().ok()?))
            .ok_or_else(|| CallError::Malformed("it has no valid Date-GMT header".to_owned()));
        exchange.call.end(time.as_ref().err());
        time
    }

    /// Signs and sends, in a span of its own.
    async fn exchange(
        &self,
        request: &Request<'_>,
        permit: Option<Permit>,
    ) -> CallResult<Exchange<'_>> {
        let span = self.server.span(request);
        let exchanged = self.exchange_on_any(request, permit);
        span::recorded(span, exchanged).await
    }

    /// Signs and sends. An idle connection that turns out to be unusable before the first byte is replaced.
    async fn exchange_on_any(
        &self,
        request: &Request<'_>,
        permit: Option<Permit>,
    ) -> CallResult<Exchange<'_>> {
        let mut call = self.begin(request);
        let http_request = self.sign(request, permit)?;
        while let Some(mut connection) = self.pool.take_idle() {
            let idle = connection.idle();
            let answer = connection
                .exchange(http_request.to_http(&self.headers), call.deadline)
                .await;
            if answer.is_err() && connection.is_closed() {
                self.pool.limit.closed_after(idle);
            }
            match answer {
                Err(CallError::NeverSent(_)) => {}
                Err(error) => {
                    call.end(Some(&error));
                    return Err(Box::pin(self.attribute_429(error, request, connection)).await);
                }
                Ok(answer) => {
                    return Ok(Exchange {
                        answer,
                        connection,
                        call,
                    });
                }
            }
        }
        Box::pin(self.exchange_on(http_request, call)).await
    }

    async fn exchange_on_new_connection(&self, request: &Request<'_>) -> CallResult<Exchange<'_>> {
        let (span, call) = (self.server.span(request), self.begin(request));
        let request = self.sign(request, None)?;
        let exchanged = self.exchange_on(request, call);
        span::recorded(span, exchanged).await
    }

    /// Sends on a new connection.
    async fn exchange_on<'a>(
        &self,
        request: HttpRequest,
        mut call: OpenCall<'a>,
    ) -> CallResult<Exchange<'a>> {
        let exchanged = self.connect_and_exchange(&request, call.deadline).await;
        if let Err(error) = &exchanged {
            call.end(Some(error));
        }
        let (answer, connection) = exchanged?;
        Ok(Exchange {
            answer,
            connection,
            call,
        })
    }

    async fn connect_and_exchange(
        &self,
        request: &HttpRequest,
        deadline: Instant,
    ) -> CallResult<(Answer, Connection)> {
        let mut connection = self.pool.connect(deadline).await?;
        let request = request.to_http(&self.headers);
        let answer = connection.exchange(request, deadline).await?;
        Ok((answer, connection))
    }

    /// Begins an HTTP call, for the observer.
    pub(super) fn begin(&self, request: &Request<'_>) -> OpenCall<'_> {
        self.observer.begin(request, self.timeout)
    }

    /// Returns the signed request.
    pub(super) fn sign(
        &self,
        request: &Request<'_>,
        permit: Option<Permit>,
    ) -> CallResult<HttpRequest> {
        let date = date::format(clock::now());
        let signed = request.sign(&self.signer, &random_key(self.random.bits()), &date);
        HttpRequest::new(signed, &date, permit)
    }

    pub(super) fn accept<'a>(&self, answer: &'a Answer) -> CallResult<Data<'a>> {
        let header = |name| {
            let values = answer.headers.get_all(name).iter();
            values.map(HeaderValue::as_bytes).collect::<Header>()
        };
        let headers = Headers {
            sign: header(SIGN),
            date_gmt: header(DATE_GMT),
        };
        let (now, window) = (clock::now(), self.date_window);
        answer::accept(&self.verifier, now, window, &headers, &answer.body)
    }
}
