//! Interleavings of the roster, played through.
