//! Codes and concepts both models speak of: code to concept, Maps to, domain, units
