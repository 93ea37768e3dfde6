//! What goes wrong on the way to servers, and on them (cases K and B): the others are not affected, nothing hangs, and the error
//! says where, when and why.

mod bystanders;
mod full;
mod idle;
mod matrix;
mod privileged;
mod scarce;
mod started;
mod stopping;
mod unproven;
