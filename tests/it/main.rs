//! What the program promises, held from outside.

mod architecture;
mod archive;
mod commands;
mod findings;
mod hostile;
mod laws;
mod naive;
mod synthetic;
