//! Training of real networks, as data: what is to be trained, and what comes of it.
//!
//! Networks are trained by another program, `nos-lab`, which alone knows the library of tensors. Both speak the messages of [`message`], one JSON
//! object a line. This module holds no tensor.

pub mod message;
