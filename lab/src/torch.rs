//! What this package needs to know of libtorch itself: devices, threads, memory, and how it fails.

use nos::lab::message::Failure;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use tch::{Cuda, Device, TchError};

/// The version of libtorch this program was built with.
pub const VERSION: &str = env!("NOS_LAB_TORCH");

thread_local! {
    /// What a panic under [`guard`] says; none outside.
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Does some work with tensors; an exception of libtorch becomes a failure.
///
/// Every operation on tensors can fail: no memory, a driver that gives up. `tch` panics with what libtorch says, and only here is that caught, so that networks
/// read as formulas. Whatever else panics is a mistake of this program; it too ends the trial and not the program.
///
/// # Errors
/// The work's own failure, or what libtorch said.
pub fn guard<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_guarded = CAUGHT.with_borrow_mut(|caught| {
                if let Some(text) = caught {
                    *text = info.to_string();
                }
                caught.is_some()
            });
            if !is_guarded {
                before(info);
            }
        }));
    });
    CAUGHT.set(Some(String::new()));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    let said = CAUGHT.take().unwrap_or_default();
    result.unwrap_or_else(|_| {
        Err(Failure::Torch {
            message: brief(&said),
        })
    })
}

/// A failed operation as a failure.
pub fn failure(error: &TchError) -> Failure {
    Failure::Torch {
        message: brief(&error.to_string()),
    }
}

/// The device of this name: `cpu`, `cuda`, `cuda:1`; the best there is where there is no name.
///
/// # Errors
/// A name of no device, or a device that is not there.
pub fn device(name: Option<&str>) -> Result<Device, Failure> {
    let wrong = |message: String| Err(Failure::Task { message });
    let Some(name) = name else {
        return Ok(Device::cuda_if_available());
    };
    let index = match name.split_once(':') {
        None if name == "cpu" => return Ok(Device::Cpu),
        None if name == "cuda" => Some(0),
        Some(("cuda", index)) => index.parse::<usize>().ok(),
        Some(_) | None => None,
    };
    let Some(index) = index else {
        return wrong(format!(
            "expected `cpu`, `cuda` or `cuda:N` as device, found `{name}`"
        ));
    };
    let count = if Cuda::is_available() {
        Cuda::device_count()
    } else {
        0
    };
    if i64::try_from(index).is_ok_and(|index| index < count) {
        Ok(Device::Cuda(index))
    } else {
        wrong(format!(
            "there is no device `{name}`: this libtorch sees {count} CUDA devices"
        ))
    }
}

/// A device's name.
pub fn device_name(device: Device) -> String {
    match device {
        Device::Cpu => "cpu".to_owned(),
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Mps => "mps".to_owned(),
        Device::Vulkan => "vulkan".to_owned(),
    }
}

/// Sets how many threads libtorch works with; all cores where no number is given. The engine, whose results are the same for any number, keeps the first one set.
pub fn use_threads(count: Option<u32>) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let count = count.map_or(cores, |count| count as usize);
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .build_global();
    tch::set_num_threads(i32::try_from(count).unwrap_or(i32::MAX));
}

/// Sees to it that threads of libtorch sleep while they wait for each other.
///
/// By default they spin for milliseconds, which on cores that others use as well makes a step four times as long: a thread that spins keeps the one it waits for
/// from running. The library of OpenMP reads the setting when it is loaded, before anything here runs, so the program starts itself again with it. Whoever has
/// set it already spares the second start.
pub fn be_patient() {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        let names = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"];
        let is_set = names.iter().any(|name| std::env::var_os(name).is_some());
        if !is_set && let Ok(program) = std::env::current_exe() {
            // It only comes back where it fails; then spinning it is.
            let _ = std::process::Command::new(program)
                .args(std::env::args_os().skip(1))
                .env("OMP_WAIT_POLICY", "passive")
                .exec();
        }
    }
}

/// Keeps freed memory mapped.
///
/// A training step allocates the same large blocks again and again. By default the C library gives each back to the system and gets it back as fresh pages, which
/// the kernel fills with zeros one by one: more than a quarter of a step of the paper's child network. To be called before the first tensor.
pub fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` only changes settings of the allocator, and is called while there is one thread.
    #[allow(unsafe_code, reason = "a setting of the C library")]
    unsafe {
        // The greatest threshold that the C library accepts.
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}

/// What libtorch says without the addresses of its own functions and the place in `tch` where it was said.
fn brief(said: &str) -> String {
    let text = match said.split_once("Torch(\"") {
        Some((_, text)) => text.replace("\\n", "\n").replace("\\\"", "\""),
        None => said.to_owned(),
    };
    let first = text
        .split("\nException raised from")
        .next()
        .unwrap_or_default();
    let lines: Vec<&str> = first
        .lines()
        .map(|line| line.trim().trim_start_matches("Internal torch error: "))
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Kind, Tensor};

    #[test]
    fn exception_of_libtorch_is_a_failure() {
        let failure = guard(|| {
            let a = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu));
            Ok(a.matmul(&a))
        });
        let Err(Failure::Torch { message }) = failure else {
            panic!("expected a failure");
        };
        assert!(
            message.starts_with("mat1 and mat2 shapes cannot be multiplied"),
            "{message}"
        );
        assert!(!message.contains("Exception raised"), "{message}");
    }

    #[test]
    fn too_large_a_tensor_is_a_failure() {
        let failure = guard(|| Ok(Tensor::zeros([1 << 45], (Kind::Float, Device::Cpu))));
        let Err(Failure::Torch { message }) = failure else {
            panic!("expected a failure");
        };
        assert!(message.contains("memory"), "{message}");
    }

    #[test]
    fn devices_are_named_as_they_are_written() {
        assert_eq!(device(Some("cpu")), Ok(Device::Cpu));
        for name in ["gpu", "cuda:", "cuda:x", "cuda:99"] {
            assert!(
                matches!(device(Some(name)), Err(Failure::Task { .. })),
                "{name}"
            );
        }
        assert_eq!(device_name(Device::Cuda(1)), "cuda:1");
    }
}
