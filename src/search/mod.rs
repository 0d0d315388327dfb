//! Neural Optimizer Search (sections 3 and 4 of the paper): a policy writes rules, trials tell what they are worth, the policy learns.

mod advantage;
pub mod again;
pub mod cascade;
mod cores;
pub mod crew;
mod descent;
pub mod describe;
pub mod grammar;
pub mod journal;
pub mod kin;
mod legs;
pub mod network;
pub mod policy;
pub mod ppo;
pub mod real;
mod remember;
pub mod run;
#[cfg(feature = "threads")]
mod side_by_side;
pub mod space;
pub mod spec;
pub mod task;
#[cfg(test)]
mod tests;

pub use cascade::{Cascade, Stage, Trial};
pub use crew::{Crew, Pool};
pub use descent::descent;
pub use grammar::Grammar;
pub use journal::{Forgetful, Journal};
pub use policy::{Evolution, Policy, Random};
pub use ppo::Ppo;
pub use run::{Outcome, Standing, Tools};
pub use space::{Builder, Constraints, Operand, Sentence, Space, SpaceError};
pub use spec::{Leg, SearchError, Spec, Which};
pub use task::{Function, Score, Task};
