//! The paper's mathematics on plain slices. It reads like sections 3.2 and 3.3.
