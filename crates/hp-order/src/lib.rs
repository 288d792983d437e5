//! hp-order
