//! OMOP CDM v5.4: a struct, a spec and an Arrow schema per table, generated from one table of facts
