//! The error answers that the sandbox gives, by code.

/// An error answer: its code and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) i64, pub(crate) &'static str);

/// "fail": says nothing about how far it got; here, nowhere.
pub(crate) const FAIL: Refused = Refused(0, "fail");
/// Also for an unknown product and a quantity above its limit, for which the vendor's codes are not known.
pub(crate) const PARAMETER: Refused =
    Refused(400_100, "bad request parameter, parameter validate fail");
pub(crate) const FORMAT: Refused = Refused(400_102, "bad data format");
pub(crate) const EXISTS: Refused = Refused(400_104, "reference id already exists");
/// Also for an APPID that is not known.
pub(crate) const SIGNATURE: Refused = Refused(400_107, "bad signature");
pub(crate) const DATE_MISSING: Refused = Refused(400_109, "signing date is missing");
pub(crate) const DATE_MALFORMED: Refused = Refused(400_110, "bad signing date format");
pub(crate) const DATE_EXPIRED: Refused = Refused(400_111, "signing date expired");
pub(crate) const LOCKED: Refused = Refused(400_112, "duplicate request is forbidden");
pub(crate) const BALANCE: Refused = Refused(400_113, "user balance not enough");
pub(crate) const NO_ACCOUNT: Refused = Refused(400_114, "balance account currency does not match");
