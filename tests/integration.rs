//! All tests that need the built binary or real servers, as one program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where its assumption fails"
)]

#[allow(dead_code, reason = "its words are for all tests")]
mod deadline;
mod fleet;
#[allow(dead_code, reason = "its tool needs more")]
#[path = "fuzz/mod.rs"]
mod fuzz;
#[allow(dead_code, reason = "its words are for all tests; not each is used at all times")]
mod harness;
mod proxy;

mod addressed;
mod architecture;
mod broken;
mod capr_test;
mod cases;
mod check;
mod cli;
mod commands;
mod completions;
mod connections;
mod consent;
mod definitions;
mod deploy;
mod disks;
mod doctor;
mod documents;
mod editors;
mod equal;
mod examples;
mod faults;
mod fetched_libraries;
mod files;
mod flipper;
mod flow;
mod fmt;
mod init;
mod injection;
mod input;
mod language;
mod libraries;
mod linked;
mod loading;
mod locks;
mod login;
mod logins;
mod looking;
mod manual;
mod named;
mod notify;
mod outline;
mod packages;
mod pages;
mod places;
#[cfg(feature = "port")]
mod port;
mod ported;
mod porting;
mod process;
mod reader;
mod records;
mod recover;
mod reference;
mod releases;
mod releases_half;
mod releases_keep;
mod releases_told;
mod requests;
mod resume;
mod ruby_servers;
mod servers;
mod shared_libraries;
mod sharing;
mod shell;
mod shells;
mod stages;
mod sudo;
mod terminal;
mod transactions;
mod trial;
mod trust;
mod twins;
mod vars;
mod verbs;
