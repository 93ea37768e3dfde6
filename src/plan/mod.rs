//! Pure: configuration and an action give the servers, the command lines, the origin.
