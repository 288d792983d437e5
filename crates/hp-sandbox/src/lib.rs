//! hp-sandbox
