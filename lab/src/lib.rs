//! `nos-lab`: rules train real networks.
//!
//! The only package that knows libtorch. The program of the same name reads requests on its standard input and says on its standard output what
//! comes of them ([`nos::lab::message`]); `nos` starts it, and lives on whatever happens here.
//!
//! From the ground up: [`torch`] (devices, failures of libtorch as values, settings of its allocator), [`random`] (draws by purpose and place), [`data`] (images
//! and text, from files or from a seed), [`nets`] (one file a network), [`optimizer`] (a rule applied to parameters), [`task`] (a network with its
//! data, training, checkpoints), [`server`] (the queue of requests).
//!
//! *Architecture invariant:* nothing draws from a generator that has a state. Weights, order of examples, augmentation, dropout and the noise of rules are
//! functions of the seed and of where they are used, so that a trial that goes on from a checkpoint needs to know no more than its step.
//!
//! *Architecture invariant:* a rule never touches what is no parameter. Running means of batch normalization are buffers, kept apart from the start.
//!
//! *Architecture invariant:* whatever fails is a [`nos::lab::message::Failure`]; exceptions of libtorch end at [`torch::guard`].

pub mod data;
pub mod nets;
pub mod optimizer;
pub mod random;
pub mod server;
pub mod task;
pub mod torch;
