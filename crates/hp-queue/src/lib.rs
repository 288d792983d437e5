//! hp-queue
