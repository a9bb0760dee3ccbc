//! What every binary shares: run id, settings, logging, progress, exit codes
