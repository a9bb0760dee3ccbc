//! The model pack: files that say what a population is
