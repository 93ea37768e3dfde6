//! What was typed becomes settings, resolved once, and one subcommand is called. The only folder that reads argv,
//! environment and terminal.
