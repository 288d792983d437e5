//! The error codes that the sandbox answers with.

/// An error answer: its code and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError(pub(crate) i64, pub(crate) &'static str);

/// The vendor documents code 0 as "fail", without a cause. The sandbox charges nothing when it gives this code.
pub(crate) const FAIL: ApiError = ApiError(0, "fail");
/// Also for an unknown product or a quantity above the limit, because the vendor's codes for these are not known.
pub(crate) const PARAMETER: ApiError =
    ApiError(400_100, "bad request parameter, parameter validate fail");
pub(crate) const FORMAT: ApiError = ApiError(400_102, "bad data format");
pub(crate) const EXISTS: ApiError = ApiError(400_104, "reference id already exists");
/// Also for an unknown APPID.
pub(crate) const SIGNATURE: ApiError = ApiError(400_107, "bad signature");
pub(crate) const DATE_MISSING: ApiError = ApiError(400_109, "signing date is missing");
pub(crate) const DATE_MALFORMED: ApiError = ApiError(400_110, "bad signing date format");
pub(crate) const DATE_EXPIRED: ApiError = ApiError(400_111, "signing date expired");
pub(crate) const LOCKED: ApiError = ApiError(400_112, "duplicate request is forbidden");
pub(crate) const BALANCE: ApiError = ApiError(400_113, "user balance not enough");
pub(crate) const NO_ACCOUNT: ApiError =
    ApiError(400_114, "balance account currency does not match");
