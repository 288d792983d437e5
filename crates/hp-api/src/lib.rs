//! hp-api
