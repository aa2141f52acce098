//! Errors as sentences that say what to do.

use std::any::Any;
use std::io::ErrorKind;

/// Not where: the job's own folder, which holds its checkpoint, is no place to free space in.
const DISK_FULL: &str = "the disk is full: free some space on it and let the job go on";

/// What a person reads when a job has failed.
pub fn sentence(error: &anyhow::Error) -> String {
    let full = |error: &std::io::Error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    if error.chain().any(|cause| cause.downcast_ref().is_some_and(full)) {
        return DISK_FULL.into();
    }
    plain(&format!("{error:#}"))
}

/// The same of a panic: libtorch's errors arrive that way.
pub fn panic_sentence(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("the engine broke off");
    plain(text)
}

fn plain(text: &str) -> String {
    let says = |words: &str| text.contains(words);
    if says("out of memory") || says("can't allocate memory") || says("not enough memory") {
        return format!(
            "there is not enough memory{}: set smaller batches, a smaller crop or a smaller frame size in the recipe (Settings), \
             then start the stage over",
            if says("CUDA") { " on the card" } else { "" }
        );
    }
    if says("No space left on device") {
        return DISK_FULL.into();
    }
    if says("CUDA error") {
        let first = text.lines().find(|line| line.contains("CUDA error")).unwrap_or(text).trim();
        return format!("the card failed ({first}): let the job go on, it does so from its last checkpoint");
    }
    // libtorch adds its own stack below the first line; the log has it.
    text.lines().next().unwrap_or(text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_failures_say_what_to_do() {
        let allocator =
            "[enforce fail at alloc_cpu.cpp:128] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes";
        assert!(sentence(&anyhow::anyhow!(allocator)).contains("smaller crop"));
        let cuda: Box<dyn Any + Send> =
            Box::new("Torch(\"CUDA out of memory. Tried to allocate 2 GiB\nstack\")".to_owned());
        assert!(panic_sentence(&*cuda).contains("on the card"));
        let full =
            anyhow::Error::from(std::io::Error::from(ErrorKind::StorageFull)).context("cannot write a checkpoint");
        assert_eq!(sentence(&full), "the disk is full: free some space on it and let the job go on");
        let card: Box<dyn Any + Send> =
            Box::new("Torch(\"x\nCUDA error: device-side assert triggered\nstack".to_owned());
        assert_eq!(
            panic_sentence(&*card),
            "the card failed (CUDA error: device-side assert triggered): let the job go on, it does so from its last checkpoint"
        );
        assert_eq!(sentence(&anyhow::anyhow!("inner").context("outer")), "outer: inner");
    }
}
